// Reads look.completed with Kafka's own client; writes one file per event, named by its id, so a repeat changes nothing.
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.StringDeserializer;

public class Subscriber {
    public static void main(String[] args) throws IOException {
        Map<String, Object> settings = Map.of(
            "bootstrap.servers", System.getenv("LOOKS_KAFKA_BOOTSTRAP"),
            "group.id", System.getenv("GROUP"),
            "isolation.level", "read_committed",
            "auto.offset.reset", "earliest",
            "enable.auto.commit", "false");
        Path inbox = Files.createDirectories(Path.of(System.getenv("INBOX")));
        String topic = System.getenv().getOrDefault("TOPIC", "look.completed");
        try (var consumer = new KafkaConsumer<>(settings, new StringDeserializer(), new ByteArrayDeserializer())) {
            consumer.subscribe(List.of(topic));
            while (true) {
                var records = consumer.poll(Duration.ofSeconds(1));
                for (var record : records) {
                    take(inbox, record);
                }
                if (!records.isEmpty()) {
                    consumer.commitSync(); // after the effects, never before
                }
            }
        }
    }

    static void take(Path inbox, ConsumerRecord<String, byte[]> record) throws IOException {
        if (!"look.completed.v1".equals(header(record, "ce_type"))) {
            return; // a version that this program does not know
        }
        Path done = inbox.resolve(header(record, "ce_id") + ".json");
        if (Files.exists(done)) {
            return;
        }
        Path half = inbox.resolve("half-written");
        Files.write(half, record.value());
        Files.move(half, done, StandardCopyOption.ATOMIC_MOVE);
    }

    static String header(ConsumerRecord<String, byte[]> record, String name) {
        Header found = record.headers().lastHeader(name);
        return found == null ? "" : new String(found.value(), StandardCharsets.UTF_8);
    }
}
