// What the delete policy takes from the front of a log (compaction.md §20): segments below the log start,
// then by size, then by time.
#pragma once

#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "formats/offset.h"
#include "lib/topic_config.h"

namespace kseg {

// In the order of a broker's passes; each begins with what the one before left.
enum class RetentionReason { below_log_start, size, time };
std::string_view name(RetentionReason reason);

struct SegmentAge {
  Offset base_offset;
  std::uint64_t size_bytes = 0;
  std::int64_t largest_timestamp_ms = 0;
};

// The segment that goes next by the topic's settings, and when.
struct NextToGo {
  std::size_t index = 0;
  // The last one: it may still grow, and get younger.
  bool is_active = false;
  // The first moment at which it goes by time, which may be past; nothing: never.
  std::optional<std::int64_t> from_ms;
  bool is_from_the_future = false;  // its largest timestamp is: nothing behind it goes by time until then
  // How much longer the log must be for it to go by size; of the active segment, how much must follow it
  // in others. Nothing: never.
  std::optional<std::uint64_t> growth_bytes;
  // Whatever its size and time, it stays until the high watermark is here.
  std::optional<Offset> waits_for_high_watermark;
};

struct SegmentRetention {
  struct Inputs {
    Offset log_start;
    Offset log_end;
    Offset high_watermark;  // as stored
    std::int64_t now_ms = 0;
  };

  // `segments` ascend; the last one is the active segment. What goes by size and time goes only where the
  // policy is known and deletes.
  static SegmentRetention of(std::span<const SegmentAge> segments, const TopicConfig& config,
                             const Inputs& inputs);

  std::vector<RetentionReason> gone;  // why each of the leading segments goes
  // All of them go: a broker begins a new active segment at the log's end before.
  bool rolls = false;
  Offset log_start;              // afterwards
  Offset high_watermark;         // clamped to the log
  std::optional<NextToGo> next;  // if the policy is known and deletes, and there is one with anything in it
};

}  // namespace kseg
