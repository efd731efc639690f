// What part of a log a round may look at (compaction.md §4.2 and §4.4): from the first dirty offset
// to the first uncleanable one; and whether a broker
// would find that worth a round (§4.3, §4.5).
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "lib/partition_log.h"
#include "lib/topic_config.h"

namespace kseg {

struct CleanableRange {
  struct Inputs {
    Offset log_start;
    Offset log_end;
    // The lowest offset of data that is undecided: see LogScan.
    std::optional<Offset> first_unstable = {};
    std::optional<Offset> high_watermark = {};  // from the checkpoint; unknown in a copied folder
    std::optional<Offset> checkpoint = {};      // of the cleaner, as stored
    std::int64_t now_ms = 0;
    std::optional<Offset> asked_first_dirty = {};        // --first-dirty
    std::optional<Offset> asked_first_uncleanable = {};  // --first-uncleanable
  };

  // Why a round would not look further.
  enum class Bound {
    active_segment,
    high_watermark,
    open_transaction,
    min_compaction_lag,
    asked,
  };

  // Of `log`, which has segments. Indexes and first batches are read only where a lag asks for it. Throws
  // IoError.
  static CleanableRange of(FileSystem& files, const PartitionLog& log, const TopicConfig& config,
                           const Inputs& inputs);

  Offset high_watermark;  // clamped to [log start, log end]; the log end if unknown
  Offset last_stable_offset;
  Offset validated_first_dirty;  // what the checkpoint says, if it makes sense; else the log start
  Offset first_dirty;            // of this round
  Offset first_uncleanable;      // of this round: a segment's base offset
  Bound bound = Bound::active_segment;
  bool checkpoint_reset = false;  // the checkpoint lay outside the log
  // Of whole segments; one that the first dirty offset lies in counts on both sides.
  std::uint64_t clean_bytes = 0;
  std::uint64_t cleanable_bytes = 0;  // 0: there is nothing to do, and no round
  std::int64_t overdue_ms = 0;        // above 0: max.compaction.lag.ms asks for a round
  std::vector<std::string> warnings;

  double dirty_ratio() const;  // 0 of nothing
  // Whether a broker would clean it: overdue, or dirtier than min.cleanable.dirty.ratio.
  bool is_worth_a_round(const TopicConfig& config) const;
};

// Of the last time index entry; nothing if there is none.
std::optional<std::int64_t> indexed_timestamp_ms(FileSystem& files, const Segment& segment);

// The largest timestamp of a segment: its last time index entry, or the `.log`'s mtime without one.
std::int64_t largest_timestamp_ms(FileSystem& files, const Segment& segment);

// The maxTimestamp of a segment's first batch; nothing if there is no batch. A header that makes no sense
// counts as none.
std::optional<std::int64_t> first_timestamp_ms(FileSystem& files, const Segment& segment);

}  // namespace kseg
