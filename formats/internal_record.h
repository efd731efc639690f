// Records of the topics that Kafka keeps for itself, and KRaft's control records. Layout:
// formats/internal_record.md.
#pragma once

#include <fmt/format.h>

#include <optional>
#include <string>
#include <string_view>

#include "formats/control_record.h"
#include "formats/message_json.h"
#include "formats/record.h"

namespace kseg {

enum class InternalTopic {
  consumer_offsets,
  transaction_state,
  share_group_state,
  cluster_metadata,
  remote_log_metadata,
};

// By the topic's name, "__consumer_offsets".
std::optional<InternalTopic> internal_topic(std::string_view topic);

// What a key or a value holds.
struct DecodedMessage {
  enum class State {
    null,  // or there is none: keys of metadata
    decoded,
    too_short,  // for what stands in front of the message
    bad_frame,  // of metadata
    unknown_type,
    unknown_version,  // in the form `kafka` of coordinators only: metadata is read like the newest
    broken,
  };

  State state = State::null;
  std::optional<std::int32_t> type;     // of the record: in a coordinator's key, in a value of metadata
  std::string_view name;                // of a type that is known: "OffsetCommit" (Key, Value), "TopicRecord"
  std::optional<std::int32_t> version;  // of a value
  fmt::memory_buffer data;              // the message as JSON, if it is decoded
  Bytes trailing;                       // behind the message
  std::string wrong;                    // in words, if something is
};

// Both are kept to be filled again.
struct DecodedRecord {
  DecodedMessage key;
  DecodedMessage value;  // null too if the key does not tell what it is
};

// A data record.
void decode_internal_record(InternalTopic topic, const RecordView& record, MessageForm form,
                            DecodedRecord& decoded);

// "truncated at byte 9: …", of what append_message_json says is broken.
std::string in_words(const Defect& defect);

// The value of one of KRaft's control records, as JSON. False, and nothing is appended, for other types.
// Errors: as of append_message_json.
Result<bool> append_control_json(ControlType type, const std::optional<Bytes>& value, MessageForm form,
                                 fmt::memory_buffer& out);

}  // namespace kseg
