package kseg;

import java.io.File;
import java.lang.reflect.Method;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.storage.internals.log.LogCleanerManager;
import org.apache.kafka.storage.internals.log.LogConfig;
import org.apache.kafka.storage.internals.log.LogDirFailureChannel;
import org.apache.kafka.storage.internals.log.LogToClean;
import org.apache.kafka.storage.internals.log.PreCleanStats;
import org.apache.kafka.storage.internals.log.ProducerStateManagerConfig;
import org.apache.kafka.storage.internals.log.UnifiedLog;
import org.apache.kafka.storage.log.metrics.BrokerTopicStats;

/**
 * What Kafka's cleaner manager says of log directories with one partition, {@code t-0}, one a line of standard input: the
 * directory, then NAME=VALUE words (no blanks in any of them): {@code now}, {@code high_watermark}, {@code log_start}, and
 * settings of the topic. The cleaner's checkpoint is in the directory. The answer is one line: {@code FIRST_DIRTY
 * FIRST_UNCLEANABLE CLEAN_BYTES/CLEANABLE_BYTES yes|no CHECKPOINT}, whether it would be cleaned, and what the checkpoint file
 * says then ({@code -}: nothing), or {@code error CLASS MESSAGE}.
 */
public final class Select {
    private static final TopicPartition PARTITION = new TopicPartition("t", 0);

    public static void main(String[] args) throws Exception {
        Answers.give(Select::select);
    }

    private static String select(File directory, Map<String, String> request) throws Exception {
        long now = Answers.take(request, "now");
        StoppedClock clock = new StoppedClock(now);
        long logStart = Answers.take(request, "log_start");
        long highWatermark = Answers.take(request, "high_watermark");
        WaitingTasks tasks = new WaitingTasks();
        // What is left are settings of the topic.
        UnifiedLog log = UnifiedLog.create(new File(directory, "t-0"), new LogConfig(request), logStart, 0L, tasks,
                new BrokerTopicStats(), clock, Integer.MAX_VALUE, new ProducerStateManagerConfig(Integer.MAX_VALUE, false),
                Integer.MAX_VALUE, new LogDirFailureChannel(1), true, Optional.empty());
        try {
            log.updateHighWatermark(highWatermark);
            LogCleanerManager manager = new LogCleanerManager(List.of(directory),
                    new ConcurrentHashMap<>(Map.of(PARTITION, log)), new LogDirFailureChannel(1));
            Optional<Long> checkpoint = Optional.ofNullable(manager.allCleanerCheckpoints().get(PARTITION));
            Object offsets = cleanableOffsets(log, checkpoint, now);
            long firstDirty = field(offsets, "firstDirtyOffset");
            LogToClean work = new LogToClean(log, firstDirty, field(offsets, "firstUncleanableDirtyOffset"), false);
            boolean chosen = manager.grabFilthiestCompactedLog(clock, new PreCleanStats()).isPresent();
            String stored = Files.readString(Path.of(directory.getPath(), "cleaner-offset-checkpoint")).trim();
            String last = stored.contains("t 0 ") ? stored.substring(stored.lastIndexOf(' ') + 1) : "-";
            return firstDirty + " " + work.firstUncleanableOffset() + " " + work.cleanBytes() + "/" + work.cleanableBytes()
                    + (chosen ? " yes " : " no ") + last;
        } finally {
            tasks.runAll();
            log.close();
        }
    }

    // Neither is public.
    private static Object cleanableOffsets(UnifiedLog log, Optional<Long> checkpoint, long now) throws Exception {
        for (Method method : LogCleanerManager.class.getDeclaredMethods()) {
            if (!method.getName().equals("cleanableOffsets")) continue;
            method.setAccessible(true);
            return method.invoke(null, log, checkpoint, now);
        }
        throw new NoSuchMethodException("cleanableOffsets");
    }

    private static long field(Object record, String name) throws Exception {
        Method accessor = record.getClass().getDeclaredMethod(name);
        accessor.setAccessible(true);
        return (long) accessor.invoke(record);
    }
}
