#include "lib/undo.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "lib/file_digest.h"
#include "lib/segment_swap.h"

namespace kseg {
namespace {

constexpr SegmentFileKind kKinds[] = {SegmentFileKind::log, SegmentFileKind::offset_index,
                                      SegmentFileKind::time_index, SegmentFileKind::transaction_index};

bool is_snapshot(const OriginalsManifest::KeptFile& file) {
  return parse_segment_file_name(file.name)->kind == SegmentFileKind::producer_snapshot;
}

std::string text_of(std::optional<Offset> entry) {
  return entry ? fmt::format("{}", *entry) : "no entry";
}

}  // namespace

bool PartitionUndo::holds_originals(FileSystem& files, const Path& kept) {
  const auto name = parse_partition_folder_name(kept.filename().string());
  if (!name || name->kind != PartitionFolderKind::current) return false;
  if (files.info(kept / kManifest) || files.info(kept / kUndoneManifest)) return true;
  return files.list(kept).empty();  // it was made, or it is all but removed
}

PartitionUndo::PartitionUndo(FileSystem& files, Path kept) : files_(files), kept_(std::move(kept)) {
  const Path path = kept_ / kManifest;
  if (!files_.info(path)) return;
  auto manifest = OriginalsManifest::decode(read_file(files_, path));
  if (!manifest) {
    damaged_ = Refusal{.reason = "the list of originals is damaged", .defects = {{path, manifest.error()}}};
    return;
  }
  if (!manifest->partition) {
    // Links are made when it is whole: without any, nothing was swapped.
    if (files_.list(kept_).size() > 1)
      damaged_ = Refusal{.reason = fmt::format("{}: the list of originals is damaged", path.string())};
    return;
  }
  if (manifest->partition->folder.filename() != kept_.filename()) {
    damaged_ = Refusal{.reason = fmt::format("{}: holds originals of {}, by another name", kept_.string(),
                                             manifest->partition->folder.string())};
    return;
  }
  manifest_ = std::move(*manifest);
  partition_ = manifest_.partition->folder;
  root_ = LogDir::parent_of(files_, partition_);
}

std::optional<Refusal> PartitionUndo::check() {
  if (damaged_) return damaged_;
  if (nothing_to_do()) return std::nullopt;
  if (!files_.info(partition_)) {
    return Refusal{.reason = fmt::format("{}: is not there any more", partition_.string())};
  }
  if (auto refusal = check_root()) return refusal;
  const PartitionLog log = PartitionLog::open(files_, partition_);
  if (log.segments().empty()) return refuse_no_segment(partition_);
  if (auto refusal = check_swap(log)) return refusal;
  std::vector<std::string> differences;
  check_kept(differences);
  check_log(log, differences);
  if (auto refusal = check_checkpoint(differences)) return refusal;
  if (!differences.empty()) {
    return Refusal{.reason = fmt::format("{}: is not as the compaction left it", partition_.string()),
                   .hint = "what was written since would be lost; the originals stay where they are",
                   .details = std::move(differences)};
  }
  count(log);
  return std::nullopt;
}

std::optional<Refusal> PartitionUndo::check_root() {
  if (!root_ || root_->cleanly_shut_down()) return std::nullopt;
  return refuse_unclean(*root_, "start and stop the broker once so that it recovers its logs");
}

std::optional<Refusal> PartitionUndo::check_swap(const PartitionLog& log) const {
  for (const auto& [from, to] : log.load_plan().renamed) {
    const auto offset = leading_offset(from);
    if (!offset || group_of(*offset) == nullptr) return refuse_unfinished_swap(log);
  }
  return std::nullopt;
}

void PartitionUndo::check_kept(std::vector<std::string>& differences) const {
  for (const Group& group : manifest_.groups) {
    for (const KeptFile& file : group.kept) {
      const auto info = files_.info(kept_ / file.name);
      if (!info) {
        differences.push_back(fmt::format("{} is not kept any more", file.name));
      } else if (info->size_bytes != file.size_bytes || info->mtime_ns != file.mtime_ns) {
        differences.push_back(fmt::format("{} was written to where it is kept", file.name));
      }
    }
  }
}

// The indexes are not looked at: they follow from the log, and a broker may have built them anew.
void PartitionUndo::check_log(const PartitionLog& log, std::vector<std::string>& differences) const {
  const auto& logs = manifest_.partition->logs;
  std::set<Offset> present;
  for (const Segment& segment : log.segments()) {
    const SegmentFileName name{.kind = SegmentFileKind::log, .offset = segment.base_offset};
    const auto known = std::find_if(logs.begin(), logs.end(),
                                    [&](const KeptFile& file) { return file.name == to_string(name); });
    present.insert(segment.base_offset);
    if (known == logs.end()) {
      differences.push_back(fmt::format("{} is new", to_string(name)));
    } else if (const Group* group = group_of(segment.base_offset)) {
      if (!is_output(*group, segment) && !same_file(*known, segment.log))
        differences.push_back(fmt::format("{} is another one", to_string(name)));
    } else if (segment.size_bytes != known->size_bytes) {
      differences.push_back(
          fmt::format("{} has {} bytes, it had {}", to_string(name), segment.size_bytes, known->size_bytes));
    } else if (segment.mtime_ns != known->mtime_ns) {
      differences.push_back(fmt::format("{} was written to", to_string(name)));
    }
  }
  for (const KeptFile& file : logs) {
    const Offset base = parse_segment_file_name(file.name)->offset;
    const Group* group = group_of(base);
    const bool needed = group == nullptr || group->bases().front() == base;
    if (needed && present.count(base) == 0)
      differences.push_back(fmt::format("{} is not there any more", file.name));
  }
}

std::optional<Refusal> PartitionUndo::check_checkpoint(std::vector<std::string>& differences) {
  if (!root_) return std::nullopt;
  const auto entries = root_->read_checkpoint(kCleanerCheckpoint);
  if (!entries) return refuse_checkpoint(root_->path() / kCleanerCheckpoint, entries.error());
  const auto now = find(*entries, parse_partition_folder_name(partition_.filename().string())->partition);
  const auto& before = manifest_.partition->checkpoint_before;
  const auto& after = manifest_.partition->checkpoint_after;
  report_.checkpoint = before;
  report_.sets_checkpoint = now != before;
  if (now == before || (after && now == after)) return std::nullopt;
  differences.push_back(
      fmt::format("{} says {}, not {}", kCleanerCheckpoint, text_of(now), text_of(after ? after : before)));
  return std::nullopt;
}

void PartitionUndo::count(const PartitionLog& log) {
  report_.groups = manifest_.groups.size();
  for (const Group& group : manifest_.groups) {
    if (!is_in_place(group)) ++report_.groups_swapped;
  }
  report_.segments_before = log.segments().size();
  for (const Segment& segment : log.segments()) report_.log_bytes_before += segment.size_bytes;
  report_.segments_after = manifest_.partition->logs.size();
  for (const KeptFile& file : manifest_.partition->logs) report_.log_bytes_after += file.size_bytes;
}

// Whose segments `offset` lies among.
const OriginalsManifest::Group* PartitionUndo::group_of(Offset offset) const {
  for (const Group& group : manifest_.groups) {
    const auto bases = group.bases();
    if (bases.front() <= offset && offset <= bases.back()) return &group;
  }
  return nullptr;
}

// As it was kept, times included.
bool PartitionUndo::same_file(const KeptFile& file, const Path& now) const {
  const auto info = files_.info(now);
  if (!info || info->size_bytes != file.size_bytes || info->mtime_ns != file.mtime_ns) return false;
  return file_digest(files_, now) == file_digest(files_, kept_ / file.name);
}

bool PartitionUndo::is_output(const Group& group, const Segment& segment) const {
  return segment.base_offset == group.bases().front() && segment.size_bytes == group.output_bytes &&
         file_digest(files_, segment.log) == group.output;
}

// Snapshots aside.
bool PartitionUndo::is_in_place(const Group& group) const {
  std::set<std::string> names;
  for (const KeptFile& file : group.kept) {
    if (is_snapshot(file)) continue;
    if (!same_file(file, partition_ / file.name)) return false;
    names.insert(file.name);
  }
  for (const Offset base : group.bases()) {
    for (const auto kind : kKinds) {
      const std::string name = to_string(SegmentFileName{.kind = kind, .offset = base});
      if (names.count(name) == 0 && files_.info(partition_ / name)) return false;
    }
  }
  return true;
}

std::optional<Refusal> PartitionUndo::run() {
  if (nothing_to_do()) {
    clear();
    return std::nullopt;
  }
  finish_interrupted_swap();
  if (auto refusal = restore_checkpoint()) return refusal;
  for (auto group = manifest_.groups.rbegin(); group != manifest_.groups.rend(); ++group) {
    if (!is_in_place(*group)) restore(*group);
    restore_snapshots(*group);
  }
  files_.rename(kept_ / kManifest, kept_ / kUndoneManifest);
  files_.sync_directory(kept_);
  clear();
  return std::nullopt;
}

// As a broker does when it starts, so that what check() saw is what is there.
void PartitionUndo::finish_interrupted_swap() {
  const LoadPlan plan = PartitionLog::open(files_, partition_).load_plan();
  if (plan.removed.empty() && plan.renamed.empty()) return;
  for (const std::string& name : plan.removed) files_.remove(partition_ / name);
  files_.sync_directory(partition_);
  for (const auto& [from, to] : plan.renamed) files_.rename(partition_ / from, partition_ / to);
  files_.sync_directory(partition_);
}

std::optional<Refusal> PartitionUndo::restore_checkpoint() {
  if (!report_.sets_checkpoint) return std::nullopt;
  const auto partition = parse_partition_folder_name(partition_.filename().string())->partition;
  const auto& before = manifest_.partition->checkpoint_before;
  const auto defect = before ? root_->write_checkpoint(kCleanerCheckpoint, partition, *before)
                             : root_->drop_from_checkpoint(kCleanerCheckpoint, partition);
  if (!defect) return std::nullopt;
  return refuse_checkpoint(root_->path() / kCleanerCheckpoint, *defect);
}

void PartitionUndo::restore(const Group& group) {
  const auto cleaned = [&](const KeptFile& file) {
    return partition_ / (file.name + std::string(extension(FileState::cleaned)));
  };
  try {
    for (const KeptFile& file : group.kept) {
      if (!is_snapshot(file)) files_.link(kept_ / file.name, cleaned(file));
    }
    files_.sync_directory(partition_);
  } catch (const IoError&) {
    for (const KeptFile& file : group.kept) {
      if (!is_snapshot(file) && files_.info(cleaned(file))) files_.remove(cleaned(file));
    }
    throw;
  }
  swap_in_several(files_, partition_, group.bases());
}

void PartitionUndo::restore_snapshots(const Group& group) {
  bool linked = false;
  for (const KeptFile& file : group.kept) {
    if (!is_snapshot(file) || files_.info(partition_ / file.name)) continue;
    files_.link(kept_ / file.name, partition_ / file.name);
    linked = true;
  }
  if (linked) files_.sync_directory(partition_);
}

// The manifest goes last: while it is there, it is known what these files are.
void PartitionUndo::clear() {
  for (const DirectoryEntry& entry : files_.list(kept_)) {
    const auto name = parse_segment_file_name(entry.name);
    if (!entry.is_directory && name && is_canonical(entry.name)) files_.remove(kept_ / entry.name);
  }
  for (const std::string_view name : {kManifest, kUndoneManifest}) {
    if (files_.info(kept_ / name)) files_.remove(kept_ / name);
  }
  files_.remove(kept_);
  const Path parent = kept_.parent_path();
  files_.sync_directory(parent.empty() ? Path(".") : parent);
}

}  // namespace kseg
