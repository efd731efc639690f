#include "formats/internal_record.h"

#include <algorithm>
#include <limits>

namespace kseg {
namespace {

using State = DecodedMessage::State;

constexpr std::int32_t kFrameVersion = 1;
constexpr std::int32_t kMaxShort = std::numeric_limits<std::int16_t>::max();

void clear(DecodedMessage& message) {
  message.state = State::null;
  message.type.reset();
  message.name = {};
  message.version.reset();
  message.data.clear();
  message.trailing = {};
  message.wrong.clear();
}

void fail(DecodedMessage& message, State state, std::string wrong) {
  message.state = state;
  message.wrong = std::move(wrong);
}

void decode(const MessageSchema& schema, std::int16_t version, Cursor& in, MessageForm form,
            DecodedMessage& message) {
  if (const auto defect = append_message_json(schema, version, in, form, message.data)) {
    return fail(message, State::broken, form == MessageForm::kafka ? defect->found : in_words(*defect));
  }
  message.state = State::decoded;
  message.trailing = in.rest();
}

template <typename Schema, typename Type>
const Schema* find_type(std::span<const Schema> schemas, Type type) {
  const auto found =
      std::find_if(schemas.begin(), schemas.end(), [&](const Schema& schema) { return schema.type == type; });
  return found == schemas.end() ? nullptr : &*found;
}

void decode_coordinator_record(std::span<const CoordinatorRecordSchema> schemas, const RecordView& record,
                               MessageForm form, DecodedRecord& decoded) {
  DecodedMessage& key = decoded.key;
  if (!record.key) return;
  Cursor key_in(*record.key);
  const std::int16_t type = key_in.i16();
  if (!key_in.ok()) return fail(key, State::too_short, "too short for a type");
  key.type = type;
  const auto* schema = find_type(schemas, type);
  if (schema == nullptr) return fail(key, State::unknown_type, "unknown type");
  key.name = schema->name;
  decode({"0+", "none", schema->key}, type, key_in, form, key);
  if (key.state != State::decoded || !record.value) return;

  DecodedMessage& value = decoded.value;
  Cursor in(*record.value);
  const std::int16_t version = in.i16();
  if (!in.ok()) return fail(value, State::too_short, "too short for a version");
  value.version = version;
  if (!schema->value.versions.contains(version))
    return fail(value, State::unknown_version, "unknown version");
  decode(schema->value, version, in, form, value);
}

// One of the three numbers in front of a message of metadata. Kafka takes what does not fit an int for a
// negative number, and of that the lower half.
std::optional<std::int16_t> frame_number(Cursor& in, std::string_view what, DecodedMessage& message) {
  const auto number = static_cast<std::int32_t>(in.unsigned_varint());
  if (!in.ok()) {
    fail(message, State::too_short, fmt::format("Error while reading {}", what));
  } else if (number > kMaxShort) {
    fail(message, State::bad_frame, fmt::format("Value for {} was too large.", what));
  } else {
    return static_cast<std::int16_t>(number);
  }
  return std::nullopt;
}

void decode_metadata(std::span<const MetadataRecordSchema> schemas, const RecordView& record,
                     MessageForm form, DecodedMessage& value) {
  if (!record.value) return;
  Cursor in(*record.value);
  const auto frame = frame_number(in, "frame version", value);
  if (!frame) return;
  if (*frame == 0) {
    return fail(
        value, State::bad_frame,
        "Could not deserialize metadata record with frame version 0. Note that upgrades from the preview "
        "release of KRaft in 2.8 to newer versions are not supported.");
  }
  if (*frame != kFrameVersion) {
    return fail(
        value, State::bad_frame,
        fmt::format("Could not deserialize metadata record due to unknown frame version {}(only frame "
                    "version {} is supported)",
                    *frame, kFrameVersion));
  }
  const auto type = frame_number(in, "type", value);
  if (!type) return;
  value.type = *type;
  const auto version = frame_number(in, "version", value);
  if (!version) return;
  value.version = *version;
  const auto* schema = find_type(schemas, *type);
  if (schema == nullptr || (schema->since_4_4 && form == MessageForm::kafka)) {
    return fail(value, State::unknown_type, "unknown type");
  }
  value.name = schema->name;
  if (form != MessageForm::kafka && !schema->value.versions.contains(*version)) {
    return fail(value, State::unknown_version, "unknown version");
  }
  decode(schema->value, *version, in, form, value);
}

}  // namespace

std::optional<InternalTopic> internal_topic(std::string_view topic) {
  if (topic == "__consumer_offsets") return InternalTopic::consumer_offsets;
  if (topic == "__transaction_state") return InternalTopic::transaction_state;
  if (topic == "__share_group_state") return InternalTopic::share_group_state;
  if (topic == "__cluster_metadata") return InternalTopic::cluster_metadata;
  if (topic == "__remote_log_metadata") return InternalTopic::remote_log_metadata;
  return std::nullopt;
}

void decode_internal_record(InternalTopic topic, const RecordView& record, MessageForm form,
                            DecodedRecord& decoded) {
  clear(decoded.key);
  clear(decoded.value);
  switch (topic) {
    case InternalTopic::consumer_offsets:
      return decode_coordinator_record(consumer_offsets_schema(), record, form, decoded);
    case InternalTopic::transaction_state:
      return decode_coordinator_record(transaction_state_schema(), record, form, decoded);
    case InternalTopic::share_group_state:
      return decode_coordinator_record(share_group_state_schema(), record, form, decoded);
    case InternalTopic::cluster_metadata:
      return decode_metadata(cluster_metadata_schema(), record, form, decoded.value);
    case InternalTopic::remote_log_metadata:
      return decode_metadata(remote_log_metadata_schema(), record, form, decoded.value);
  }
}

// "null" is all that Java has to say where a number is cut short.
std::string in_words(const Defect& defect) {
  std::string words = fmt::format("{} at byte {}", name(defect.code), defect.position);
  if (defect.found != "null") words += ": " + defect.found;
  return words;
}

Result<bool> append_control_json(ControlType type, const std::optional<Bytes>& value, MessageForm form,
                                 fmt::memory_buffer& out) {
  const auto* schema = find_type(kraft_control_schema(), type);
  if (schema == nullptr) return false;
  Cursor in(value.value_or(Bytes{}));
  if (auto defect = append_message_json(schema->value, 0, in, form, out)) return *defect;
  return true;
}

}  // namespace kseg
