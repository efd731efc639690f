package kseg;

import java.io.BufferedOutputStream;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.Comparator;
import java.util.HashMap;
import java.util.Map;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/** Clients of the broker at one address. */
record Clients(String bootstrap) {
    static final Comparator<TopicPartition> ORDER =
            Comparator.comparing(TopicPartition::topic).thenComparing(TopicPartition::partition);

    Admin admin() {
        return Admin.create(Map.of("bootstrap.servers", bootstrap));
    }

    KafkaConsumer<byte[], byte[]> consumer(Object... settings) {
        return new KafkaConsumer<>(config(Map.of("fetch.max.wait.ms", 10, "enable.auto.commit", false), settings),
                new ByteArrayDeserializer(), new ByteArrayDeserializer());
    }

    /** Sends when it is flushed. */
    KafkaProducer<byte[], byte[]> producer(Object... settings) {
        return new KafkaProducer<>(config(Map.of("linger.ms", 60_000), settings), new ByteArraySerializer(), new ByteArraySerializer());
    }

    private Map<String, Object> config(Map<String, Object> ours, Object... settings) {
        Map<String, Object> config = new HashMap<>(ours);
        config.put("bootstrap.servers", bootstrap);
        for (int i = 0; i < settings.length; i += 2) config.put((String) settings[i], settings[i + 1]);
        return config;
    }

    /** Of "TOPIC N". */
    static TopicPartition partition(String words) {
        int blank = words.indexOf(' ');
        return new TopicPartition(words.substring(0, blank), Integer.parseInt(words.substring(blank + 1)));
    }

    /** Standard output, written in large pieces; it must be flushed. */
    static PrintStream output() {
        return new PrintStream(new BufferedOutputStream(new FileOutputStream(FileDescriptor.out), 1 << 20), false, StandardCharsets.UTF_8);
    }
}
