#include "cli/kafka_record_line.h"

#include "cli/kafka_batch_line.h"
#include "formats/control_record.h"
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

}  // namespace

void KafkaRecordLine::metadata(KafkaLine& line, const RecordView& record) const {
  const auto offset_delta = static_cast<std::int32_t>(record.offset - batch_.base_offset);
  line.text("| offset: ", record.offset)
      .text(" ")
      .text(kafka_name(batch_.timestamp_type()))
      .text(": ", record.timestamp_ms)
      .text(" keySize: ", size_of(record.key))
      .text(" valueSize: ", size_of(record.value))
      .text(" sequence: ",
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

std::optional<Defect> KafkaRecordLine::control(KafkaLine& line, const RecordView& record) const {
  const auto type = decode_control_type(record);
  if (!type) return type.error();
  switch (*type) {
    case ControlType::abort:
    case ControlType::commit: {
      const auto marker = decode_end_transaction_marker(record);
      if (!marker) return marker.error();
      line.text(" endTxnMarker: ", name(*type)).text(" coordinatorEpoch: ", marker->coordinator_epoch);
      return std::nullopt;
    }
    case ControlType::leader_change:
    case ControlType::snapshot_header:
    case ControlType::snapshot_footer:
    case ControlType::kraft_version:
    case ControlType::kraft_voters: break;
  }
  line.text(" controlType: UNKNOWN(", static_cast<std::int16_t>(*type)).text(")");
  return std::nullopt;
}

std::optional<Defect> KafkaRecordLine::contents(KafkaLine& line, const RecordView& record) const {
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
    if (batch_.is_control()) defect = control(line, record);
  }
  if (!defect && options_.print_data_log && !batch_.is_control()) defect = contents(line, record);
  if (defect)
    defect->offset = record.offset;
  else
    line.end();
  return defect;
}

}  // namespace kseg
