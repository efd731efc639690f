// A compaction of one partition: scan, plan, and group by group copy, check, swap; then the checkpoint.
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "lib/cleanable_range.h"
#include "lib/cleaning_plan.h"
#include "lib/compat.h"
#include "lib/folder_copy.h"
#include "lib/group_cleaner.h"
#include "lib/log_dir_checkpoints.h"
#include "lib/originals.h"
#include "lib/refusal.h"
#include "lib/topic_config.h"

namespace kseg {

struct CompactionRequest {
  Path partition;
  std::optional<Path> output;          // a new folder to write to; else in place
  std::optional<Path> keep_originals;  // in place: a folder that Originals::prepare() made; see there
  bool dry_run = false;                // measure, write nothing
  bool recovered = false;              // what an unclean stop may have left was looked after
  TopicConfig config;
  Compat compat;
  bool keep_tombstones = false;
  bool keep_markers = false;
  std::optional<Offset> first_dirty;
  std::optional<Offset> first_uncleanable;
  std::int64_t now_ms = 0;
  std::uint64_t max_log_bytes =
      2'147'483'647;  // of an output, which else is split; no broker reads a larger one
  // For the sets of keys; more keys go to a temporary file, of a dry run in `temporary`, else where the
  // output goes.
  std::uint64_t memory_bytes = std::uint64_t{1} << 30;
  Path temporary = "/tmp";
  std::size_t jobs = 1;  // threads that read and rebuild; the result does not depend on how many

  bool in_place() const { return !dry_run && !output; }
};

struct CompactionReport {
  Offset log_start;
  Offset log_end;
  Offset first_dirty;
  Offset first_uncleanable;
  Offset high_watermark;
  bool high_watermark_known = false;
  bool ran = false;  // false: there was nothing to clean
  CleaningCounts counts;
  std::uint64_t segments_before = 0;  // of the whole log
  std::uint64_t segments_after = 0;
  std::uint64_t groups = 0;
  std::uint64_t groups_unchanged = 0;  // left alone
  std::uint64_t log_bytes_before = 0;  // of all `.log` files, the active one included
  std::uint64_t log_bytes_after = 0;
  std::uint64_t records_before = 0;  // likewise
  std::uint64_t records_after = 0;
  std::uint64_t distinct_keys = 0;
  std::uint64_t key_set_bytes = 0;
  std::optional<Offset> checkpoint;   // as written, if it was
  std::vector<std::string> warnings;  // what the caller should be told
};

// Steps, for a caller who has something to look at between them: plan(), next() until done(), finish().
// Behind each the partition is sound, and so it is if the caller stops there. All throw IoError.
class PartitionCompaction {
 public:
  // Lists the folder. `root` is the log directory it lies in, `checkpoints` are its (read, not kept); in
  // place the caller holds its lock. Neither is there for a copied folder.
  PartitionCompaction(FileSystem& files, CompactionRequest request, std::optional<LogDir> root,
                      const LogDirCheckpoints* checkpoints);
  PartitionCompaction(const PartitionCompaction&) = delete;
  PartitionCompaction& operator=(const PartitionCompaction&) = delete;

  // Up to the last decision; nothing is written.
  std::optional<Refusal> plan();

  // Whether no group is left that would change.
  bool done() const { return next_group_ == groups_.size(); }
  std::uint64_t groups_left() const { return groups_.size() - next_group_; }  // that may change
  // The bytes that next() takes on the disk until it has swapped: what the group has now, which is seldom
  // exceeded; or what it will have, measured by building it and writing nothing.
  std::uint64_t source_bytes() const;
  std::uint64_t measure_next();
  // Rewrites a group and swaps it in (or measures it, or writes it to the output).
  std::optional<Refusal> next();

  // Advances the checkpoint, or completes the output folder.
  std::optional<Refusal> finish();

  const CompactionReport& report() const { return report_; }
  const PartitionLog& log() const { return log_; }

 private:
  const Path& partition() const { return request_.partition; }
  std::optional<Refusal> check_state();
  std::optional<Refusal> take_checkpoints();
  std::optional<Refusal> guard_policy() const;
  std::optional<Refusal> check_output() const;
  std::optional<Refusal> scan_log();
  std::optional<Refusal> plan_round();
  Path spill_directory() const;
  std::int64_t legacy_delete_horizon_ms() const;
  void skip_unchanged();
  std::span<const Segment> sources(const SegmentGroup& group) const;
  std::uint64_t index_bytes(const SegmentGroup& group) const;
  void account(const SegmentGroup& group, const GroupResult& result);
  SegmentWriter::Options writer_options(const SegmentGroup& group, const Path& folder, FileState state);
  std::optional<LocatedDefect> write_group(const SegmentGroup& group, GroupResult& result);
  FolderCopy& output_folder();
  void leave_out(const SegmentGroup& group);
  std::optional<Offset> next_checkpoint() const;
  Originals* originals();

  FileSystem& files_;
  const CompactionRequest request_;
  std::optional<LogDir> root_;
  LogDirCheckpoints::Of checkpoints_;
  std::optional<LocatedDefect> bad_checkpoint_;
  PartitionLog log_;
  RetentionPolicy policy_;
  CleanableRange::Inputs range_inputs_;
  LogScan scan_;
  CleanableRange range_;
  CleaningPlan plan_;
  std::vector<SegmentGroup> groups_;
  std::size_t next_group_ = 0;
  std::optional<GroupCleaner> cleaner_;
  std::optional<Originals> originals_;
  std::optional<FolderCopy> copy_;     // of an output folder
  std::vector<std::string> replaced_;  // names in the source that the copy does not take over
  CompactionReport report_;
};

// All of it, with the lock of the log directory around it. Throws IoError.
std::variant<CompactionReport, Refusal> compact(FileSystem& files, const CompactionRequest& request);

}  // namespace kseg
