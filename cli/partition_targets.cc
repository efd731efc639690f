#include "cli/partition_targets.h"

#include "cli/target.h"

namespace kseg {
namespace {

std::optional<TopicPartition> partition_of(const Path& folder) {
  const auto name = partition_of_folder(folder);
  return name ? std::optional(name->partition) : std::nullopt;
}

void add_log_directory(FileSystem& files, const Path& folder, Output& output,
                       std::vector<PartitionTarget>& into) {
  for (const DirectoryEntry& entry : files.list(folder)) {
    const auto name = entry.is_directory ? parse_partition_folder_name(entry.name) : std::nullopt;
    if (!name) continue;
    const Path path = folder / entry.name;
    if (name->kind == PartitionFolderKind::current)
      into.push_back({.path = path, .partition = name->partition});
    else
      output.remark(fmt::format("{}: left out; name it to read it", path.native()));
  }
}

}  // namespace

std::optional<std::vector<PartitionTarget>> partition_targets(FileSystem& files,
                                                              const std::vector<std::string>& targets,
                                                              std::string_view command, Output& output) {
  std::vector<PartitionTarget> found;
  for (const Path path : targets) {
    const auto kind = target_kind(files, path);
    if (kind == TargetKind::log_directory) {
      add_log_directory(files, path, output, found);
    } else if (kind == TargetKind::partition_folder) {
      found.push_back({.path = path, .partition = partition_of(path)});
    } else if (kind == TargetKind::log) {
      found.push_back({.path = path, .partition = partition_of(path.parent_path())});
    } else {
      output.remark(
          fmt::format("{}: no partition folder, .log file or log directory, by its name; see kseg {} --help",
                      path.native(), command));
      return std::nullopt;
    }
  }
  return found;
}

}  // namespace kseg
