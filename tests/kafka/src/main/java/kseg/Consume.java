package kseg;

import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndTimestamp;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.header.Header;

/**
 * {@code Consume BOOTSTRAP SEED COUNT}: all that the broker serves of all topics, with Kafka's own consumer. A line each,
 * words with a blank between, VIEW is read_uncommitted or read_committed:
 * <pre>
 * partition VIEW TOPIC N START END      from the log start to where this view ends
 * record VIEW TOPIC N OFFSET EPOCH TIMESTAMP CreateTime|LogAppendTime KEY VALUE HEADERS
 * from VIEW TOPIC N ASKED FOUND         the first offset served to who begins at ASKED, or ~; COUNT a partition
 * at VIEW TOPIC N TIMESTAMP FOUND       the first offset of that time or later, or ~; COUNT a partition
 * </pre>
 * Bytes are x and hex digits, ~ for null; HEADERS is KEY=VALUE with commas between, - for none. Fails if a partition
 * cannot be read to its end.
 */
public final class Consume {
    private static final long PATIENCE_MS = 30_000;
    private static final PrintStream OUT = Clients.output();

    private final String view;
    private final Random random;
    private final KafkaConsumer<byte[], byte[]> consumer;
    private final List<TopicPartition> partitions = new ArrayList<>();  // that hold any offset
    private final Map<TopicPartition, Long> starts;
    private final Map<TopicPartition, Long> ends;
    private final Map<TopicPartition, List<Long>> timestamps = new HashMap<>();

    public static void main(String[] args) {
        long seed = Long.parseLong(args[1]);
        int count = Integer.parseInt(args[2]);
        for (String view : List.of("read_uncommitted", "read_committed")) {
            // Small fetches: answers about one offset are many.
            try (var consumer = new Clients(args[0]).consumer("isolation.level", view, "max.partition.fetch.bytes", 64 << 10)) {
                Consume consume = new Consume(view, consumer, seed);
                consume.everything();
                for (int i = 0; i < count; i++) consume.fromSomewhere();
                for (int i = 0; i < count; i++) consume.atSomeTime();
            }
        }
        OUT.flush();
    }

    private Consume(String view, KafkaConsumer<byte[], byte[]> consumer, long seed) {
        this.view = view;
        this.consumer = consumer;
        this.random = new Random(seed ^ view.hashCode());
        Set<String> all = new TreeSet<>();
        consumer.listTopics().forEach((topic, infos) -> infos.forEach(info -> all.add(topic + " " + info.partition())));
        List<TopicPartition> known = all.stream().map(Clients::partition).toList();
        starts = consumer.beginningOffsets(known);
        ends = consumer.endOffsets(known);
        for (TopicPartition each : known) {
            say("partition", each, starts.get(each), ends.get(each));
            if (starts.get(each) < ends.get(each)) partitions.add(each);
        }
        consumer.assign(partitions);
    }

    private void say(String what, TopicPartition partition, Object... words) {
        OUT.print(what + " " + view + " " + partition.topic() + " " + partition.partition());
        for (Object word : words) OUT.print(" " + (word == null ? "~" : word));
        OUT.print('\n');
    }

    private void everything() {
        starts.forEach((partition, start) -> { if (partitions.contains(partition)) consumer.seek(partition, start); });
        Set<TopicPartition> left = new TreeSet<>(Clients.ORDER);
        left.addAll(partitions);
        poll(left, record -> {
            TopicPartition partition = new TopicPartition(record.topic(), record.partition());
            if (record.offset() >= ends.get(partition)) return;
            timestamps.computeIfAbsent(partition, p -> new ArrayList<>()).add(record.timestamp());
            say("record", partition, record.offset(), record.leaderEpoch().orElse(-1), record.timestamp(), record.timestampType().name,
                    text(record.key()), text(record.value()), text(record.headers().toArray()));
        });
    }

    /** Begins at a random offset in all partitions at once. */
    private void fromSomewhere() {
        Map<TopicPartition, Long> asked = new HashMap<>();
        Map<TopicPartition, Long> found = new HashMap<>();
        for (TopicPartition each : partitions) {
            asked.put(each, random.nextLong(starts.get(each), ends.get(each)));
            consumer.seek(each, asked.get(each));
        }
        Set<TopicPartition> left = new TreeSet<>(Clients.ORDER);
        left.addAll(partitions);
        poll(left, record -> {
            TopicPartition partition = new TopicPartition(record.topic(), record.partition());
            if (left.remove(partition) && record.offset() < ends.get(partition)) found.put(partition, record.offset());
        });
        for (TopicPartition each : partitions) say("from", each, asked.get(each), found.get(each));
    }

    /** Until each of `left` was taken out or has been read to its end. */
    private void poll(Set<TopicPartition> left, Consumer<ConsumerRecord<byte[], byte[]>> each) {
        consumer.resume(partitions);
        long deadline = System.currentTimeMillis() + PATIENCE_MS;
        while (!left.isEmpty()) {
            var records = consumer.poll(Duration.ofMillis(100));
            if (!records.isEmpty()) deadline = System.currentTimeMillis() + PATIENCE_MS;
            records.forEach(each);
            left.removeIf(partition -> consumer.position(partition) >= ends.get(partition));
            consumer.pause(partitions.stream().filter(partition -> !left.contains(partition)).toList());
            if (System.currentTimeMillis() > deadline) {
                OUT.flush();
                throw new IllegalStateException(view + ": nothing more comes of " + left.stream()
                        .map(partition -> partition + " at " + consumer.position(partition) + " of " + ends.get(partition))
                        .collect(Collectors.joining(", ")));
            }
        }
    }

    private void atSomeTime() {
        Map<TopicPartition, Long> asked = new HashMap<>();
        timestamps.forEach((partition, known) -> {
            long time = known.get(random.nextInt(known.size())) + random.nextInt(-1, 2);
            if (time >= 0) asked.put(partition, time);
        });
        Map<TopicPartition, OffsetAndTimestamp> found = consumer.offsetsForTimes(asked);
        for (TopicPartition each : partitions) {
            if (asked.containsKey(each)) say("at", each, asked.get(each), found.get(each) == null ? null : found.get(each).offset());
        }
    }

    private static String text(byte[] bytes) {
        return bytes == null ? "~" : "x" + HexFormat.of().formatHex(bytes);
    }

    private static String text(Header[] headers) {
        if (headers.length == 0) return "-";
        return List.of(headers).stream().map(header -> text(header.key().getBytes(StandardCharsets.UTF_8)) + "=" + text(header.value()))
                .collect(Collectors.joining(","));
    }
}
