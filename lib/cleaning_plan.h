// What a round of compaction decides, before anything is written: a verdict a batch and, for batches
// to rebuild, one bit a record.
//
// The log is read from its newest segment to its oldest, batches and records in reverse: the first
// time a key is met is the value that stays, so a set of keys is all the memory that is needed.
#pragma once

#include <vector>

#include "lib/compat.h"
#include "lib/key_spill.h"
#include "lib/log_scan.h"
#include "lib/retention_policy.h"

namespace kseg {

enum class BatchVerdict : std::uint8_t {
  verbatim,  // byte for byte
  drop,
  empty_header,          // 61 bytes that keep offsets and producer
  rebuild,               // with the records that stay, horizon as it was; formats 0 and 1 become 2
  rebuild_with_horizon,  // the same, and the horizon is new
};

struct SegmentPlan {
  std::vector<BatchVerdict> verdicts;  // a batch, in file order
  // Whether a record stays: for every batch to rebuild, in the reverse of file order, so that who copies
  // a run takes them from kept_ends[run] downwards.
  std::vector<bool> kept;
  std::vector<std::size_t> kept_ends;  // a run of the scan, in file order

  bool is_verbatim() const;
};

// Records and batches, counted.
struct CleaningCounts {
  std::uint64_t batches_verbatim = 0;
  std::uint64_t batches_rebuilt = 0;
  std::uint64_t batches_emptied = 0;  // a header stays
  std::uint64_t batches_dropped = 0;
  std::uint64_t records_read = 0;  // of the round's segments, control records included
  std::uint64_t records_kept = 0;
  std::uint64_t superseded = 0;
  std::uint64_t tombstones_expired = 0;
  std::uint64_t aborted = 0;
  std::uint64_t keyless = 0;
  std::uint64_t markers_expired = 0;
};

// The round's bounds. Segments with a base below `first_uncleanable` are decided; keys of records at
// or above `first_dirty` supersede.
struct CleaningRange {
  Offset first_dirty;
  Offset first_uncleanable;  // a segment's base offset
  Offset high_watermark;
  // Tombstones of formats 0 and 1 go from segments whose files are not newer than this (compaction.md §7).
  std::int64_t legacy_delete_horizon_ms = 0;
};

struct CleaningPlan {
  std::size_t segment_count = 0;      // of the round: the first so many of the log
  std::vector<SegmentPlan> segments;  // as many
  CleaningCounts counts;
  std::uint64_t distinct_keys = 0;  // in the dirty section
  std::uint64_t key_set_bytes = 0;
  std::vector<LocatedDefect> defects;  // with any there is no plan
};

// Checks the crc of every batch of the log on the way, those of the segments that are left alone too. `jobs`
// threads read, decompress and hash; the plan does not depend on how many. Keys that `memory` has no room for
// are spilled, and the runs of the log that they are in read twice; nor does it depend on that. Throws
// IoError.
CleaningPlan plan_cleaning(FileSystem& files, const PartitionLog& log, const LogScan& scan,
                           const CleaningRange& range, const RetentionPolicy& policy, const Compat& compat,
                           std::size_t jobs, const KeySpill::Options& memory);

}  // namespace kseg
