#include "lib/compaction.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>

#include "formats/offset_index.h"
#include "formats/time_index.h"
#include "lib/segment_swap.h"

namespace kseg {
namespace {

// Bytes of an index's entries, without padding.
template <typename IndexView>
std::uint64_t used_index_bytes(FileSystem& files, const std::optional<Path>& path, Offset base_offset) {
  if (!path) return 0;
  const ByteBuffer bytes = read_file(files, *path);
  return IndexView(bytes, base_offset).used_bytes();
}

Path folder_of(const Path& path) {
  const Path folder = path.parent_path();
  return folder.empty() ? Path(".") : folder;
}

Refusal not_rewritten(LocatedDefect defect) {
  return {.reason = "a segment could not be rewritten, the old one stays",
          .hint = "",
          .details = {},
          .defects = {std::move(defect)}};
}

}  // namespace

PartitionCompaction::PartitionCompaction(FileSystem& files, CompactionRequest request,
                                         std::optional<LogDir> root, const LogDirCheckpoints* checkpoints)
    : files_(files),
      request_(std::move(request)),
      root_(std::move(root)),
      log_(PartitionLog::open(files, request_.partition)),
      policy_({.now_ms = request_.now_ms,
               .delete_retention_ms = request_.config.delete_retention_ms,
               .keep_tombstones = request_.keep_tombstones,
               .keep_markers = request_.keep_markers,
               .keeps_legacy = request_.compat.keeps_legacy}) {
  if (!root_) return;
  if (log_.name()) checkpoints_ = checkpoints->of(log_.name()->partition);
  for (const std::string_view name : {kLogStartCheckpoint, kReplicationCheckpoint, kCleanerCheckpoint}) {
    const Defect* defect = checkpoints->defect(name);
    if (defect != nullptr && !bad_checkpoint_) bad_checkpoint_ = {root_->path() / name, *defect};
  }
}

std::optional<Refusal> PartitionCompaction::plan() {
  if (auto refusal = check_state()) return refusal;
  if (auto refusal = take_checkpoints()) return refusal;
  if (auto refusal = guard_policy()) return refusal;
  if (auto refusal = check_output()) return refusal;
  if (request_.in_place() && request_.keep_originals) {
    if (auto refusal = Originals::refusal(files_, *request_.keep_originals, log_)) return refusal;
  }
  if (auto refusal = scan_log()) return refusal;
  return range_.cleanable_bytes == 0 ? std::nullopt : plan_round();
}

// A directory that a broker did not leave clean, and swaps that it did not finish.
std::optional<Refusal> PartitionCompaction::check_state() {
  if (root_ && !request_.recovered && !root_->cleanly_shut_down()) {
    const Refusal refusal = refuse_unclean(
        *root_, "--recover does what a broker would do first; --dry-run and --output work as it is");
    if (request_.in_place()) return refusal;
    report_.warnings.push_back(refusal.reason + ": a broker would first recover the end of the log");
  }
  if (log_.segments().empty()) return refuse_no_segment(partition());
  if (auto refusal = refuse_listing(log_)) return refusal;
  return std::nullopt;
}

std::optional<Refusal> PartitionCompaction::take_checkpoints() {
  range_inputs_.log_start = log_.segments().front().base_offset;
  range_inputs_.now_ms = request_.now_ms;
  range_inputs_.asked_first_dirty = request_.first_dirty;
  range_inputs_.asked_first_uncleanable = request_.first_uncleanable;
  if (!root_) {
    report_.warnings.push_back(
        "no log directory around this folder: the high watermark is unknown, everything below the active "
        "segment and the last stable offset counts as replicated");
    return std::nullopt;
  }
  if (!log_.name()) return refuse_folder_name(partition());
  if (bad_checkpoint_) return refuse_checkpoint(bad_checkpoint_->file, bad_checkpoint_->defect);
  range_inputs_.log_start =
      std::max(range_inputs_.log_start, checkpoints_.log_start.value_or(range_inputs_.log_start));
  // A broker takes a missing high watermark for 0, which it raises to the log start.
  range_inputs_.high_watermark = checkpoints_.high_watermark.value_or(Offset{0});
  if (!checkpoints_.high_watermark) {
    report_.warnings.push_back(fmt::format("{} has no entry for {}: nothing counts as replicated",
                                           kReplicationCheckpoint, to_string(log_.name()->partition)));
  }
  range_inputs_.checkpoint = checkpoints_.first_dirty;
  return std::nullopt;
}

// Compacting a topic that is not meant to be destroys it.
std::optional<Refusal> PartitionCompaction::guard_policy() const {
  if (!request_.in_place()) return std::nullopt;
  if (log_.name() && log_.name()->partition.topic == kClusterMetadataTopic) {
    return Refusal{
        .reason = fmt::format("{}: the metadata log must never be compacted by key", partition().string()),
        .hint = ""};
  }
  const auto known = request_.config.known_to_be_compacted();
  if (known.value_or(range_inputs_.checkpoint.has_value())) return std::nullopt;
  return Refusal{.reason = known
                               ? fmt::format("{}: cleanup.policy is not compact: compacting would destroy it",
                                             partition().string())
                               : fmt::format("{}: not known to be a compacted topic; compacting any other "
                                             "destroys it",
                                             partition().string()),
                 .hint =
                     "--config cleanup.policy=compact says that it is; --dry-run and --output are always "
                     "allowed"};
}

std::optional<Refusal> PartitionCompaction::check_output() const {
  if (!request_.output) return std::nullopt;
  if (files_.info(*request_.output)) {
    return Refusal{.reason = fmt::format("{}: is there already", request_.output->string()),
                   .hint = "give the name of a new folder"};
  }
  if (LogDir::is_root(files_, folder_of(*request_.output))) {
    return Refusal{
        .reason = fmt::format("{}: lies in a log directory, where a broker would not start beside it",
                              request_.output->string()),
        .hint = "give a folder outside of any log directory"};
  }
  return std::nullopt;
}

std::optional<Refusal> PartitionCompaction::scan_log() {
  scan_ = LogScan::of(files_, log_,
                      {.log_start = range_inputs_.log_start,
                       .high_watermark = range_inputs_.high_watermark,
                       .now_ms = request_.now_ms,
                       .producer_expiration_ms = request_.config.producer_id_expiration_ms,
                       .jobs = request_.jobs});
  if (!scan_.defects.empty()) return refuse_damaged(std::move(scan_.defects));
  range_inputs_.log_end = scan_.log_end;
  range_inputs_.first_unstable = scan_.first_unstable;
  range_ = CleanableRange::of(files_, log_, request_.config, range_inputs_);

  auto& warnings = report_.warnings;
  warnings.insert(warnings.end(), scan_.notes.begin(), scan_.notes.end());
  warnings.insert(warnings.end(), range_.warnings.begin(), range_.warnings.end());
  report_.log_start = range_inputs_.log_start;
  report_.log_end = scan_.log_end;
  report_.first_dirty = range_.first_dirty;
  report_.first_uncleanable = range_.first_uncleanable;
  report_.high_watermark = range_.high_watermark;
  report_.high_watermark_known = range_inputs_.high_watermark.has_value();
  report_.segments_before = report_.segments_after = log_.segments().size();
  for (std::size_t i = 0; i < log_.segments().size(); ++i) {
    report_.log_bytes_before += log_.segments()[i].size_bytes;
    report_.records_before += scan_.segments[i].record_count;
  }
  report_.log_bytes_after = report_.log_bytes_before;
  report_.records_after = report_.records_before;
  return std::nullopt;
}

std::optional<Refusal> PartitionCompaction::plan_round() {
  plan_ = plan_cleaning(files_, log_, scan_,
                        {.first_dirty = range_.first_dirty,
                         .first_uncleanable = range_.first_uncleanable,
                         .high_watermark = range_.high_watermark,
                         .legacy_delete_horizon_ms = legacy_delete_horizon_ms()},
                        policy_, request_.compat, request_.jobs,
                        {.directory = spill_directory(), .memory_bytes = request_.memory_bytes});
  if (!plan_.defects.empty()) return refuse_damaged(std::move(plan_.defects));
  report_.ran = true;
  report_.counts = plan_.counts;
  report_.distinct_keys = plan_.distinct_keys;
  report_.key_set_bytes = plan_.key_set_bytes;
  report_.records_after -= plan_.counts.records_read - plan_.counts.records_kept;

  std::vector<SegmentSizes> sizes;
  for (std::size_t i = 0; i < plan_.segment_count; ++i) {
    const Segment& segment = log_.segments()[i];
    sizes.push_back({.base_offset = segment.base_offset,
                     .log_bytes = segment.size_bytes,
                     .offset_index_bytes =
                         used_index_bytes<OffsetIndexView>(files_, segment.offset_index, segment.base_offset),
                     .time_index_bytes =
                         used_index_bytes<TimeIndexView>(files_, segment.time_index, segment.base_offset)});
  }
  groups_ = group_segments(sizes, range_.first_uncleanable,
                           {.segment_bytes = request_.config.segment_bytes,
                            .segment_index_bytes = request_.config.segment_index_bytes});
  report_.groups = groups_.size();
  report_.segments_after = report_.segments_before - plan_.segment_count + groups_.size();
  cleaner_.emplace(files_, log_, scan_, plan_, policy_.new_horizon_ms(), request_.config.index_interval_bytes,
                   request_.compat, request_.jobs);
  skip_unchanged();
  return std::nullopt;
}

// It is what is written to anyway that has the space.
Path PartitionCompaction::spill_directory() const {
  if (request_.dry_run) return request_.temporary;
  return request_.output ? folder_of(*request_.output) : partition();
}

// From the last segment that a cleaner has read before, delete.retention.ms back; 0 if there is none.
std::int64_t PartitionCompaction::legacy_delete_horizon_ms() const {
  std::int64_t horizon_ms = 0;
  for (const Segment& segment : log_.segments()) {
    if (segment.base_offset < range_.first_dirty)
      horizon_ms = segment.mtime_ms() - request_.config.delete_retention_ms;
  }
  return horizon_ms;
}

void PartitionCompaction::skip_unchanged() {
  for (; !done() && cleaner_->is_unchanged(groups_[next_group_]); ++next_group_) ++report_.groups_unchanged;
}

std::span<const Segment> PartitionCompaction::sources(const SegmentGroup& group) const {
  return std::span{log_.segments()}.subspan(group.first, group.size());
}

std::uint64_t PartitionCompaction::index_bytes(const SegmentGroup& group) const {
  std::uint64_t bytes = 0;
  for (const Segment& source : sources(group)) {
    for (const auto& file : {source.offset_index, source.time_index, source.transaction_index}) {
      const auto info = file ? files_.info(*file) : std::nullopt;
      if (info) bytes += info->size_bytes;
    }
  }
  return bytes;
}

std::uint64_t PartitionCompaction::source_bytes() const {
  std::uint64_t bytes = index_bytes(groups_[next_group_]);
  for (const Segment& source : sources(groups_[next_group_])) bytes += source.size_bytes;
  return bytes;
}

std::uint64_t PartitionCompaction::measure_next() {
  const SegmentGroup& group = groups_[next_group_];
  GroupResult result;
  if (cleaner_->measure(group, result)) return source_bytes();  // next() will say what is wrong
  return result.log_bytes + index_bytes(group);
}

void PartitionCompaction::account(const SegmentGroup& group, const GroupResult& result) {
  std::uint64_t bytes = 0;
  for (const Segment& source : sources(group)) bytes += source.size_bytes;
  report_.log_bytes_after -= bytes - result.log_bytes;
}

SegmentWriter::Options PartitionCompaction::writer_options(const SegmentGroup& group, const Path& folder,
                                                           FileState state) {
  const Segment& first = log_.segments()[group.first];
  const auto mode = files_.info(first.log)->mode;
  const auto owner = files_.info(partition());
  SegmentWriter::Options options{.folder = folder,
                                 .base_offset = first.base_offset,
                                 .state = state,
                                 .index_interval_bytes = request_.config.index_interval_bytes,
                                 .max_bytes = request_.max_log_bytes,
                                 .mode = mode,
                                 .owner = std::nullopt};
  if (geteuid() == 0) options.owner = {owner->user_id, owner->group_id};
  return options;
}

std::optional<Refusal> PartitionCompaction::next() {
  const SegmentGroup& group = groups_[next_group_];
  GroupResult result;
  if (auto defect = write_group(group, result)) return not_rewritten(*defect);
  account(group, result);
  ++next_group_;
  skip_unchanged();
  return std::nullopt;
}

std::optional<LocatedDefect> PartitionCompaction::write_group(const SegmentGroup& group,
                                                              GroupResult& result) {
  if (request_.dry_run) return cleaner_->measure(group, result);
  const bool in_place = request_.in_place();
  auto options = in_place ? writer_options(group, partition(), FileState::cleaned)
                          : writer_options(group, output_folder().folder(), FileState::current);
  // What undo puts back takes the place of one segment.
  const Split split = request_.keep_originals ? Split::never : Split::if_needed;
  // Before anything is written: what is refused here leaves no `.cleaned` file.
  Originals* const kept = in_place ? originals() : nullptr;
  if (auto defect = cleaner_->copy(group, std::move(options), split, result)) return defect;
  report_.segments_after += result.outputs.size() - 1;
  in_place ? swap_in(files_, log_, sources(group), result.outputs, kept) : leave_out(group);
  return std::nullopt;
}

FolderCopy& PartitionCompaction::output_folder() {
  if (!copy_) copy_.emplace(files_, partition(), *request_.output);
  return *copy_;
}

// What the group was made from is not copied to the output folder.
void PartitionCompaction::leave_out(const SegmentGroup& group) {
  for (const Segment& source : sources(group)) {
    replaced_.push_back(source.log.filename());
    for (const auto& file : {source.offset_index, source.time_index, source.transaction_index}) {
      if (file) replaced_.push_back(file->filename());
    }
    const auto snapshot = log_.snapshots().find(source.base_offset);
    const bool surplus = source.base_offset != sources(group).front().base_offset;
    if (surplus && snapshot != log_.snapshots().end()) replaced_.push_back(snapshot->second.filename());
  }
}

// As it is to be written after the last group; nothing if it is not.
std::optional<Offset> PartitionCompaction::next_checkpoint() const {
  if (!report_.ran || !root_ || range_.first_dirty > range_.validated_first_dirty) return std::nullopt;
  return std::max(range_.first_uncleanable, range_.validated_first_dirty);
}

// Null if they are not to be kept. The entry that they remember is the one on the disk now: the caller may
// have reset one that could not be.
Originals* PartitionCompaction::originals() {
  if (!request_.keep_originals) return nullptr;
  if (!originals_) {
    Originals::Request request{.folder = *request_.keep_originals, .checkpoint_after = next_checkpoint()};
    if (root_) {
      const auto entries = root_->read_checkpoint(kCleanerCheckpoint);
      request.checkpoint_before = entries ? find(*entries, log_.name()->partition) : checkpoints_.first_dirty;
    }
    originals_.emplace(files_, log_, std::move(request));
  }
  return &*originals_;
}

std::optional<Refusal> PartitionCompaction::finish() {
  if (request_.dry_run) return std::nullopt;
  if (request_.output) {
    output_folder().copy_rest(replaced_);
    output_folder().publish();
    return std::nullopt;
  }
  const auto end = next_checkpoint();
  if (!end) return std::nullopt;
  if (auto defect = root_->write_checkpoint(kCleanerCheckpoint, log_.name()->partition, *end)) {
    return not_rewritten({root_->path() / kCleanerCheckpoint, *defect});
  }
  report_.checkpoint = end;
  return std::nullopt;
}

std::variant<CompactionReport, Refusal> compact(FileSystem& files, const CompactionRequest& request) {
  const auto root = LogDir::parent_of(files, request.partition);
  std::unique_ptr<FileLock> lock;  // held before the folder is listed
  std::optional<LogDirCheckpoints> checkpoints;
  if (root && request.in_place()) {
    lock = root->lock();
    if (!lock) {
      return refuse_running_broker(*root, "stop the broker first; --dry-run and --output work beside it");
    }
  }
  if (root) checkpoints = LogDirCheckpoints::read(*root);
  PartitionCompaction compaction(files, request, root, checkpoints ? &*checkpoints : nullptr);
  if (auto refusal = compaction.plan()) return *refusal;
  while (!compaction.done()) {
    if (auto refusal = compaction.next()) return *refusal;
  }
  if (auto refusal = compaction.finish()) return *refusal;
  return compaction.report();
}

}  // namespace kseg
