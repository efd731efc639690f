// What the records of `__cluster_metadata` say of topics, of who holds their partitions, and of settings.
// Layout: formats/metadata_record.md.
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "formats/bytes.h"
#include "formats/result.h"
#include "formats/uuid.h"

namespace kseg {

struct TopicRecord {
  std::string name;
  Uuid topic_id;
  friend bool operator==(const TopicRecord&, const TopicRecord&) = default;
};

struct RemoveTopicRecord {
  Uuid topic_id;
  friend bool operator==(const RemoveTopicRecord&, const RemoveTopicRecord&) = default;
};

struct PartitionRecord {
  std::int32_t partition = 0;
  Uuid topic_id;
  std::vector<std::int32_t> replicas;  // ids of brokers
  std::vector<Uuid> directories;       // one for each replica; none below version 1
  friend bool operator==(const PartitionRecord&, const PartitionRecord&) = default;
};

struct PartitionChangeRecord {
  std::int32_t partition = 0;
  Uuid topic_id;
  // What is nothing has not changed.
  std::optional<std::vector<std::int32_t>> replicas;
  std::optional<std::vector<Uuid>> directories;
  friend bool operator==(const PartitionChangeRecord&, const PartitionChangeRecord&) = default;
};

// Other numbers occur and are kept as they are.
enum class ConfigResource : std::int8_t { topic = 2, broker = 4 };

struct ConfigRecord {
  ConfigResource resource = ConfigResource::topic;
  std::string resource_name;  // of brokers: the node's id, or empty for all of them
  std::string name;
  std::optional<std::string> value;  // nothing: no longer set
  friend bool operator==(const ConfigRecord&, const ConfigRecord&) = default;
};

// What stands between a begin and its end is applied at the end, all of it, or after an abort not at all.
struct BeginTransactionRecord {
  friend bool operator==(const BeginTransactionRecord&, const BeginTransactionRecord&) = default;
};
struct EndTransactionRecord {
  friend bool operator==(const EndTransactionRecord&, const EndTransactionRecord&) = default;
};
struct AbortTransactionRecord {
  friend bool operator==(const AbortTransactionRecord&, const AbortTransactionRecord&) = default;
};

using MetadataRecord =
    std::variant<TopicRecord, RemoveTopicRecord, PartitionRecord, PartitionChangeRecord, ConfigRecord,
                 BeginTransactionRecord, EndTransactionRecord, AbortTransactionRecord>;

// Of a record's value; nothing for records of other types. Errors: truncated, trailing_bytes, bad_varint,
// bad_length, unknown_version (of the frame, or of one of these types).
Result<std::optional<MetadataRecord>> decode_metadata_record(Bytes value);

// In the lowest version that holds it. A partition's first replica leads it, and all are in sync.
void encode_metadata_record(const MetadataRecord& record, ByteBuffer& out);

}  // namespace kseg
