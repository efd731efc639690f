#include "formats/file_description.h"

#include <fmt/format.h>

#include "formats/decimal.h"
#include "formats/uuid.h"

namespace kseg {
namespace {

struct Words {
  std::string_view name;
  std::string_view text;
};

constexpr Words kFiles[] = {
    {kLockFile, "the lock of the broker that uses the directory"},
    {kMetaProperties, "whose directory it is"},
    {kBootstrapCheckpoint, "metadata snapshot: what the cluster begins with"},
    {kCleanShutdownFile, "the mark of a clean shutdown"},
    {kRecoveryPointCheckpoint, "up to where logs are known to be flushed"},
    {kLogStartCheckpoint, "where logs begin, if not with a segment"},
    {kReplicationCheckpoint, "high watermarks"},
    {kCleanerCheckpoint, "up to where logs are cleaned"},
    {kLeaderEpochCheckpoint, "where leader epochs begin"},
    {kPartitionMetadata, "the topic's id"},
    {kQuorumState, "what a controller knows of elections"},
};

std::string_view text_of(SegmentFileKind kind) {
  switch (kind) {
    case SegmentFileKind::log: return "log";
    case SegmentFileKind::offset_index: return "offset index";
    case SegmentFileKind::time_index: return "time index";
    case SegmentFileKind::transaction_index: return "transaction index";
    case SegmentFileKind::producer_snapshot: return "producer snapshot";
  }
  return {};
}

std::string_view text_of(FileState state) {
  switch (state) {
    case FileState::current: return "";
    case FileState::deleted: return ", about to be deleted";
    case FileState::cleaned: return ", a cleaning or a split that was not finished";
    case FileState::swap: return ", about to take its place";
  }
  return {};
}

std::string text_of(const MetadataSnapshotName& name) {
  switch (name.state) {
    case MetadataSnapshotName::State::current: return "metadata snapshot";
    case MetadataSnapshotName::State::deleted: return "metadata snapshot, about to be deleted";
    case MetadataSnapshotName::State::part: return "metadata snapshot that was not finished";
  }
  return {};
}

// What comes of a recovery by kseg: lib/recovery.h.
constexpr std::string_view kCutPrefix = "cut-";
constexpr std::string_view kUnfinishedSuffix = ".tmp";

}  // namespace

std::optional<RemoteIndexName> parse_remote_index_name(std::string_view name) {
  constexpr std::size_t kUuidSize = 22;
  RemoteIndexName parsed;
  for (const std::string_view suffix : {std::string_view(".deleted"), kUnfinishedSuffix}) {
    if (!name.ends_with(suffix)) continue;
    parsed.left_over = true;
    name.remove_suffix(suffix.size());
  }
  const std::size_t behind = name.find('_');
  if (behind == name.npos || name.size() < behind + 1 + kUuidSize) return std::nullopt;
  const auto offset = parse_decimal<std::int64_t>(name.substr(0, behind));
  const std::string_view id = name.substr(behind + 1, kUuidSize);
  const std::string_view rest = name.substr(behind + 1 + kUuidSize);
  if (!offset || *offset < 0 || !parse_uuid(id)) return std::nullopt;
  for (const auto kind :
       {SegmentFileKind::offset_index, SegmentFileKind::time_index, SegmentFileKind::transaction_index}) {
    if (rest != extension(kind)) continue;
    parsed.start_offset = {*offset};
    parsed.segment_id = id;
    parsed.kind = kind;
    return parsed;
  }
  return std::nullopt;
}

std::optional<std::string> describe_file(std::string_view name) {
  for (const Words& file : kFiles) {
    if (name == file.name) return std::string(file.text);
  }
  if (name.ends_with(kUnfinishedSuffix)) {
    const auto whole = describe_file(name.substr(0, name.size() - kUnfinishedSuffix.size()));
    return whole ? std::optional(*whole + ", a writing that was not finished") : std::nullopt;
  }
  if (const auto file = parse_segment_file_name(name))
    return fmt::format("{}{}", text_of(file->kind), text_of(file->state));
  if (const auto snapshot = parse_metadata_snapshot_name(name)) return text_of(*snapshot);
  if (const auto index = parse_remote_index_name(name))
    return fmt::format("copy of an index in tiered storage{}", index->left_over ? ", a left-over" : "");
  if (name.starts_with(kCutPrefix)) return "what a recovery by kseg has cut off";
  return std::nullopt;
}

std::optional<std::string> describe_folder(std::string_view name) {
  if (name == kRemoteLogIndexCache) return "copies of indexes in tiered storage";
  const auto partition = parse_partition_folder_name(name);
  if (!partition) return std::nullopt;
  switch (partition->kind) {
    case PartitionFolderKind::current: return "partition";
    case PartitionFolderKind::deleted: return "partition, about to be deleted";
    case PartitionFolderKind::future: return "partition, being moved here";
    case PartitionFolderKind::stray: return "partition that the cluster does not give to this broker";
  }
  return std::nullopt;
}

}  // namespace kseg
