#include "lib/originals.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>

#include "lib/file_digest.h"
#include "lib/log_dir.h"

namespace kseg {
namespace {

constexpr std::uint32_t kFolderMode = 0755;
constexpr std::uint32_t kManifestMode = 0644;

Path parent_folder(const Path& folder) {
  return folder.has_parent_path() ? folder.parent_path() : Path(".");
}

Path absolute_path(const Path& folder) {
  return std::filesystem::absolute(folder).lexically_normal();
}

bool is_partition_folder(FileSystem& files, const Path& folder) {
  return files.info(folder / kLeaderEpochCheckpoint) || files.info(folder / kPartitionMetadata);
}

OriginalsManifest::KeptFile kept_file(const Path& path, const FileInfo& info) {
  return {.name = path.filename().string(), .size_bytes = info.size_bytes, .mtime_ns = info.mtime_ns};
}

// What the system says where there can be no hard link, now or later.
bool cannot_be_linked(int error_number) {
  return error_number == EXDEV || error_number == EPERM || error_number == EOPNOTSUPP ||
         error_number == EMLINK;
}

}  // namespace

std::optional<Refusal> Originals::prepare(FileSystem& files, const Path& folder, bool dry_run) {
  const bool there = files.info(folder).has_value();
  // By way of "..", which the system follows through links as it would follow the folder's own name.
  static constexpr int kDeepest = 64;
  Path above = there ? folder : parent_folder(folder);
  for (int depth = 0; depth < kDeepest; ++depth, above /= "..") {
    const bool in_root = LogDir::is_root(files, above);
    if (!in_root && !is_partition_folder(files, above)) continue;
    return Refusal{.reason = fmt::format(
                       "{}: lies in {}", folder.string(),
                       in_root ? "a log directory, where a broker would not start" : "a partition's folder"),
                   .hint = "give a folder on the same file system, outside of any log directory"};
  }
  if (there || dry_run) return std::nullopt;
  files.make_directory(folder, kFolderMode);
  files.sync_directory(parent_folder(folder));
  return std::nullopt;
}

std::optional<Refusal> Originals::refusal(FileSystem& files, const Path& folder, const PartitionLog& log) {
  if (!log.name()) return refuse_folder_name(log.folder());
  const std::string name = to_string(log.name()->partition);
  if (files.info(folder / name)) {
    return Refusal{.reason = fmt::format("{}: holds originals of {} already", folder.string(), name),
                   .hint = "undo puts them back; give another folder to keep both"};
  }
  const std::string path = absolute_path(log.folder()).native();
  const auto is_control = [](char c) { return static_cast<unsigned char>(c) < 0x20; };
  if (std::any_of(path.begin(), path.end(), is_control)) {
    return Refusal{.reason = fmt::format("{}: a name that the list of originals cannot hold", path)};
  }
  const Path probe = folder / (name + ".probe");
  try {
    if (files.info(probe)) files.remove(probe);
    files.link(log.segments().front().log, probe);
  } catch (const IoError& error) {
    if (!cannot_be_linked(error.error_number())) throw;
    return Refusal{
        .reason = fmt::format("{}: originals cannot be kept here: {}", folder.string(), error.what()),
        .hint = "give a folder on the file system that holds the log directory"};
  }
  files.remove(probe);
  return std::nullopt;
}

Originals::Originals(FileSystem& files, const PartitionLog& log, Request request)
    : files_(files),
      log_(log),
      request_(std::move(request)),
      folder_(request_.folder / to_string(log.name()->partition)) {}

void Originals::begin() {
  OriginalsManifest::Partition partition{.folder = absolute_path(log_.folder()),
                                         .checkpoint_before = request_.checkpoint_before,
                                         .checkpoint_after = request_.checkpoint_after};
  for (const Segment& segment : log_.segments()) {
    partition.logs.push_back({.name = segment.log.filename().string(),
                              .size_bytes = segment.size_bytes,
                              .mtime_ns = segment.mtime_ns});
  }
  files_.make_directory(folder_, kFolderMode);
  files_.sync_directory(request_.folder);
  manifest_ = files_.create(folder_ / kManifest, kManifestMode);
  append(OriginalsManifest::encode(partition));
  files_.sync_directory(folder_);
}

void Originals::append(const std::string& section) {
  manifest_->append(as_bytes(section));
  manifest_->sync();
}

OriginalsManifest::KeptFile Originals::keep_file(const Path& file) {
  files_.link(file, folder_ / file.filename());
  return kept_file(file, files_.info(file).value());
}

void Originals::keep(std::span<const Segment> sources) {
  if (!manifest_) begin();
  OriginalsManifest::Group group;
  for (const Segment& source : sources) {
    group.kept.push_back(keep_file(source.log));
    for (const auto& file : {source.offset_index, source.time_index, source.transaction_index}) {
      if (file) group.kept.push_back(keep_file(*file));
    }
  }
  const Offset base = sources.front().base_offset;
  const Offset last_base = sources.back().base_offset;
  const auto next = std::find_if(log_.segments().begin(), log_.segments().end(),
                                 [&](const Segment& segment) { return segment.base_offset > last_base; });
  for (auto snapshot = log_.snapshots().lower_bound(base); snapshot != log_.snapshots().end(); ++snapshot) {
    if (next != log_.segments().end() && snapshot->first >= next->base_offset) break;
    group.kept.push_back(keep_file(snapshot->second));
  }
  files_.sync_directory(folder_);

  const Path output =
      log_.folder() / to_string({.kind = SegmentFileKind::log, .offset = base, .state = FileState::cleaned});
  group.output_bytes = files_.info(output).value().size_bytes;
  group.output = file_digest(files_, output);
  append(OriginalsManifest::encode(group));
}

}  // namespace kseg
