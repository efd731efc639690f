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
 * Kafka's own deletion of old segments from partition folders, one a line of standard input: the folder, then
 * NAME=VALUE words (no blanks in any of them). Each is loaded as after a clean shutdown and closed again; in
 * between old segments are deleted if there is a {@code high_watermark}. The answer is one line: {@code log START
 * END} or {@code error CLASS MESSAGE}.
 */
public final class Delete {
    public static void main(String[] args) throws Exception {
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line; (line = in.readLine()) != null;) {
            System.out.println(answer(line.split(" ")));
            System.out.flush();
        }
    }

    private static String answer(String[] words) {
        try {
            Map<String, String> request = new HashMap<>();
            for (int i = 1; i < words.length; i++) {
                int equals = words[i].indexOf('=');
                request.put(words[i].substring(0, equals), words[i].substring(equals + 1));
            }
            return delete(new File(words[0]), request);
        } catch (Exception | Error e) {
            return "error " + e.getClass().getSimpleName() + " " + String.valueOf(e.getMessage()).replace('\n', ' ');
        }
    }

    private static String delete(File folder, Map<String, String> request) throws Exception {
        StoppedClock clock = new StoppedClock(Long.parseLong(request.remove("now")));
        long logStart = Long.parseLong(request.remove("log_start"));
        String highWatermark = request.remove("high_watermark");
        WaitingTasks tasks = new WaitingTasks();
        // What is left are settings of the topic.
        UnifiedLog log = UnifiedLog.create(folder, new LogConfig(request), logStart, 0L, tasks, new BrokerTopicStats(),
                clock, Integer.MAX_VALUE, new ProducerStateManagerConfig(Integer.MAX_VALUE, false), Integer.MAX_VALUE,
                new LogDirFailureChannel(1), true, Optional.empty());
        try {
            if (highWatermark != null) {
                log.updateHighWatermark(Long.parseLong(highWatermark));
                log.deleteOldSegments();
            }
            log.flush(true);  // as a broker does that stops: it makes the index files of a new segment
            return "log " + log.logStartOffset() + " " + log.logEndOffset();
        } finally {
            tasks.runAll();
            log.close();
        }
    }
}
