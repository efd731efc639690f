// What Kafka's own messages are made of, in the notation of its schema files: versions are "0+", "1-3",
// "2" or "none", names are those of its JSON. How such a message is encoded: formats/internal_record.md.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string_view>

#include "formats/control_record.h"

namespace kseg {

struct MessageVersions {
  std::int16_t first = 0;
  std::int16_t last = -1;

  constexpr MessageVersions(const char* text) {
    if (std::string_view(text) == "none") return;
    last = first = number(text);
    if (*text == '+') last = std::numeric_limits<std::int16_t>::max();
    if (*text == '-') last = number(++text);
  }
  constexpr bool contains(std::int16_t version) const { return first <= version && version <= last; }

 private:
  static constexpr std::int16_t number(const char*& text) {
    int value = 0;
    for (; *text >= '0' && *text <= '9'; ++text) value = value * 10 + (*text - '0');
    return static_cast<std::int16_t>(value);
  }
};

struct MessageField;
struct MessageSchema;

struct MessageType {
  enum class Kind : std::uint8_t {
    boolean,
    int8,
    int16,
    int32,
    int64,
    uint16,
    float64,
    uuid,
    string,
    bytes,
    structure,
  };
  Kind kind;
  bool is_array = false;
  bool is_nullable = false;                 // the array then, not its elements
  const MessageField* fields = nullptr;     // of a structure
  std::size_t field_count = 0;              // of a structure
  const MessageSchema* embedded = nullptr;  // bytes of a consumer that hold a version and this message

  constexpr MessageType(Kind simple) : kind(simple) {}
  template <std::size_t N>
  constexpr MessageType(const MessageField (&of)[N]) : kind(Kind::structure), fields(of), field_count(N) {}
};

// A field with a tag is never in line, and is left out where it has its default.
struct MessageTag {
  std::int32_t number = -1;
  std::string_view default_json = {};
};

struct MessageField {
  std::string_view name;
  MessageType type;
  MessageVersions versions;  // also those in which it may be null, or has its tag
  MessageTag tag = {};
  bool since_4_4 = false;  // Kafka 4.3.1 takes its tag for an unknown one
};

struct MessageSchema {
  MessageVersions versions;
  MessageVersions flexible;
  std::span<const MessageField> fields = {};
};

// A type of record in a topic of a coordinator: the messages are called name + "Key" and name + "Value".
struct CoordinatorRecordSchema {
  std::int16_t type;
  std::string_view name;
  std::span<const MessageField> key;  // never flexible
  MessageSchema value;
};

// A type of record in a topic of metadata.
struct MetadataRecordSchema {
  std::int16_t type;
  std::string_view name;
  MessageSchema value;
  bool since_4_4 = false;
};

struct ControlRecordSchema {
  ControlType type;
  std::string_view name;
  MessageSchema value;
};

std::span<const CoordinatorRecordSchema> consumer_offsets_schema();
std::span<const CoordinatorRecordSchema> transaction_state_schema();
std::span<const CoordinatorRecordSchema> share_group_state_schema();
std::span<const MetadataRecordSchema> cluster_metadata_schema();
std::span<const MetadataRecordSchema> remote_log_metadata_schema();
std::span<const ControlRecordSchema> kraft_control_schema();

// The words of the tables.
namespace schema {

using Field = MessageField;

constexpr auto boolean = MessageType::Kind::boolean;
constexpr auto int8 = MessageType::Kind::int8;
constexpr auto int16 = MessageType::Kind::int16;
constexpr auto int32 = MessageType::Kind::int32;
constexpr auto int64 = MessageType::Kind::int64;
constexpr auto uint16 = MessageType::Kind::uint16;
constexpr auto float64 = MessageType::Kind::float64;
constexpr auto uuid = MessageType::Kind::uuid;
constexpr auto string = MessageType::Kind::string;
constexpr auto bytes = MessageType::Kind::bytes;

constexpr MessageType array(MessageType type) {
  type.is_array = true;
  return type;
}
constexpr MessageType nullable(MessageType type) {
  type.is_nullable = true;
  return type;
}
constexpr MessageType embedded(const MessageSchema& message) {
  MessageType type = bytes;
  type.embedded = &message;
  return type;
}

constexpr MessageTag tagged(std::int32_t number, std::string_view default_json) {
  return {number, default_json};
}
constexpr bool kSince44 = true;
constexpr std::string_view kNoUuid = R"("AAAAAAAAAAAAAAAAAAAAAA")";

}  // namespace schema
}  // namespace kseg
