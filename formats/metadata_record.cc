#include "formats/metadata_record.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <string_view>

#include "formats/byte_writer.h"
#include "formats/cursor.h"

namespace kseg {
namespace {

constexpr std::uint32_t kFrameVersion = 1;
constexpr std::uint32_t kMaxShort = std::numeric_limits<std::int16_t>::max();

enum Type : std::uint32_t {
  kTopic = 2,
  kPartition = 3,
  kConfig = 4,
  kPartitionChange = 5,
  kRemoveTopic = 9,
  kBeginTransaction = 23,
  kEndTransaction = 24,
  kAbortTransaction = 25,
};

// The highest version of a type that is read; nothing for types that are not.
std::optional<std::uint32_t> highest_version(std::uint32_t type) {
  switch (type) {
    case kPartition:
    case kPartitionChange: return 2;
    case kTopic:
    case kConfig:
    case kRemoveTopic:
    case kBeginTransaction:
    case kEndTransaction:
    case kAbortTransaction: return 0;
    default: return std::nullopt;
  }
}

// Of a PartitionChangeRecord.
constexpr std::uint32_t kReplicasTag = 2;
constexpr std::uint32_t kDirectoriesTag = 8;

// Lengths are one more than they say; 0 is null.
std::optional<std::string> nullable_text(Cursor& in) {
  const std::uint32_t size_and_one = in.unsigned_varint();
  if (size_and_one == 0) return std::nullopt;
  const std::int64_t size = std::int64_t{size_and_one} - 1;
  return std::string(as_text(in.bytes(size <= kMaxShort ? size : -1)));
}

std::string text(Cursor& in) {
  auto value = nullable_text(in);
  if (!value) in.bytes(-1);
  return std::move(value).value_or(std::string{});
}

Uuid uuid(Cursor& in) {
  Uuid id;
  const Bytes bytes = in.bytes(static_cast<std::int64_t>(id.bytes.size()));
  std::copy(bytes.begin(), bytes.end(), id.bytes.begin());
  return id;
}

std::int32_t number(Cursor& in) {
  return in.i32();
}

// The whole array is there before anything is sized by it.
template <typename Element>
std::optional<std::vector<Element>> nullable_array(Cursor& in, Element (*element)(Cursor&)) {
  const std::uint32_t size_and_one = in.unsigned_varint();
  if (size_and_one == 0) return std::nullopt;
  Cursor elements(in.bytes((std::int64_t{size_and_one} - 1) * std::int64_t{sizeof(Element)}));
  std::vector<Element> values;
  values.reserve(elements.remaining() / sizeof(Element));
  while (elements.remaining() > 0) values.push_back(element(elements));
  return values;
}

template <typename Element>
std::vector<Element> array(Cursor& in, Element (*element)(Cursor&)) {
  auto values = nullable_array(in, element);
  if (!values) in.bytes(-1);
  return std::move(values).value_or(std::vector<Element>{});
}

// Calls `take(tag, field)` for each tagged field. What it takes it must use up.
template <typename Take>
std::optional<Defect> read_tags(Cursor& in, Take take) {
  const std::uint32_t count = in.unsigned_varint();
  for (std::uint32_t i = 0; i < count && in.ok(); ++i) {
    const std::uint32_t tag = in.unsigned_varint();
    const std::uint32_t size = in.unsigned_varint();
    const Position start = in.position();
    Cursor field(in.bytes(size), start);
    if (!in.ok()) break;
    if (!take(tag, field)) continue;
    if (!field.ok()) return field.defect();
    if (field.remaining() > 0) return Defect{DefectCode::trailing_bytes, field.position()};
  }
  return std::nullopt;
}

std::optional<Defect> skip_tags(Cursor& in) {
  return read_tags(in, [](std::uint32_t, Cursor&) { return false; });
}

PartitionRecord read_partition(Cursor& in, std::uint32_t version) {
  PartitionRecord record{.partition = in.i32()};
  record.topic_id = uuid(in);
  record.replicas = array(in, number);
  array(in, number);  // in sync
  array(in, number);  // being removed
  array(in, number);  // being added
  in.i32();           // leader
  in.i32();           // leader epoch
  in.i32();           // partition epoch
  if (version >= 1) record.directories = array(in, uuid);
  return record;
}

void put_text(std::string_view value, ByteWriter& to) {
  to.unsigned_varint(static_cast<std::uint32_t>(value.size()) + 1);
  to.bytes(as_bytes(value));
}

void put_numbers(const std::vector<std::int32_t>& values, ByteWriter& to) {
  to.unsigned_varint(static_cast<std::uint32_t>(values.size()) + 1);
  for (const std::int32_t value : values) to.i32(value);
}

void put_uuids(const std::vector<Uuid>& values, ByteWriter& to) {
  to.unsigned_varint(static_cast<std::uint32_t>(values.size()) + 1);
  for (const Uuid& value : values) to.bytes(value.bytes);
}

void put_tag(std::uint32_t tag, Bytes field, ByteWriter& to) {
  to.unsigned_varint(tag);
  to.unsigned_varint(static_cast<std::uint32_t>(field.size()));
  to.bytes(field);
}

class Encoder {
 public:
  explicit Encoder(ByteBuffer& out) : to_(out) {}

  void operator()(const TopicRecord& record) {
    begin(kTopic, 0);
    put_text(record.name, to_);
    to_.bytes(record.topic_id.bytes);
    no_tags();
  }
  void operator()(const RemoveTopicRecord& record) {
    begin(kRemoveTopic, 0);
    to_.bytes(record.topic_id.bytes);
    no_tags();
  }
  void operator()(const PartitionRecord& record) {
    begin(kPartition, record.directories.empty() ? 0 : 1);
    to_.i32(record.partition);
    to_.bytes(record.topic_id.bytes);
    put_numbers(record.replicas, to_);
    put_numbers(record.replicas, to_);  // in sync
    put_numbers({}, to_);               // being removed
    put_numbers({}, to_);               // being added
    to_.i32(record.replicas.empty() ? -1 : record.replicas.front());
    to_.i32(0);  // leader epoch
    to_.i32(0);  // partition epoch
    if (!record.directories.empty()) put_uuids(record.directories, to_);
    no_tags();
  }
  void operator()(const PartitionChangeRecord& record) {
    begin(kPartitionChange, record.directories ? 1 : 0);
    to_.i32(record.partition);
    to_.bytes(record.topic_id.bytes);
    to_.unsigned_varint((record.replicas ? 1U : 0U) + (record.directories ? 1U : 0U));
    ByteBuffer field;
    ByteWriter to_field(field);
    if (record.replicas) {
      put_numbers(*record.replicas, to_field);
      put_tag(kReplicasTag, field, to_);
      field.clear();
    }
    if (record.directories) {
      put_uuids(*record.directories, to_field);
      put_tag(kDirectoriesTag, field, to_);
    }
  }
  void operator()(const ConfigRecord& record) {
    begin(kConfig, 0);
    to_.i8(static_cast<std::int8_t>(record.resource));
    put_text(record.resource_name, to_);
    put_text(record.name, to_);
    if (record.value) {
      put_text(*record.value, to_);
    } else {
      to_.unsigned_varint(0);
    }
    no_tags();
  }
  void operator()(const BeginTransactionRecord&) { begin(kBeginTransaction, 0), no_tags(); }
  void operator()(const EndTransactionRecord&) { begin(kEndTransaction, 0), no_tags(); }
  void operator()(const AbortTransactionRecord&) { begin(kAbortTransaction, 0), no_tags(); }

 private:
  void begin(Type type, std::uint32_t version) {
    to_.unsigned_varint(kFrameVersion);
    to_.unsigned_varint(type);
    to_.unsigned_varint(version);
  }
  void no_tags() { to_.unsigned_varint(0); }

  ByteWriter to_;
};

Defect unknown_version(Position at, std::string_view what, std::uint32_t expected, std::uint32_t found) {
  return {.code = DefectCode::unknown_version,
          .position = at,
          .expected = fmt::format("{} of at most {}", what, expected),
          .found = fmt::format("{}", found)};
}

}  // namespace

Result<std::optional<MetadataRecord>> decode_metadata_record(Bytes value) {
  Cursor in(value);
  const std::uint32_t frame_version = in.unsigned_varint();
  if (in.ok() && frame_version != kFrameVersion) {
    return Defect{.code = DefectCode::unknown_version,
                  .position = {},
                  .expected = "a frame of version 1",
                  .found = fmt::format("{}", frame_version)};
  }
  const Position type_at = in.position();
  const std::uint32_t type = in.unsigned_varint();
  const std::uint32_t version = in.unsigned_varint();
  if (!in.ok()) return *in.defect();
  if (type > kMaxShort || version > kMaxShort) return Defect{DefectCode::bad_length, type_at};
  const auto highest = highest_version(type);
  if (!highest) return std::optional<MetadataRecord>{};
  if (version > *highest) {
    return unknown_version(type_at, fmt::format("a version of type {}", type), *highest, version);
  }

  MetadataRecord record;
  std::optional<Defect> bad_tag;
  switch (type) {
    case kTopic: {
      TopicRecord topic{.name = text(in)};
      topic.topic_id = uuid(in);
      record = std::move(topic);
      break;
    }
    case kRemoveTopic: record = RemoveTopicRecord{uuid(in)}; break;
    case kPartition: record = read_partition(in, version); break;
    case kPartitionChange: {
      PartitionChangeRecord change{.partition = in.i32()};
      change.topic_id = uuid(in);
      bad_tag = read_tags(in, [&](std::uint32_t tag, Cursor& field) {
        if (tag == kReplicasTag) {
          change.replicas = nullable_array(field, number);
        } else if (tag == kDirectoriesTag && version >= 1) {
          change.directories = nullable_array(field, uuid);
        } else {
          return false;
        }
        return true;
      });
      record = std::move(change);
      break;
    }
    case kConfig: {
      ConfigRecord config{.resource = static_cast<ConfigResource>(in.i8())};
      config.resource_name = text(in);
      config.name = text(in);
      config.value = nullable_text(in);
      record = std::move(config);
      break;
    }
    case kBeginTransaction: record = BeginTransactionRecord{}; break;
    case kEndTransaction: record = EndTransactionRecord{}; break;
    case kAbortTransaction: record = AbortTransactionRecord{}; break;
    default: break;
  }
  if (type != kPartitionChange) bad_tag = skip_tags(in);
  if (!in.ok()) return *in.defect();
  if (bad_tag) return *bad_tag;
  if (in.remaining() > 0) return Defect{DefectCode::trailing_bytes, in.position()};
  return std::optional{std::move(record)};
}

void encode_metadata_record(const MetadataRecord& record, ByteBuffer& out) {
  std::visit(Encoder(out), record);
}

}  // namespace kseg
