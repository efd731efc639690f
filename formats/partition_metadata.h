// `partition.metadata` of a partition folder: the id of its topic. Grammar: formats/partition_metadata.md.
#pragma once

#include <string>

#include "formats/bytes.h"
#include "formats/result.h"
#include "formats/uuid.h"

namespace kseg {

struct PartitionMetadata {
  std::int32_t version = 0;
  Uuid topic_id;
  friend bool operator==(const PartitionMetadata&, const PartitionMetadata&) = default;
};

// Errors: bad_text with the position of the line, unknown_version (a negative one; Kafka reads what
// later versions wrote).
Result<PartitionMetadata> decode_partition_metadata(Bytes file);
std::string encode_partition_metadata(const PartitionMetadata& metadata);

}  // namespace kseg
