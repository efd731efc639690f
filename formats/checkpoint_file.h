// The five checkpoint text files: four in a log directory's root (`topic partition offset` a line)
// and `leader-epoch-checkpoint` in a partition (`epoch offset`). Grammar: formats/checkpoint_file.md.
#pragma once

#include <string>
#include <vector>

#include "formats/bytes.h"
#include "formats/file_names.h"
#include "formats/offset.h"
#include "formats/result.h"

namespace kseg {

struct PartitionOffset {
  TopicPartition partition;
  Offset offset;
  friend bool operator==(const PartitionOffset&, const PartitionOffset&) = default;
};

struct EpochEntry {
  std::int32_t epoch = 0;
  Offset start_offset;
  friend bool operator==(const EpochEntry&, const EpochEntry&) = default;
};

// In file order, duplicates included (the last one counts). An empty file, or a version line alone,
// is an empty list. Errors: bad_text with the position of the line, unknown_version.
Result<std::vector<PartitionOffset>> decode_offset_checkpoint(Bytes file);
std::string encode_offset_checkpoint(const std::vector<PartitionOffset>& entries);

Result<std::vector<EpochEntry>> decode_leader_epoch_checkpoint(Bytes file);
std::string encode_leader_epoch_checkpoint(const std::vector<EpochEntry>& entries);

// The value of the last entry for `partition`.
std::optional<Offset> find(const std::vector<PartitionOffset>& entries, const TopicPartition& partition);

}  // namespace kseg
