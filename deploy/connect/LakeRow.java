package looks.connect;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.common.config.ConfigDef;
import org.apache.kafka.common.config.ConfigDef.Importance;
import org.apache.kafka.common.config.ConfigDef.Type;
import org.apache.kafka.common.config.AbstractConfig;
import org.apache.kafka.connect.errors.DataException;
import org.apache.kafka.connect.header.Header;
import org.apache.kafka.connect.json.JsonConverter;
import org.apache.kafka.connect.sink.SinkRecord;
import org.apache.kafka.connect.transforms.Transformation;

/**
 * A record as a row of its topic's table: the fields of its event, where it stands, and what its
 * headers say. Free JSON becomes text. None of Connect's own transforms reads a header of a record
 * without a schema.
 *
 * <p>Takes values of JsonConverter without schemas and headers of StringConverter. Raises
 * DataException for what is no event at all: the sink stops there.
 */
public final class LakeRow implements Transformation<SinkRecord> {
  private static final String PREFIX = "topic.prefix";
  private static final String FREE = "free.json";
  private static final ConfigDef CONFIG =
      new ConfigDef()
          .define(PREFIX, Type.STRING, "", Importance.MEDIUM, "what names of topics begin with here")
          .define(FREE, Type.LIST, "", Importance.HIGH, "paths of free JSON; * is every element");

  private final JsonConverter json = new JsonConverter();
  private final List<String[]> free = new ArrayList<>();
  private String prefix = "";

  @Override
  public void configure(Map<String, ?> told) {
    AbstractConfig config = new AbstractConfig(CONFIG, told);
    prefix = config.getString(PREFIX);
    free.clear();
    config.getList(FREE).forEach(path -> free.add(path.split("\\.")));
    json.configure(Map.of("schemas.enable", "false"), false);
  }

  @Override
  public SinkRecord apply(SinkRecord record) {
    if (!(record.value() instanceof Map)) {
      throw new DataException("no event: " + place(record));
    }
    Object body = record.value();
    for (String[] path : free) {
      body = told(body, path, 0);
    }
    Map<Object, Object> row = new LinkedHashMap<>((Map<?, ?>) body);
    String topic = record.topic();
    row.put("topic", topic.startsWith(prefix) ? topic.substring(prefix.length()) : topic);
    row.put("partition", record.kafkaPartition());
    row.put("offset", record.kafkaOffset());
    row.put("timestamp", record.timestamp());
    row.put("ce_id", header(record, "ce_id"));
    row.put("ce_type", header(record, "ce_type"));
    row.put("ce_time", header(record, "ce_time"));
    String sequence = header(record, "ce_sequence");
    row.put("sequence", sequence == null ? "0" : sequence);
    row.put("traceparent", header(record, "traceparent"));
    return record.newRecord(
        topic,
        record.kafkaPartition(),
        record.keySchema(),
        record.key(),
        null,
        row,
        record.timestamp(),
        record.headers());
  }

  /** The value with what lies at the path, from step `at` on, as JSON text. */
  private Object told(Object value, String[] path, int at) {
    if (at == path.length) {
      return value == null
          ? "null"
          : new String(json.fromConnectData("", null, value), StandardCharsets.UTF_8);
    }
    if (value instanceof Map) {
      Map<Object, Object> changed = new LinkedHashMap<>((Map<?, ?>) value);
      changed.replaceAll(
          (name, one) -> path[at].equals("*") || path[at].equals(name) ? told(one, path, at + 1) : one);
      return changed;
    }
    if (value instanceof List && path[at].equals("*")) {
      List<Object> changed = new ArrayList<>((List<?>) value);
      changed.replaceAll(one -> told(one, path, at + 1));
      return changed;
    }
    return value;
  }

  private static String header(SinkRecord record, String name) {
    Header found = record.headers().lastWithName(name);
    return found == null || found.value() == null ? null : found.value().toString();
  }

  private static String place(SinkRecord record) {
    return record.topic() + "[" + record.kafkaPartition() + "] " + record.kafkaOffset();
  }

  @Override
  public ConfigDef config() {
    return CONFIG;
  }

  @Override
  public void close() {}
}
