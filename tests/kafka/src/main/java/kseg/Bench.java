package kseg;

import java.io.File;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.apache.kafka.common.utils.Time;
import org.apache.kafka.storage.internals.log.Cleaner;
import org.apache.kafka.storage.internals.log.CleanerConfig;
import org.apache.kafka.storage.internals.log.LogConfig;
import org.apache.kafka.storage.internals.log.LogDirFailureChannel;
import org.apache.kafka.storage.internals.log.LogToClean;
import org.apache.kafka.storage.internals.log.ProducerStateManagerConfig;
import org.apache.kafka.storage.internals.log.SkimpyOffsetMap;
import org.apache.kafka.storage.internals.log.UnifiedLog;
import org.apache.kafka.storage.internals.utils.Throttler;
import org.apache.kafka.storage.log.metrics.BrokerTopicStats;

/**
 * How long Kafka's own cleaner takes for partition folders, one a line of standard input: the folder, then {@code
 * first_dirty=} and {@code segment_bytes=}. All closed segments are cleaned, in as many rounds as the key map needs. The
 * answer is {@code cleaned SECONDS ROUNDS}: the time inside {@link Cleaner#doClean} alone, syncing what it wrote
 * included; neither loading the log nor deleting the old files. Or {@code error CLASS MESSAGE}.
 *
 * <p>One cleaner, with the settings that a broker has by default, serves all lines, as one thread of a broker would.
 */
public final class Bench {
    private static final int MAX_MESSAGE_BYTES = 1048588;
    private static final int PRODUCER_CHECK_MS = 600_000;
    private static final int PRODUCER_EXPIRATION_MS = 86_400_000;

    private final Cleaner cleaner;

    private Bench() throws Exception {
        cleaner = new Cleaner(0, new SkimpyOffsetMap((int) CleanerConfig.LOG_CLEANER_DEDUPE_BUFFER_SIZE),
                CleanerConfig.LOG_CLEANER_IO_BUFFER_SIZE / 2, MAX_MESSAGE_BYTES, CleanerConfig.LOG_CLEANER_DEDUPE_BUFFER_LOAD_FACTOR,
                new Throttler(Double.MAX_VALUE, 300, "cleaner-io", "bytes", Time.SYSTEM), Time.SYSTEM, partition -> { });
    }

    public static void main(String[] args) throws Exception {
        Answers.give(new Bench()::clean);
    }

    private String clean(File folder, Map<String, String> asked) throws Exception {
        LogConfig config = new LogConfig(Map.of(
                "cleanup.policy", "compact",
                "internal.segment.bytes", asked.get("segment_bytes")));
        WaitingTasks tasks = new WaitingTasks();
        UnifiedLog log = UnifiedLog.create(folder, config, 0L, 0L, tasks, new BrokerTopicStats(), Time.SYSTEM,
                PRODUCER_EXPIRATION_MS, new ProducerStateManagerConfig(PRODUCER_EXPIRATION_MS, false), PRODUCER_CHECK_MS,
                new LogDirFailureChannel(1), true, Optional.empty());
        try {
            log.updateHighWatermark(log.logEndOffset());
            return clean(log, Answers.take(asked, "first_dirty"));
        } finally {
            tasks.runAll();
            log.close();
        }
    }

    private String clean(UnifiedLog log, long firstDirty) throws Exception {
        long end = log.activeSegment().baseOffset();
        long nanos = 0;
        int rounds = 0;
        while (firstDirty < end) {
            LogToClean work = new LogToClean(log, firstDirty, end, false);
            long start = System.nanoTime();
            long next = cleaner.doClean(work, System.currentTimeMillis()).getKey();
            nanos += System.nanoTime() - start;
            rounds++;
            if (next <= firstDirty) throw new IllegalStateException("no progress at offset " + firstDirty);
            firstDirty = next;
        }
        return String.format(Locale.ROOT, "cleaned %.6f %d", nanos / 1e9, rounds);
    }
}
