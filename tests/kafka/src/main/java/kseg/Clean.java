package kseg;

import java.io.File;
import java.util.Map;
import java.util.Optional;
import org.apache.kafka.storage.internals.log.Cleaner;
import org.apache.kafka.storage.internals.log.LogConfig;
import org.apache.kafka.storage.internals.log.LogDirFailureChannel;
import org.apache.kafka.storage.internals.log.LogToClean;
import org.apache.kafka.storage.internals.log.ProducerStateManagerConfig;
import org.apache.kafka.storage.internals.log.SkimpyOffsetMap;
import org.apache.kafka.storage.internals.log.UnifiedLog;
import org.apache.kafka.storage.internals.utils.Throttler;
import org.apache.kafka.common.utils.Time;
import org.apache.kafka.storage.log.metrics.BrokerTopicStats;

/**
 * Kafka's own cleaner on partition folders, one round a line of standard input: the folder, then NAME=VALUE
 * words (no blanks in any of them). It answers each with one line: {@code end OFFSET}, {@code nothing} if
 * nothing was dirty, or {@code error CLASS MESSAGE}. The folder is as after a clean shutdown, before and after.
 */
public final class Clean {
    private static final int MAP_BYTES = 24 << 16;  // more keys than any round has
    private static final int IO_BUFFER_BYTES = 256 << 10;
    private static final int MAX_MESSAGE_BYTES = 1048588;

    public static void main(String[] args) throws Exception {
        Answers.give(Clean::clean);
    }

    private static String clean(File folder, Map<String, String> round) throws Exception {
        StoppedClock clock = new StoppedClock(Answers.take(round, "now"));
        WaitingTasks tasks = new WaitingTasks();
        // As a broker loads it that was shut down cleanly: recovery point beyond everything, snapshots used.
        UnifiedLog log = UnifiedLog.create(folder, config(round), Answers.take(round, "log_start"), 0L, tasks, new BrokerTopicStats(),
                clock, Integer.MAX_VALUE, new ProducerStateManagerConfig(Integer.MAX_VALUE, false), Integer.MAX_VALUE,
                new LogDirFailureChannel(1), true, Optional.empty());
        try {
            log.updateHighWatermark(log.logEndOffset());
            LogToClean work = new LogToClean(log, Answers.take(round, "first_dirty"), Answers.take(round, "first_uncleanable"), false);
            if (work.cleanableBytes() == 0) return "nothing";
            Throttler unthrottled = new Throttler(Double.MAX_VALUE, 300, "cleaner-io", "bytes", Time.SYSTEM);
            Cleaner cleaner = new Cleaner(0, new SkimpyOffsetMap(MAP_BYTES), IO_BUFFER_BYTES, MAX_MESSAGE_BYTES, 0.9,
                    unthrottled, clock, partition -> { });
            return "end " + cleaner.clean(work).getKey();
        } finally {
            tasks.runAll();
            log.close();
        }
    }

    private static LogConfig config(Map<String, String> round) {
        return new LogConfig(Map.of(
                "cleanup.policy", "compact",
                "delete.retention.ms", round.get("delete_retention_ms"),
                "internal.segment.bytes", round.get("segment_bytes"),
                "segment.index.bytes", round.get("segment_index_bytes"),
                "index.interval.bytes", round.get("index_interval_bytes"),
                "max.message.bytes", Integer.toString(MAX_MESSAGE_BYTES)));
    }
}
