#include "lib/compaction.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>

#include "formats/offset_index.h"
#include "formats/time_index.h"
#include "lib/cleanable_range.h"
#include "lib/folder_copy.h"
#include "lib/group_cleaner.h"
#include "lib/log_dir.h"
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

class Compaction {
 public:
  Compaction(FileSystem& files, const CompactionRequest& request)
      : files_(files),
        request_(request),
        root_(LogDir::parent_of(files, request.partition)),
        lock_(root_ && in_place() ? root_->lock() : nullptr),
        log_(PartitionLog::open(files, request.partition)),
        policy_({.now_ms = request.now_ms,
                 .delete_retention_ms = request.config.delete_retention_ms,
                 .keep_tombstones = request.keep_tombstones,
                 .keep_markers = request.keep_markers}) {}

  std::variant<CompactionReport, Refusal> run() {
    if (auto refusal = check_state()) return *refusal;
    if (auto refusal = read_checkpoints()) return *refusal;
    if (auto refusal = guard_policy()) return *refusal;
    if (auto refusal = check_output()) return *refusal;
    if (auto refusal = scan_log()) return *refusal;
    if (range_.cleanable_bytes == 0) return finish_without_round();
    if (auto refusal = plan_round()) return *refusal;
    if (auto refusal = execute()) return *refusal;
    return std::move(report_);
  }

 private:
  bool in_place() const { return !request_.dry_run && !request_.output; }
  const Path& partition() const { return request_.partition; }

  // A broker that holds the directory or did not leave it clean, and swaps that it did not finish.
  std::optional<Refusal> check_state() {
    if (root_ && in_place() && !lock_) {
      return refuse_running_broker(*root_, "stop the broker first; --dry-run and --output work beside it");
    }
    if (root_ && !root_->cleanly_shut_down()) {
      const Refusal refusal =
          refuse_unclean(*root_,
                         "start and stop the broker once so that it recovers the log; --dry-run and --output "
                         "work as it is");
      if (in_place()) return refusal;
      report_.warnings.push_back(refusal.reason + ": a broker would first recover the end of the log");
    }
    if (log_.segments().empty()) return refuse_no_segment(partition());
    if (log_.load_plan().unfinished_swap()) return refuse_unfinished_swap(log_);
    return std::nullopt;
  }

  std::optional<Refusal> read_checkpoints() {
    range_inputs_.log_start = log_.segments().front().base_offset;
    range_inputs_.now_ms = request_.now_ms;
    range_inputs_.asked_first_dirty = request_.first_dirty;
    range_inputs_.asked_first_uncleanable = request_.first_uncleanable;
    if (!root_) {
      report_.warnings.push_back(
          "no log directory around this folder: the high watermark is unknown, everything below the active "
          "segment "
          "and the last stable offset counts as replicated");
      return std::nullopt;
    }
    if (!log_.name()) return refuse_folder_name(partition());
    const TopicPartition& name = log_.name()->partition;
    std::optional<Offset> values[3];
    const std::string_view names[] = {kLogStartCheckpoint, kReplicationCheckpoint, kCleanerCheckpoint};
    for (std::size_t i = 0; i < 3; ++i) {
      const auto entries = root_->read_checkpoint(names[i]);
      if (!entries) return refuse_checkpoint(root_->path() / names[i], entries.error());
      values[i] = find(*entries, name);
    }
    range_inputs_.log_start = std::max(range_inputs_.log_start, values[0].value_or(Offset{0}));
    // A broker takes a missing high watermark for 0, which it raises to the log start.
    range_inputs_.high_watermark = values[1].value_or(Offset{0});
    if (!values[1]) {
      report_.warnings.push_back(fmt::format("{} has no entry for {}: nothing counts as replicated",
                                             kReplicationCheckpoint, to_string(name)));
    }
    range_inputs_.checkpoint = values[2];
    return std::nullopt;
  }

  // Compacting a topic that is not meant to be destroys it.
  std::optional<Refusal> guard_policy() {
    if (!in_place()) return std::nullopt;
    if (log_.name() && log_.name()->partition.topic == kClusterMetadataTopic) {
      return Refusal{
          .reason = fmt::format("{}: the metadata log must never be compacted by key", partition().string()),
          .hint = ""};
    }
    if (request_.config.known_to_be_compacted().value_or(range_inputs_.checkpoint.has_value()))
      return std::nullopt;
    return Refusal{
        .reason = fmt::format("{}: not known to be a compacted topic; compacting any other destroys it",
                              partition().string()),
        .hint = "--config cleanup.policy=compact says that it is; --dry-run and --output are always allowed"};
  }

  std::optional<Refusal> check_output() {
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

  static Path folder_of(const Path& path) {
    const Path folder = path.parent_path();
    return folder.empty() ? Path(".") : folder;
  }

  std::optional<Refusal> scan_log() {
    scan_ = LogScan::of(files_, log_,
                        {.log_start = range_inputs_.log_start,
                         .high_watermark = range_inputs_.high_watermark,
                         .now_ms = request_.now_ms,
                         .producer_expiration_ms = request_.config.producer_id_expiration_ms});
    if (!scan_.defects.empty()) return damaged(std::move(scan_.defects));
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

  static Refusal damaged(std::vector<LocatedDefect> defects) {
    const bool only_legacy = std::all_of(defects.begin(), defects.end(), [](const LocatedDefect& defect) {
      return defect.defect.code == DefectCode::legacy_magic;
    });
    if (only_legacy) {
      return Refusal{
          .reason = "batches of message format 0 or 1, which kseg cannot compact yet; nothing was changed",
          .hint = "",
          .details = {},
          .defects = std::move(defects)};
    }
    return Refusal{.reason = "the log is damaged, nothing was changed",
                   .hint = "compacting it would hide the damage; verify shows all of it",
                   .details = {},
                   .defects = std::move(defects)};
  }

  std::variant<CompactionReport, Refusal> finish_without_round() {
    if (request_.output && !request_.dry_run) {
      FolderCopy copy(files_, partition(), *request_.output);
      copy.copy_rest({});
      copy.publish();
    }
    return std::move(report_);
  }

  std::optional<Refusal> plan_round() {
    plan_ = plan_cleaning(files_, log_, scan_,
                          {.first_dirty = range_.first_dirty,
                           .first_uncleanable = range_.first_uncleanable,
                           .high_watermark = range_.high_watermark},
                          policy_, request_.compat);
    if (!plan_.defects.empty()) return damaged(std::move(plan_.defects));
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
                       .offset_index_bytes = used_index_bytes<OffsetIndexView>(files_, segment.offset_index,
                                                                               segment.base_offset),
                       .time_index_bytes =
                           used_index_bytes<TimeIndexView>(files_, segment.time_index, segment.base_offset)});
    }
    groups_ = group_segments(sizes, range_.first_uncleanable,
                             {.segment_bytes = request_.config.segment_bytes,
                              .segment_index_bytes = request_.config.segment_index_bytes});
    report_.groups = groups_.size();
    report_.segments_after = report_.segments_before - plan_.segment_count + groups_.size();
    return std::nullopt;
  }

  std::optional<Refusal> execute() {
    GroupCleaner cleaner(files_, log_, scan_, plan_, policy_.new_horizon_ms(),
                         request_.config.index_interval_bytes);
    if (request_.dry_run) return measure(cleaner);
    if (request_.output) return write_folder(cleaner);
    return swap_groups(cleaner);
  }

  std::uint64_t bytes_of(const SegmentGroup& group) const {
    std::uint64_t bytes = 0;
    for (std::size_t i = group.first; i <= group.last; ++i) bytes += log_.segments()[i].size_bytes;
    return bytes;
  }

  void account(const SegmentGroup& group, const GroupResult& result) {
    report_.log_bytes_after -= bytes_of(group) - result.log_bytes;
  }

  std::optional<Refusal> failed(LocatedDefect defect) const {
    return Refusal{.reason = "a segment could not be rewritten, the old one stays",
                   .hint = "",
                   .details = {},
                   .defects = {std::move(defect)}};
  }

  std::optional<Refusal> measure(GroupCleaner& cleaner) {
    for (const SegmentGroup& group : groups_) {
      if (cleaner.is_unchanged(group)) {
        ++report_.groups_unchanged;
        continue;
      }
      GroupResult result;
      if (auto defect = cleaner.measure(group, result)) return failed(*defect);
      account(group, result);
    }
    return std::nullopt;
  }

  SegmentWriter::Options writer_options(const SegmentGroup& group, const Path& folder, FileState state) {
    const Segment& first = log_.segments()[group.first];
    const auto mode = files_.info(first.log)->mode;
    const auto owner = files_.info(partition());
    SegmentWriter::Options options{.folder = folder,
                                   .base_offset = first.base_offset,
                                   .state = state,
                                   .index_interval_bytes = request_.config.index_interval_bytes,
                                   .mode = mode,
                                   .owner = std::nullopt};
    if (geteuid() == 0) options.owner = {owner->user_id, owner->group_id};
    return options;
  }

  std::optional<Refusal> swap_groups(GroupCleaner& cleaner) {
    for (const SegmentGroup& group : groups_) {
      if (cleaner.is_unchanged(group)) {
        ++report_.groups_unchanged;
        continue;
      }
      GroupResult result;
      if (auto defect = cleaner.copy(group, writer_options(group, partition(), FileState::cleaned), result)) {
        return failed(*defect);
      }
      swap_in(files_, log_, std::span{log_.segments()}.subspan(group.first, group.size()));
      account(group, result);
    }
    return advance_checkpoint();
  }

  std::optional<Refusal> advance_checkpoint() {
    if (!root_ || range_.first_dirty > range_.validated_first_dirty) return std::nullopt;
    const Offset end = std::max(range_.first_uncleanable, range_.validated_first_dirty);
    if (auto defect = root_->write_checkpoint(kCleanerCheckpoint, log_.name()->partition, end)) {
      return failed({root_->path() / kCleanerCheckpoint, *defect});
    }
    report_.checkpoint = end;
    return std::nullopt;
  }

  std::optional<Refusal> write_folder(GroupCleaner& cleaner) {
    FolderCopy copy(files_, partition(), *request_.output);
    std::vector<std::string> replaced;  // names in the source that the copy does not take over
    for (const SegmentGroup& group : groups_) {
      const auto sources = std::span{log_.segments()}.subspan(group.first, group.size());
      const bool unchanged = cleaner.is_unchanged(group);
      if (unchanged) {
        ++report_.groups_unchanged;
        continue;  // copied with the rest
      }
      GroupResult result;
      if (auto defect =
              cleaner.copy(group, writer_options(group, copy.folder(), FileState::current), result)) {
        return failed(*defect);
      }
      account(group, result);
      for (const Segment& source : sources) {
        replaced.push_back(source.log.filename());
        for (const auto& file : {source.offset_index, source.time_index, source.transaction_index}) {
          if (file) replaced.push_back(file->filename());
        }
        const auto snapshot = log_.snapshots().find(source.base_offset);
        const bool surplus = source.base_offset != sources.front().base_offset;
        if (surplus && snapshot != log_.snapshots().end()) replaced.push_back(snapshot->second.filename());
      }
    }
    copy.copy_rest(replaced);
    copy.publish();
    return std::nullopt;
  }

  FileSystem& files_;
  const CompactionRequest& request_;
  std::optional<LogDir> root_;
  std::unique_ptr<FileLock> lock_;  // held before the folder is listed
  PartitionLog log_;
  RetentionPolicy policy_;
  CleanableRange::Inputs range_inputs_;
  LogScan scan_;
  CleanableRange range_;
  CleaningPlan plan_;
  std::vector<SegmentGroup> groups_;
  CompactionReport report_;
};

}  // namespace

std::variant<CompactionReport, Refusal> compact(FileSystem& files, const CompactionRequest& request) {
  return Compaction(files, request).run();
}

}  // namespace kseg
