package kseg;

import java.io.BufferedReader;
import java.io.File;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
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
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line; (line = in.readLine()) != null;) {
            System.out.println(answer(line.split(" ")));
            System.out.flush();
        }
    }

    private static String answer(String[] words) {
        try {
            Map<String, Long> asked = new HashMap<>();
            for (int i = 1; i < words.length; i++) {
                int equals = words[i].indexOf('=');
                asked.put(words[i].substring(0, equals), Long.parseLong(words[i].substring(equals + 1)));
            }
            return load(new File(words[0]), asked);
        } catch (Exception | Error e) {
            return "error " + e.getClass().getSimpleName() + " " + String.valueOf(e.getMessage()).replace('\n', ' ');
        }
    }

    private static String load(File folder, Map<String, Long> asked) throws Exception {
        WaitingTasks tasks = new WaitingTasks();
        LogConfig config = new LogConfig(Map.of(
                "segment.index.bytes", asked.get("segment_index_bytes").toString(),
                "index.interval.bytes", asked.get("index_interval_bytes").toString()));
        UnifiedLog log = UnifiedLog.create(folder, config, asked.get("log_start"), asked.get("recovery_point"), tasks,
                new BrokerTopicStats(), new StoppedClock(asked.get("now")), Integer.MAX_VALUE,
                new ProducerStateManagerConfig(asked.get("producer_expiration_ms").intValue(), false), Integer.MAX_VALUE,
                new LogDirFailureChannel(1), asked.get("clean") != 0, Optional.empty());
        String loaded = "loaded " + log.logStartOffset() + " " + log.logEndOffset() + " " + log.recoveryPoint();
        tasks.runAll();
        log.close();
        return loaded;
    }
}
