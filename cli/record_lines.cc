#include "cli/record_lines.h"

#include <iterator>

#include "cli/decoded_record.h"
#include "cli/json_bytes.h"
#include "cli/line_text.h"
#include "cli/text_bytes.h"
#include "formats/base64.h"
#include "formats/control_record.h"

namespace kseg {
namespace {

char* put_hex(char* to, std::uint32_t number) {
  static constexpr char kDigits[] = "0123456789abcdef";
  for (int shift = 28; shift >= 0; shift -= 4) *to++ = kDigits[number >> shift & 0xf];
  return to;
}

void append_headers_json(fmt::memory_buffer& out, const RecordView& record) {
  out.push_back('[');
  RecordHeaderReader headers(record);
  RecordHeaderView header;
  for (bool first = true; headers.next(header); first = false) {
    if (!first) out.push_back(',');
    append(out, R"({"key":)");
    append_json(out, header.key);
    append(out, R"(,"value":)");
    append_json(out, header.value);
    out.push_back('}');
  }
  out.push_back(']');
}

}  // namespace

std::optional<ValueForm> parse_value_form(std::string_view text) {
  if (text == "none") return ValueForm::none;
  if (text == "hex") return ValueForm::hex;
  if (text == "base64") return ValueForm::base64;
  if (text == "utf8") return ValueForm::utf8;
  return std::nullopt;
}

void RecordLines::begin_file(const Path& file) {
  file_ = file;
  if (output_.json()) return;
  append(output_.line(), file_.native());
  output_.end_line();
}

void RecordLines::begin_partition(const std::optional<TopicPartition>& partition) {
  partition_ = partition ? std::optional(to_string(*partition)) : std::nullopt;
  if (!output_.json()) return;
  fmt::memory_buffer start;
  start.append(std::string_view(R"({"type":"record")"));
  if (partition_) {
    start.append(std::string_view(R"(,"partition":)"));
    append_json(start, as_bytes(*partition_));
  }
  start.append(std::string_view(R"(,"offset":)"));
  record_start_ = fmt::to_string(start);
}

void RecordLines::batch(const RecordBatchHeader& header, Position position, std::optional<bool> valid) {
  begin_batch(header);
  if (output_.json())
    batch_json(header, position, valid);
  else
    batch_text(header, position, valid);
}

void RecordLines::batch_json(const RecordBatchHeader& header, Position position, std::optional<bool> valid) {
  Row row = output_.row("batch");
  if (partition_) row.field("partition", *partition_);
  row.field("file", file_.native())
      .field("position", position)
      .field("size", header.size_bytes())
      .field("base_offset", header.base_offset)
      .field("last_offset", header.last_offset())
      .field("count", header.record_count)
      .field("leader_epoch", header.partition_leader_epoch)
      .field("magic", header.magic)
      .field("crc", header.crc)
      .field("valid", valid)
      .field("attributes", header.attributes)
      .field("codec", header.codec_known() ? name(header.codec()) : "unknown")
      .field("timestamp_type", timestamp_type_name(header))
      .field("transactional", header.is_transactional())
      .field("control", header.is_control())
      .field("base_timestamp", header.base_timestamp)
      .field("max_timestamp", header.max_timestamp)
      .field("delete_horizon_ms", header.delete_horizon_ms())
      .field("producer_id", header.producer_id)
      .field("producer_epoch", header.producer_epoch)
      .field("base_sequence", header.base_sequence)
      .field("last_sequence", header.last_sequence())
      .end();
}

void RecordLines::begin_batch(const RecordBatchHeader& header) {
  batch_ = header;
  if (!output_.json()) return;
  before_key_ = fmt::format(R"(,"timestamp_type":"{}","key":)", timestamp_type_name(header));
  before_sequence_ = fmt::format(R"(,"producer_id":{},"producer_epoch":{},"sequence":)", header.producer_id,
                                 header.producer_epoch);
  before_control_ = fmt::format(R"(,"leader_epoch":{},"transactional":{},"control":)",
                                header.partition_leader_epoch, header.is_transactional());
}

void RecordLines::batch_text(const RecordBatchHeader& header, Position position, std::optional<bool> valid) {
  fmt::memory_buffer& line = output_.line();
  char* to = room(line, 512);
  to = put(to, "batch ");
  char* const range = to;
  to = put(put_number(to, header.base_offset.value), "..");
  to = put(pad(range, put_number(to, header.last_offset().value), 20), " count ");
  to = put(pad(to, put_number(to, header.record_count), 5), " position ");
  to = put(pad(to, put_number(to, position.value), 10), " size ");
  to = put(pad(to, put_number(to, header.size_bytes()), 8), " ");
  to = put(pad(to, put(to, header.codec_known() ? name(header.codec()) : "unknown"), 6), " ");
  to = put(put(to, timestamp_type_name(header)), " ");
  to = put(time_.put(to, header.max_timestamp), "  ");
  if (header.is_legacy()) {
    to = put_number(put(to, "magic "), header.magic);
  } else {
    to = put_number(put(to, "leader epoch "), header.partition_leader_epoch);
  }
  if (header.producer_id != kNoProducerId) {
    to = put_number(put(to, "  producer "), header.producer_id);
    to = put_number(put(to, " epoch "), header.producer_epoch);
  }
  if (header.base_sequence != kNoSequence) {
    to = put_number(put(to, "  sequence "), header.base_sequence);
    to = put_number(put(to, ".."), header.last_sequence());
  }
  if (header.is_transactional()) to = put(to, "  transactional");
  if (header.is_control()) to = put(to, "  control");
  if (const auto horizon = header.delete_horizon_ms()) {
    to = time_.put(put(to, "  delete horizon "), *horizon);
  }
  to = put_hex(put(to, "  crc "), header.crc);
  if (valid) to = *valid ? put(to, " ok") : put(to, " WRONG");
  end_at(line, to);
  output_.end_line();
}

std::optional<Defect> RecordLines::record(const RecordView& record) {
  auto defect = append_record(record);
  output_.end_line();
  return defect;
}

std::optional<Defect> RecordLines::append_record(const RecordView& record) {
  std::optional<Defect> defect;
  if (batch_.is_control())
    defect = read_control(record);
  else if (topic_)
    decode_internal_record(*topic_, record, MessageForm::whole, decoded_);
  if (output_.json())
    record_json(record);
  else
    record_text(record);
  return defect;
}

std::optional<Defect> RecordLines::read_control(const RecordView& record) {
  const auto type = decode_control_type(record);
  control_text_ = type ? kseg::name(*type) : "UNKNOWN";
  control_json_ = fmt::format(R"({{"type":"{}"}})", control_text_);
  if (!type) return type.error();
  const auto add = [&](std::string_view text, std::string_view member) {
    control_text_ += text;
    control_json_.replace(control_json_.size() - 1, 1, member);
    control_json_ += '}';
  };
  if (*type == ControlType::abort || *type == ControlType::commit) {
    const auto marker = decode_end_transaction_marker(record);
    if (!marker) return marker.error();
    add(fmt::format("  coordinator epoch {}", marker->coordinator_epoch),
        fmt::format(R"(,"coordinator_epoch":{})", marker->coordinator_epoch));
    return std::nullopt;
  }
  fmt::memory_buffer data;
  const auto message = append_control_json(*type, record.value, MessageForm::whole, data);
  if (!message) {
    const std::string wrong = in_words(message.error());
    fmt::memory_buffer quoted;
    append_json(quoted, as_bytes(wrong));
    add(fmt::format("  ({})", wrong), fmt::format(R"(,"error":{})", fmt::to_string(quoted)));
  } else if (*message) {
    fmt::memory_buffer shown;
    append_json_text(shown, {data.data(), data.size()});
    add("  " + fmt::to_string(shown), R"(,"data":)" + fmt::to_string(data));
  }
  return std::nullopt;
}

std::int32_t RecordLines::sequence_of(const RecordView& record) const {
  if (batch_.base_sequence < 0) return kNoSequence;
  const auto records_before = static_cast<std::uint32_t>(record.offset - batch_.base_offset);
  return static_cast<std::int32_t>((static_cast<std::uint32_t>(batch_.base_sequence) + records_before) &
                                   0x7fffffffU);
}

void RecordLines::append_value_json(const std::optional<Bytes>& value) {
  fmt::memory_buffer& line = output_.line();
  const bool sized = values_ == ValueForm::none;
  append(line, sized ? R"(,"value_bytes":)" : R"(,"value":)");
  if (!value) {
    append(line, "null");
    return;
  }
  switch (values_) {
    case ValueForm::automatic: return append_json(line, *value);
    case ValueForm::none: return append_number(line, value->size());
    case ValueForm::hex:
      append(line, R"({"hex":")");
      append_hex(line, *value);
      return append(line, "\"}");
    case ValueForm::base64:
      append(line, R"({"base64":")");
      append_base64(line, *value);
      return append(line, "\"}");
    case ValueForm::utf8:
      scratch_.clear();
      append_as_utf8(*value, scratch_);
      return append_json(line, Bytes(scratch_));
  }
}

void RecordLines::append_value_text(const std::optional<Bytes>& value) {
  fmt::memory_buffer& line = output_.line();
  if (!value) return append_text(line, value);
  switch (values_) {
    case ValueForm::automatic: return append_text(line, value);
    case ValueForm::none:
      append_number(line, value->size());
      return append(line, value->size() == 1 ? " byte" : " bytes");
    case ValueForm::hex: append(line, "0x"); return append_hex(line, *value);
    case ValueForm::base64: return append_base64(line, *value);
    case ValueForm::utf8: return append_as_text(line, *value);
  }
}

void RecordLines::record_json(const RecordView& record) {
  fmt::memory_buffer& line = output_.line();
  char* to = room(line, record_start_.size() + before_key_.size() + 2 * kNumberBytes + 32);
  to = put(to, record_start_);
  to = put_number(to, record.offset.value);
  to = put(to, R"(,"timestamp":)");
  to = put_number(to, record.timestamp_ms);
  end_at(line, put(to, before_key_));
  append_json(line, record.key);
  append_value_json(record.value);
  append(line, record.header_count == 0 ? R"(,"headers":[])" : R"(,"headers":)");
  if (record.header_count > 0) append_headers_json(line, record);
  const std::string_view control = batch_.is_control() ? std::string_view(control_json_) : "null";
  to = room(line, before_sequence_.size() + kNumberBytes + before_control_.size() + control.size());
  to = put(put_number(put(to, before_sequence_), sequence_of(record)), before_control_);
  end_at(line, put(to, control));
  if (topic_ && !batch_.is_control()) {
    append(line, R"(,"decoded":)");
    append_decoded_json(line, record, decoded_);
  }
  line.push_back('}');
}

void RecordLines::record_text(const RecordView& record) {
  fmt::memory_buffer& line = output_.line();
  char* to = room(line, 64);
  to = put(to, "  ");
  to = put_number_right(to, record.offset.value);
  to = put(to, "  ");
  to = time_.put(to, record.timestamp_ms);
  end_at(line, put(to, "  "));
  if (batch_.is_control()) {
    append(line, control_text_);
    return;
  }
  if (topic_) {
    append_decoded_text(line, record, decoded_);
  } else {
    append_text(line, record.key);
    append(line, ": ");
    append_value_text(record.value);
  }
  RecordHeaderReader headers(record);
  for (RecordHeaderView header; headers.next(header);) {
    append(line, "  ");
    append_text(line, header.key);
    line.push_back('=');
    append_text(line, header.value);
  }
}

}  // namespace kseg
