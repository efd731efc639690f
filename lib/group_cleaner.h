// Copies one group of segments into one, or into several if one cannot hold what comes out, as a plan says,
// checks what was written by reading it back, and tells what it would replace. Nothing is renamed here.
#pragma once

#include <optional>

#include "formats/record_batch_builder.h"
#include "formats/wrapper_builder.h"
#include "lib/batch_chunk.h"
#include "lib/cleaning_plan.h"
#include "lib/segment_groups.h"
#include "lib/segment_writer.h"

namespace kseg {

struct GroupResult {
  bool unchanged = false;       // one source that already is what would be written: left alone
  std::uint64_t log_bytes = 0;  // of the output's `.log` files
  // Base offsets of the outputs, ascending. More than one where messages of formats 0 and 1 have grown past
  // what a `.log` may hold, or offsets have been further apart than an index can say all the time.
  std::vector<Offset> outputs;
};

// Whether a group that does not fit into one segment may become several.
enum class Split { if_needed, never };

class GroupCleaner {
 public:
  GroupCleaner(FileSystem& files, const PartitionLog& log, const LogScan& scan, CleaningPlan& plan,
               std::int64_t new_horizon_ms, std::uint64_t index_interval_bytes, const Compat& compat)
      : files_(files),
        log_(log),
        scan_(scan),
        plan_(plan),
        new_horizon_ms_(new_horizon_ms),
        index_interval_bytes_(index_interval_bytes),
        keeps_legacy_(compat.keeps_legacy) {}

  // Whether the group's only source, copied, would come out as the same files.
  bool is_unchanged(const SegmentGroup& group);

  // Writes the group's output with `options` (of further ones with other bases), finishes and reads it back.
  // Takes the kept bits of the plan: a group is copied once. Errors leave no output behind.
  std::optional<LocatedDefect> copy(const SegmentGroup& group, SegmentWriter::Options options, Split split,
                                    GroupResult& result);

  // The bytes that copy() would write, found by building them and writing nothing. The plan stays.
  std::optional<LocatedDefect> measure(const SegmentGroup& group, GroupResult& result);

 private:
  template <typename Sink>
  std::optional<LocatedDefect> each_batch(const SegmentGroup& group, Sink&& sink);
  template <typename Sink>
  std::optional<Defect> copy_chunk(SegmentPlan& segment, std::size_t first_batch, Sink&& sink);
  std::optional<Defect> rebuild(const RecordBatchView& batch, std::optional<std::int64_t> horizon_ms,
                                std::vector<bool>& kept);
  template <typename Take>
  std::optional<Defect> each_kept(const RecordBatchView& batch, std::vector<bool>& kept, Take&& take);
  std::optional<Defect> convert(const RecordBatchView& message, std::optional<std::int64_t> horizon_ms,
                                std::vector<bool>& kept);
  std::optional<Defect> rebuild_wrapper(const RecordBatchView& wrapper, std::vector<bool>& kept);

  FileSystem& files_;
  const PartitionLog& log_;
  const LogScan& scan_;
  CleaningPlan& plan_;
  std::int64_t new_horizon_ms_;
  std::uint64_t index_interval_bytes_;
  bool keeps_legacy_;

  BatchChunk chunk_;
  Decompressor decompressor_;
  Compressor compressor_;
  RecordBatchBuilder builder_;
  WrapperBuilder wrapper_builder_;
  ByteBuffer scratch_;
  ByteBuffer rebuilt_;
};

}  // namespace kseg
