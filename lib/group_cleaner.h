// Copies one group of segments into one, or into several if one cannot hold what comes out, as a plan says,
// checks what was written by reading it back, and tells what it would replace. Nothing is renamed here.
#pragma once

#include <functional>
#include <optional>

#include "lib/cleaning_plan.h"
#include "lib/group_output.h"
#include "lib/segment_groups.h"

namespace kseg {

struct GroupResult {
  std::uint64_t log_bytes = 0;  // of the output's `.log` files
  // Base offsets of the outputs, ascending. More than one where messages of formats 0 and 1 have grown past
  // what a `.log` may hold, or offsets have been further apart than an index can say all the time.
  std::vector<Offset> outputs;
};

class GroupCleaner {
 public:
  // `jobs` threads read and rebuild; what comes out does not depend on how many.
  GroupCleaner(FileSystem& files, const PartitionLog& log, const LogScan& scan, const CleaningPlan& plan,
               std::int64_t new_horizon_ms, std::uint64_t index_interval_bytes, const Compat& compat,
               std::size_t jobs)
      : files_(files),
        log_(log),
        scan_(scan),
        plan_(plan),
        new_horizon_ms_(new_horizon_ms),
        index_interval_bytes_(index_interval_bytes),
        keeps_legacy_(compat.keeps_legacy),
        jobs_(jobs) {}

  // Whether the group's only source, copied, would come out as the same files.
  bool is_unchanged(const SegmentGroup& group) const;

  // Writes the group's output with `options` (of further ones with other bases), finishes and reads it back.
  // Errors leave no output behind.
  std::optional<LocatedDefect> copy(const SegmentGroup& group, SegmentWriter::Options options, Split split,
                                    GroupResult& result) const;

  // The bytes that copy() would write, found by building them and writing nothing.
  std::optional<LocatedDefect> measure(const SegmentGroup& group, GroupResult& result) const;

 private:
  // Takes the batches that stay of a run, one behind the other.
  using Sink = std::function<std::optional<Defect>(std::span<const RecordBatchHeader>, Bytes)>;
  std::optional<LocatedDefect> each_run(const SegmentGroup& group, const Sink& sink) const;

  FileSystem& files_;
  const PartitionLog& log_;
  const LogScan& scan_;
  const CleaningPlan& plan_;
  std::int64_t new_horizon_ms_;
  std::uint64_t index_interval_bytes_;
  bool keeps_legacy_;
  std::size_t jobs_;
};

}  // namespace kseg
