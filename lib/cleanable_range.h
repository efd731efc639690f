// What part of a log a round may look at (compaction.md §4.2 and §4.4): from the first dirty offset
// to the first uncleanable one.
#pragma once

#include <optional>
#include <vector>

#include "lib/log_scan.h"
#include "lib/partition_log.h"

namespace kseg {

struct CleanableRange {
  struct Inputs {
    Offset log_start;
    std::optional<Offset> high_watermark;  // from the checkpoint; unknown in a copied folder
    std::optional<Offset> checkpoint;      // of the cleaner, as stored
    std::int64_t min_compaction_lag_ms = 0;
    std::int64_t now_ms = 0;
    std::optional<Offset> asked_first_dirty;        // --first-dirty
    std::optional<Offset> asked_first_uncleanable;  // --first-uncleanable
  };

  static CleanableRange of(FileSystem& files, const PartitionLog& log, const LogScan& scan,
                           const Inputs& inputs);

  Offset high_watermark;  // clamped to [log start, log end]; the log end if unknown
  Offset last_stable_offset;
  Offset validated_first_dirty;       // what the checkpoint says, if it makes sense; else the log start
  Offset first_dirty;                 // of this round
  Offset first_uncleanable;           // of this round: a segment's base offset
  bool checkpoint_reset = false;      // the checkpoint lay outside the log
  std::uint64_t cleanable_bytes = 0;  // 0: there is nothing to do, and no round
  std::vector<std::string> warnings;
};

// The largest timestamp of a segment: its last time index entry, or the `.log`'s mtime without one.
std::int64_t largest_timestamp_ms(FileSystem& files, const Segment& segment);

}  // namespace kseg
