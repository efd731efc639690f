package kseg;

import java.io.File;
import java.util.Map;
import java.util.Optional;
import org.apache.kafka.storage.internals.log.LogConfig;
import org.apache.kafka.storage.internals.log.LogDirFailureChannel;
import org.apache.kafka.storage.internals.log.ProducerStateManagerConfig;
import org.apache.kafka.storage.internals.log.UnifiedLog;
import org.apache.kafka.storage.log.metrics.BrokerTopicStats;

/**
 * Kafka's own loading of partition folders, one a line of standard input: the folder, then NAME=VALUE words (no
 * blanks in any of them). Each is loaded and closed again, with all that a broker puts off done; the answer is
 * {@code loaded LOG_START LOG_END RECOVERY_POINT} or {@code error CLASS MESSAGE}.
 */
public final class Load {
    public static void main(String[] args) throws Exception {
        Answers.give(Load::load);
    }

    private static String load(File folder, Map<String, String> asked) throws Exception {
        WaitingTasks tasks = new WaitingTasks();
        LogConfig config = new LogConfig(Map.of(
                "segment.index.bytes", asked.get("segment_index_bytes"),
                "index.interval.bytes", asked.get("index_interval_bytes")));
        UnifiedLog log = UnifiedLog.create(folder, config, Answers.take(asked, "log_start"), Answers.take(asked, "recovery_point"), tasks,
                new BrokerTopicStats(), new StoppedClock(Answers.take(asked, "now")), Integer.MAX_VALUE,
                new ProducerStateManagerConfig((int) Answers.take(asked, "producer_expiration_ms"), false), Integer.MAX_VALUE,
                new LogDirFailureChannel(1), Answers.take(asked, "clean") != 0, Optional.empty());
        String loaded = "loaded " + log.logStartOffset() + " " + log.logEndOffset() + " " + log.recoveryPoint();
        tasks.runAll();
        log.close();
        return loaded;
    }
}
