// Which brokers hold a partition, as the records of `__cluster_metadata` say. Layout:
// formats/partition_record.md.
#pragma once

#include <optional>
#include <vector>

#include "formats/bytes.h"
#include "formats/result.h"
#include "formats/uuid.h"

namespace kseg {

// What a PartitionRecord says, or a PartitionChangeRecord that changes it.
struct PartitionReplicas {
  std::int32_t partition = 0;
  Uuid topic_id;
  std::vector<std::int32_t> replicas;  // ids of brokers
  friend bool operator==(const PartitionReplicas&, const PartitionReplicas&) = default;
};

// Of the value of a metadata record; nothing for records of other types, for frames of another version
// and for changes that leave the replicas alone. Errors: truncated, bad_varint, bad_length.
Result<std::optional<PartitionReplicas>> decode_partition_replicas(Bytes value);

// A PartitionRecord, version 0, led by its first replica.
void encode_partition_record(const PartitionReplicas& partition, ByteBuffer& out);

}  // namespace kseg
