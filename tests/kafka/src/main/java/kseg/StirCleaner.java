package kseg;

import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.IntStream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.Config;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.ListTopicsOptions;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.config.ConfigResource;

/**
 * Gives a broker's log cleaner something to do in every partition of every compacted topic.
 *
 * <p>{@code StirCleaner BOOTSTRAP write} writes new values and tombstones for keys that are there, and sees to it that
 * they are in segments before the active one. Offsets and transactional ids are written by their coordinators, who alone
 * may. {@code StirCleaner BOOTSTRAP clean} lets the cleaner begin. Both print the compacted topics, one a line.
 */
public final class StirCleaner {
    private static final long SEGMENT_MS = 7L * 24 * 60 * 60 * 1000;
    private static final String OFFSETS = "__consumer_offsets";
    private static final String TRANSACTIONS = "__transaction_state";
    private static final PrintStream OUT = Clients.output();

    private final Clients clients;
    private final Admin admin;

    public static void main(String[] args) throws Exception {
        Clients clients = new Clients(args[0]);
        try (Admin admin = clients.admin()) {
            StirCleaner stirCleaner = new StirCleaner(clients, admin);
            Collection<TopicDescription> topics = stirCleaner.compactedTopics();
            if (args[1].equals("write")) {
                stirCleaner.write(topics);
            } else {
                stirCleaner.clean(topics);
            }
            topics.stream().map(TopicDescription::name).sorted().forEach(topic -> OUT.print(topic + "\n"));
        }
        OUT.flush();
    }

    private StirCleaner(Clients clients, Admin admin) {
        this.clients = clients;
        this.admin = admin;
    }

    private void write(Collection<TopicDescription> topics) throws Exception {
        // No retention, so that what goes, goes by compaction.
        set(topics, Map.of("segment.ms", "1", "min.cleanable.dirty.ratio", "1", "retention.ms", "-1", "retention.bytes", "-1"));
        List<TopicPartition> ordinary = new ArrayList<>();
        for (TopicDescription topic : topics) {
            int count = topic.partitions().size();
            if (topic.name().equals(OFFSETS)) {
                commitOffsets(count);
            } else if (topic.name().equals(TRANSACTIONS)) {
                initTransactions(count);
            } else if (!topic.isInternal()) {
                for (int i = 0; i < count; i++) ordinary.add(new TopicPartition(topic.name(), i));
            }
        }
        overwrite(ordinary);
        set(topics, Map.of("segment.ms", Long.toString(SEGMENT_MS)));
    }

    private void clean(Collection<TopicDescription> topics) throws Exception {
        // A coordinator that loads a partition while it is cleaned may fail.
        for (TopicDescription topic : topics) {
            if (!topic.name().equals(OFFSETS)) continue;
            for (String group : oneOfEach(topic.partitions().size())) admin.listConsumerGroupOffsets(group).all().get();
        }
        set(topics, Map.of("min.cleanable.dirty.ratio", "0", "min.compaction.lag.ms", "0"));
    }

    private Collection<TopicDescription> compactedTopics() throws Exception {
        Set<String> names = admin.listTopics(new ListTopicsOptions().listInternal(true)).names().get();
        Map<ConfigResource, Config> configs = admin.describeConfigs(names.stream().map(StirCleaner::resource).toList()).all().get();
        List<String> compacted = new ArrayList<>();
        configs.forEach((resource, config) -> {
            if (config.get("cleanup.policy").value().contains("compact")) compacted.add(resource.name());
        });
        return admin.describeTopics(compacted).allTopicNames().get().values();
    }

    private static ConfigResource resource(String topic) {
        return new ConfigResource(ConfigResource.Type.TOPIC, topic);
    }

    private void set(Collection<TopicDescription> topics, Map<String, String> settings) throws Exception {
        List<AlterConfigOp> changes = settings.entrySet().stream()
                .map(each -> new AlterConfigOp(new ConfigEntry(each.getKey(), each.getValue()), AlterConfigOp.OpType.SET)).toList();
        Map<ConfigResource, Collection<AlterConfigOp>> all = new HashMap<>();
        for (TopicDescription topic : topics) all.put(resource(topic.name()), changes);
        admin.incrementalAlterConfigs(all).all().get();
    }

    private void overwrite(List<TopicPartition> partitions) throws Exception {
        Map<TopicPartition, List<byte[]>> keys = keys(partitions);
        try (KafkaProducer<byte[], byte[]> producer = clients.producer("batch.size", 1000)) {  // below any segment size
            keys.forEach((partition, known) -> {
                for (int i = 0; i < known.size(); i++) {
                    if (i % 7 == 0) send(producer, partition, known.get(i), null);
                    if (i % 3 == 0 && i % 7 != 0) send(producer, partition, known.get(i), bytes("new value " + i));
                }
            });
            // Segments roll when a batch comes that is a millisecond younger: that of the last is active.
            for (int i = 0; i < 3; i++) {
                for (TopicPartition each : partitions) send(producer, each, bytes("stirred"), bytes("time " + i));
                producer.flush();
                Thread.sleep(5);
            }
        }
    }

    private static void send(KafkaProducer<byte[], byte[]> producer, TopicPartition to, byte[] key, byte[] value) {
        producer.send(new ProducerRecord<>(to.topic(), to.partition(), key, value), (metadata, error) -> {
            if (error == null) return;
            error.printStackTrace();
            Runtime.getRuntime().halt(1);
        });
    }

    /** Of each partition, its keys in order of their first offsets. */
    private Map<TopicPartition, List<byte[]>> keys(List<TopicPartition> partitions) {
        Map<TopicPartition, List<byte[]>> keys = new HashMap<>();
        try (KafkaConsumer<byte[], byte[]> consumer = clients.consumer()) {
            Map<TopicPartition, Long> ends = consumer.endOffsets(partitions);
            consumer.assign(partitions);
            consumer.seekToBeginning(partitions);
            Set<String> seen = new TreeSet<>();
            while (partitions.stream().anyMatch(each -> consumer.position(each) < ends.get(each))) {
                consumer.poll(Duration.ofMillis(100)).forEach(record -> {
                    TopicPartition partition = new TopicPartition(record.topic(), record.partition());
                    if (record.key() != null && seen.add(partition + Arrays.toString(record.key()))) {
                        keys.computeIfAbsent(partition, p -> new ArrayList<>()).add(record.key());
                    }
                });
            }
        }
        return keys;
    }

    private void commitOffsets(int partitionCount) throws Exception {
        TopicPartition any = new TopicPartition(OFFSETS, 0);
        for (int offset = 0; offset < 3; offset++) {
            for (String group : oneOfEach(partitionCount)) {
                admin.alterConsumerGroupOffsets(group, Map.of(any, new OffsetAndMetadata(offset))).all().get();
            }
        }
    }

    private void initTransactions(int partitionCount) throws Exception {
        for (int i = 0; i < 3; i++) {
            for (String id : oneOfEach(partitionCount)) {
                try (var producer = clients.producer("transactional.id", id)) {
                    producer.initTransactions();
                }
            }
        }
    }

    /** For each partition a name that its coordinator keeps there. */
    private static List<String> oneOfEach(int partitionCount) {
        return IntStream.range(0, partitionCount).mapToObj(partition -> IntStream.iterate(0, i -> i + 1).mapToObj(i -> "stirrer-" + i)
                .filter(name -> Math.floorMod(name.hashCode() & 0x7fffffff, partitionCount) == partition).findFirst().orElseThrow()).toList();
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
