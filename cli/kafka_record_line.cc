#include "cli/kafka_record_line.h"

#include "cli/kafka_batch_line.h"
#include "formats/cursor.h"
#include "formats/sequence.h"

namespace kseg {
namespace {

std::int64_t size_of(const std::optional<Bytes>& bytes) {
  return bytes ? static_cast<std::int64_t>(bytes->size()) : -1;
}

std::optional<Defect> check_decodes(const std::optional<Bytes>& bytes, KafkaDecoder decoder) {
  const std::size_t needed = decoder == KafkaDecoder::int32 ? 4 : decoder == KafkaDecoder::int64 ? 8 : 0;
  if (!bytes || bytes->size() >= needed) return std::nullopt;
  return Defect{.code = DefectCode::truncated,
                .position = {},
                .expected = fmt::format("an integer of {} bytes", needed),
                .found = fmt::format("{} bytes", bytes->size())};
}

void append_decoded(KafkaLine& line, Bytes bytes, KafkaDecoder decoder) {
  Cursor in(bytes);
  switch (decoder) {
    case KafkaDecoder::string: line.utf8(bytes); break;
    case KafkaDecoder::int32: line.text("", in.i32()); break;
    case KafkaDecoder::int64: line.text("", in.i64()); break;
  }
}

Defect missing_key() {
  return {.code = DefectCode::bad_record,
          .position = {},
          .expected = "a key, which says what the record is",
          .found = "null"};
}

}  // namespace

void KafkaRecordLine::begin(KafkaLine& line, const RecordView& record, std::int64_t key_size,
                            std::int64_t value_size) const {
  line.text("| offset: ", record.offset)
      .text(" ")
      .text(timestamp_type_name(batch_))
      .text(": ", record.timestamp_ms)
      .text(" keySize: ", key_size)
      .text(" valueSize: ", value_size);
}

void KafkaRecordLine::metadata(KafkaLine& line, const RecordView& record) const {
  const auto offset_delta = static_cast<std::int32_t>(record.offset - batch_.base_offset);
  begin(line, record, size_of(record.key), size_of(record.value));
  line.text(" sequence: ",
            batch_.base_sequence < 0 ? kNoSequence : increment_sequence(batch_.base_sequence, offset_delta))
      .text(" headerKeys: [");
  RecordHeaderReader headers(record);
  RecordHeaderView header;
  for (bool first = true; headers.next(header); first = false) {
    if (!first) line.text(",");
    line.utf8(header.key);
  }
  line.text("]");
}

std::optional<Defect> KafkaRecordLine::metadata(KafkaLine& line, const RecordView& record,
                                                const KafkaMessage& message) const {
  const auto key_size = message.key_size();
  if (!key_size) return key_size.error();
  const auto value_size = message.value_size();
  if (!value_size) return value_size.error();
  begin(line, record, *key_size, *value_size);
  line.text(" isValid: ", message.is_valid()).text(" crc: ", message.crc());
  return std::nullopt;
}

std::optional<Defect> KafkaRecordLine::control(const RecordView& record) const {
  fmt::memory_buffer& line = output_.line();
  line.push_back(' ');
  if (append_kafka_control_text(record, line)) return std::nullopt;
  line.resize(line.size() - 1);
  return Defect{.code = DefectCode::bad_control_record,
                .position = {},
                .expected = "a control record that Kafka can read",
                .found = fmt::format("a key of {} bytes and a value of {}", size_of(record.key),
                                     size_of(record.value))};
}

std::optional<Defect> KafkaRecordLine::contents(KafkaLine& line, const RecordView& record) {
  if (!options_.topic_decoder) return class_contents(line, record);
  if (!kafka_record_text(*options_.topic_decoder, record, text_)) return missing_key();
  const auto text = [](const fmt::memory_buffer& part) { return std::string_view(part.data(), part.size()); };
  std::string_view before = options_.skip_record_metadata ? "| " : " ";
  if (text_.has_key) {
    line.text(before).text("key: ", text(text_.key));
    before = " ";
  }
  if (text_.has_value) line.text(before).text("payload: ", text(text_.value));
  return std::nullopt;
}

std::optional<Defect> KafkaRecordLine::class_contents(KafkaLine& line, const RecordView& record) const {
  if (auto defect = check_decodes(record.key, options_.key_decoder)) return defect;
  if (auto defect = check_decodes(record.value, options_.value_decoder)) return defect;
  std::string_view before = options_.skip_record_metadata ? "| " : " ";
  if (record.key) {
    append_decoded(line.text(before).text("key: "), *record.key, options_.key_decoder);
    before = " ";
  }
  if (record.value)
    append_decoded(line.text(before).text("payload: "), *record.value, options_.value_decoder);
  return std::nullopt;
}

std::optional<Defect> KafkaRecordLine::record(const RecordView& record) {
  KafkaLine line(output_);
  std::optional<Defect> defect;
  if (!options_.skip_record_metadata) {
    metadata(line, record);
    if (batch_.is_control()) defect = control(record);
  }
  if (!defect && options_.print_data_log && !batch_.is_control()) defect = contents(line, record);
  if (defect)
    defect->offset = record.offset;
  else
    line.end();
  return defect;
}

std::optional<Defect> KafkaRecordLine::unreadable(KafkaLine& line, const RecordView& record,
                                                  const KafkaMessage& message) const {
  const auto key = message.key();
  const auto value = message.value();
  const Defect defect = key ? value.error() : key.error();
  if (!options_.topic_decoder) return defect;
  // A topic's decoder goes on, whatever is wrong with what it looks at.
  const std::string_view before = options_.skip_record_metadata ? "| " : " ";
  switch (*options_.topic_decoder) {
    case InternalTopic::consumer_offsets:
    case InternalTopic::transaction_state:
    case InternalTopic::share_group_state:
      if (const auto size = message.key_size(); !size) return size.error();
      if (key && !*key) return missing_key();
      line.text(before).text("key: Error at offset ", record.offset).text(", skipping. ", defect.found);
      break;
    case InternalTopic::cluster_metadata:
      line.text(before).text("payload: Error at ", record.offset).text(", skipping. ", value.error().found);
      break;
    case InternalTopic::remote_log_metadata:
      line.text(before)
          .text("payload: Error at offset ", record.offset)
          .text(", skipping. ", value.error().found);
      break;
  }
  return std::nullopt;
}

std::optional<Defect> KafkaRecordLine::message(RecordView record, const KafkaMessage& message) {
  KafkaLine line(output_);
  const auto show = [&]() -> std::optional<Defect> {
    if (!options_.skip_record_metadata) {
      if (auto defect = metadata(line, record, message)) return defect;
    }
    if (!options_.print_data_log) return std::nullopt;
    const auto key = message.key();
    const auto value = message.value();
    if (!key || !value) return unreadable(line, record, message);
    record.key = *key;
    record.value = *value;
    return contents(line, record);
  };
  auto defect = show();
  if (defect)
    defect->offset = record.offset;
  else
    line.end();
  return defect;
}

}  // namespace kseg
