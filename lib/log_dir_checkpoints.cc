#include "lib/log_dir_checkpoints.h"

namespace kseg {
namespace {

struct File {
  std::string_view name;
  std::optional<Offset> LogDirCheckpoints::Of::*field;
};

constexpr File kFiles[] = {
    {kRecoveryPointCheckpoint, &LogDirCheckpoints::Of::recovery_point},
    {kLogStartCheckpoint, &LogDirCheckpoints::Of::log_start},
    {kReplicationCheckpoint, &LogDirCheckpoints::Of::high_watermark},
    {kCleanerCheckpoint, &LogDirCheckpoints::Of::first_dirty},
};

}  // namespace

LogDirCheckpoints LogDirCheckpoints::read(const LogDir& root) {
  LogDirCheckpoints all;
  for (const auto& [name, field] : kFiles) {
    const auto entries = root.read_checkpoint(name);
    if (!entries) {
      all.defects_.emplace(name, entries.error());
      continue;
    }
    for (const PartitionOffset& entry : *entries) all.partitions_[entry.partition].*field = entry.offset;
  }
  return all;
}

LogDirCheckpoints::Of LogDirCheckpoints::of(const TopicPartition& partition) const {
  const auto found = partitions_.find(partition);
  return found == partitions_.end() ? Of{} : found->second;
}

const Defect* LogDirCheckpoints::defect(std::string_view file_name) const {
  const auto found = defects_.find(file_name);
  return found == defects_.end() ? nullptr : &found->second;
}

}  // namespace kseg
