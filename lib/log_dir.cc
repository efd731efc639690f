#include "lib/log_dir.h"

#include <algorithm>

#include "formats/line_reader.h"

namespace kseg {
namespace {

constexpr std::string_view kRootFiles[] = {kMetaProperties,     kRecoveryPointCheckpoint,
                                           kLogStartCheckpoint, kReplicationCheckpoint,
                                           kCleanerCheckpoint,  kLockFile,
                                           kCleanShutdownFile};

// By name where the name says it, so that messages stay readable; else the system's.
Path parent_folder(const Path& folder) {
  const Path named = folder.has_filename() ? folder : folder.parent_path();
  if (named.empty() || named.filename() == "." || named.filename() == "..") return folder / "..";
  return named.has_parent_path() ? named.parent_path() : Path(".");
}

}  // namespace

bool LogDir::is_root(FileSystem& files, const Path& folder) {
  return std::any_of(std::begin(kRootFiles), std::end(kRootFiles),
                     [&](std::string_view name) { return files.info(folder / name).has_value(); });
}

std::optional<LogDir> LogDir::at(FileSystem& files, const Path& folder) {
  if (!is_root(files, folder)) return std::nullopt;
  return LogDir(files, folder);
}

std::optional<LogDir> LogDir::parent_of(FileSystem& files, const Path& partition_folder) {
  return at(files, parent_folder(partition_folder));
}

bool LogDir::cleanly_shut_down() const {
  return files_->info(path_ / kCleanShutdownFile).has_value();
}

std::unique_ptr<FileLock> LogDir::lock() const {
  return files_->lock(path_ / kLockFile);
}

Result<std::optional<MetaProperties>> LogDir::read_meta_properties() const {
  const Path path = path_ / kMetaProperties;
  if (!files_->info(path)) return std::optional<MetaProperties>{};
  auto properties = decode_meta_properties(read_file(*files_, path));
  if (!properties) return properties.error();
  return std::optional{std::move(*properties)};
}

bool LogDir::in_use() const {
  return files_->is_locked(path_ / kLockFile);
}

Result<std::vector<PartitionOffset>> LogDir::read_checkpoint(std::string_view file_name) const {
  const Path path = path_ / file_name;
  if (!files_->info(path)) return std::vector<PartitionOffset>{};
  return decode_offset_checkpoint(read_file(*files_, path));
}

std::optional<Defect> LogDir::write_checkpoint(std::string_view file_name, const TopicPartition& partition,
                                               Offset offset) const {
  if (!is_topic_name(partition.topic)) {
    return Defect{.code = DefectCode::bad_text,
                  .position = {},
                  .expected = "the name of a topic",
                  .found = quote(partition.topic)};
  }
  auto read = read_checkpoint(file_name);
  if (!read) return read.error();

  std::vector<PartitionOffset>& entries = *read;
  const auto is_ours = [&](const PartitionOffset& entry) { return entry.partition == partition; };
  const auto ours = std::find_if(entries.begin(), entries.end(), is_ours);
  if (ours == entries.end()) {
    // Before the first that is greater, so that it does not matter who is finished first.
    const auto place = std::find_if(entries.begin(), entries.end(), [&](const PartitionOffset& entry) {
      return partition < entry.partition;
    });
    entries.insert(place, {partition, offset});
  } else {
    ours->offset = offset;
    entries.erase(std::remove_if(ours + 1, entries.end(), is_ours), entries.end());
  }
  replace_file(*files_, path_ / file_name, as_bytes(encode_offset_checkpoint(entries)));
  return std::nullopt;
}

std::optional<Defect> LogDir::drop_from_checkpoint(std::string_view file_name,
                                                   const TopicPartition& partition) const {
  auto read = read_checkpoint(file_name);
  if (!read) return read.error();
  std::vector<PartitionOffset>& entries = *read;
  const auto is_ours = [&](const PartitionOffset& entry) { return entry.partition == partition; };
  const auto ours = std::remove_if(entries.begin(), entries.end(), is_ours);
  if (ours == entries.end()) return std::nullopt;
  entries.erase(ours, entries.end());
  replace_file(*files_, path_ / file_name, as_bytes(encode_offset_checkpoint(entries)));
  return std::nullopt;
}

}  // namespace kseg
