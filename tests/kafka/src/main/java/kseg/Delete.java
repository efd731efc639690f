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
 * Kafka's own deletion of old segments from partition folders, one a line of standard input: the folder, then
 * NAME=VALUE words (no blanks in any of them). Each is loaded as after a clean shutdown and closed again; in
 * between old segments are deleted if there is a {@code high_watermark}. The answer is one line: {@code log START
 * END} or {@code error CLASS MESSAGE}.
 */
public final class Delete {
    public static void main(String[] args) throws Exception {
        Answers.give(Delete::delete);
    }

    private static String delete(File folder, Map<String, String> request) throws Exception {
        StoppedClock clock = new StoppedClock(Answers.take(request, "now"));
        long logStart = Answers.take(request, "log_start");
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
