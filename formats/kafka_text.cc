#include "formats/kafka_text.h"

#include <iterator>

#include "formats/remote_log_text.h"

namespace kseg {
namespace {

using State = DecodedMessage::State;

// Of Java itself, where a record of remote log metadata has no value.
constexpr std::string_view kNoValue =
    "Cannot invoke \"java.nio.ByteBuffer.remaining()\" because the return value of "
    "\"org.apache.kafka.common.record.internal.Record.value()\" is null";

void append(fmt::memory_buffer& out, std::string_view text) {
  out.append(text.data(), text.data() + text.size());
}

// "FeatureLevelRecord" is FEATURE_LEVEL_RECORD.
void append_constant_name(std::string_view name, fmt::memory_buffer& out) {
  for (std::size_t i = 0; i < name.size(); ++i) {
    const bool upper = name[i] >= 'A' && name[i] <= 'Z';
    if (upper && i > 0) out.push_back('_');
    out.push_back(upper ? name[i] : static_cast<char>(name[i] - 'a' + 'A'));
  }
}

void append_data(std::string_view what, std::int32_t number, const DecodedMessage& message,
                 fmt::memory_buffer& out) {
  fmt::format_to(std::back_inserter(out), R"({{"{}":"{}","data":)", what, number);
  append(out, {message.data.data(), message.data.size()});
  out.push_back('}');
}

// What Kafka says of a key or a value that it cannot read; nothing of one that it can, and of null.
std::optional<std::string> coordinator_error(const DecodedRecord& record, bool of_key) {
  const DecodedMessage& message = of_key ? record.key : record.value;
  const std::string_view part = of_key ? "key" : "value";
  switch (message.state) {
    case State::null:
    case State::decoded: return std::nullopt;
    case State::too_short: return fmt::format("Could not read version from {}'s buffer.", part);
    case State::unknown_version:
      return fmt::format("Found an unknown record version {} for {} type", *message.version,
                         *record.key.type);
    case State::bad_frame:
    case State::unknown_type:
    case State::broken: break;
  }
  return fmt::format("Could not read record with version {} from {}'s buffer due to: {}.",
                     of_key ? *message.type : *message.version, part, message.wrong);
}

// An error takes the place of the key, also if it is the value's.
void coordinator_record(const DecodedRecord& record, Offset offset, KafkaRecordText& text) {
  const auto to = std::back_inserter(text.key);
  text.has_key = true;
  text.has_value = false;
  if (record.key.state == State::unknown_type) {
    fmt::format_to(to, "Unknown record type {} at offset {}, skipping.", *record.key.type, offset);
    return;
  }
  auto error = coordinator_error(record, true);
  if (!error) error = coordinator_error(record, false);
  if (error) {
    fmt::format_to(to, "Error at offset {}, skipping. {}", offset, *error);
    return;
  }
  text.has_value = true;
  append_data("type", *record.key.type, record.key, text.key);
  if (record.value.state == State::null) return append(text.value, "<DELETE>");
  append_data("version", *record.value.version, record.value, text.value);
}

// What Kafka says of a value that is no record of metadata; nothing of one that is.
std::optional<std::string> metadata_error(const DecodedMessage& value) {
  switch (value.state) {
    case State::null: return "Error while reading frame version";
    case State::too_short:
    case State::bad_frame: return value.wrong;
    case State::unknown_type:
      return fmt::format("org.apache.kafka.common.errors.UnsupportedVersionException: Unknown metadata id {}",
                         *value.type);
    case State::broken:
    case State::unknown_version: return fmt::format("Failed to deserialize record with type {}", *value.type);
    case State::decoded: break;
  }
  if (value.trailing.empty()) return std::nullopt;
  return fmt::format("Found {} byte(s) of garbage after {}", value.trailing.size(), *value.type);
}

void cluster_metadata(const DecodedMessage& value, Offset offset, fmt::memory_buffer& out) {
  if (const auto error = metadata_error(value)) {
    fmt::format_to(std::back_inserter(out), "Error at {}, skipping. {}", offset, *error);
    return;
  }
  append(out, R"({"type":")");
  append_constant_name(value.name, out);
  fmt::format_to(std::back_inserter(out), R"(","version":{},"data":)", *value.version);
  append(out, {value.data.data(), value.data.size()});
  out.push_back('}');
}

void remote_log_metadata(const DecodedMessage& value, const RecordView& record, fmt::memory_buffer& out) {
  auto error = value.state == State::null ? std::optional<std::string>(kNoValue) : metadata_error(value);
  if (!error) error = append_remote_log_text(*record.value, out);
  if (error)
    fmt::format_to(std::back_inserter(out), "Error at offset {}, skipping. {}", record.offset, *error);
}

std::string_view heading(ControlType type) {
  switch (type) {
    case ControlType::leader_change: return "LeaderChange: ";
    case ControlType::snapshot_header: return "SnapshotHeader ";
    case ControlType::snapshot_footer: return "SnapshotFooter ";
    case ControlType::kraft_version: return "KRaftVersion ";
    case ControlType::kraft_voters: return "KRaftVoters ";
    case ControlType::abort:
    case ControlType::commit: break;
  }
  return "";
}

// A leader change is read in version 0 but written in the one that its first field says, where each voter has
// a directory id too: none. Its JSON holds no strings, so that each brace but the last closes a voter.
void add_directory_ids(Bytes message, std::size_t begin, fmt::memory_buffer& out) {
  if (Cursor(message).i16() < 1) return;
  const std::string json(out.data() + begin, out.size() - begin);
  out.resize(begin);
  for (std::size_t i = 0; i < json.size(); ++i) {
    if (json[i] == '}' && i + 1 < json.size()) append(out, R"(,"voterDirectoryId":"AAAAAAAAAAAAAAAAAAAAAA")");
    out.push_back(json[i]);
  }
}

}  // namespace

bool kafka_record_text(InternalTopic topic, const RecordView& record, KafkaRecordText& text) {
  text.key.clear();
  text.value.clear();
  DecodedRecord& decoded = text.decoded;
  decode_internal_record(topic, record, MessageForm::kafka, decoded);
  switch (topic) {
    case InternalTopic::consumer_offsets:
    case InternalTopic::transaction_state:
    case InternalTopic::share_group_state:
      if (!record.key) return false;
      coordinator_record(decoded, record.offset, text);
      return true;
    case InternalTopic::cluster_metadata:
      text.has_key = false;
      text.has_value = true;
      cluster_metadata(decoded.value, record.offset, text.value);
      return true;
    case InternalTopic::remote_log_metadata:
      text.has_key = false;
      text.has_value = true;
      remote_log_metadata(decoded.value, record, text.value);
      return true;
  }
  return false;
}

bool append_kafka_control_text(const RecordView& record, fmt::memory_buffer& out) {
  const auto type = decode_control_type(record);
  if (!type) return false;
  const auto to = std::back_inserter(out);
  if (*type == ControlType::abort || *type == ControlType::commit) {
    const auto marker = decode_end_transaction_marker(record);
    if (!marker) return false;
    fmt::format_to(to, "endTxnMarker: {} coordinatorEpoch: {}", name(*type), marker->coordinator_epoch);
    return true;
  }
  const std::size_t begin = out.size();
  append(out, heading(*type));
  const auto message = append_control_json(*type, record.value, MessageForm::kafka, out);
  if (!message) return out.resize(begin), false;
  if (*type == ControlType::leader_change) add_directory_ids(*record.value, begin, out);
  if (!*message) fmt::format_to(to, "controlType: UNKNOWN({})", static_cast<std::int16_t>(*type));
  return true;
}

}  // namespace kseg
