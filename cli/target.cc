#include "cli/target.h"

#include <algorithm>
#include <cerrno>

#include "formats/file_description.h"
#include "lib/log_dir.h"

namespace kseg {
namespace {

std::optional<TargetKind> folder_kind(FileSystem& files, const Path& folder) {
  const auto entries = files.list(folder);
  const auto is_segment_file = [](const DirectoryEntry& entry) {
    return !entry.is_directory && parse_segment_file_name(entry.name);
  };
  const auto is_partition_folder = [](const DirectoryEntry& entry) {
    return entry.is_directory && parse_partition_folder_name(entry.name);
  };
  if (std::any_of(entries.begin(), entries.end(), is_segment_file)) return TargetKind::partition_folder;
  if (LogDir::is_root(files, folder) || std::any_of(entries.begin(), entries.end(), is_partition_folder)) {
    return TargetKind::log_directory;
  }
  if (partition_of_folder(folder)) return TargetKind::partition_folder;
  return std::nullopt;
}

TargetKind target_kind(SegmentFileKind kind) {
  switch (kind) {
    case SegmentFileKind::log: return TargetKind::log;
    case SegmentFileKind::offset_index: return TargetKind::offset_index;
    case SegmentFileKind::time_index: return TargetKind::time_index;
    case SegmentFileKind::transaction_index: return TargetKind::transaction_index;
    case SegmentFileKind::producer_snapshot: return TargetKind::producer_snapshot;
  }
  return TargetKind::log;
}

}  // namespace

std::optional<TargetKind> file_kind(std::string_view name) {
  if (is_offset_checkpoint(name)) return TargetKind::offset_checkpoint;
  if (name == kLeaderEpochCheckpoint) return TargetKind::leader_epochs;
  if (name == kMetaProperties) return TargetKind::meta_properties;
  if (name == kPartitionMetadata) return TargetKind::partition_metadata;
  if (name == kQuorumState) return TargetKind::quorum_state;
  if (name == kCleanShutdownFile) return TargetKind::clean_shutdown;
  if (name == kBootstrapCheckpoint || parse_metadata_snapshot_name(name))
    return TargetKind::metadata_snapshot;
  if (const auto file = parse_segment_file_name(name)) return target_kind(file->kind);
  if (const auto index = parse_remote_index_name(name)) return target_kind(index->kind);
  return std::nullopt;
}

std::optional<TargetKind> target_kind(FileSystem& files, const Path& target) {
  const auto info = files.info(target);
  if (!info) throw IoError(target, "open", ENOENT);
  return info->is_directory ? folder_kind(files, target) : file_kind(target.filename().native());
}

std::optional<PartitionFolderName> partition_of_folder(const Path& folder) {
  // "." and "orders-0/" have a name too, and so has what a file's name alone is in.
  Path named = std::filesystem::absolute(folder.empty() ? Path(".") : folder).lexically_normal();
  if (!named.has_filename()) named = named.parent_path();
  return parse_partition_folder_name(named.filename().native());
}

}  // namespace kseg
