#include "lib/segment_groups.h"

#include <limits>

namespace kseg {

std::vector<SegmentGroup> group_segments(const std::vector<SegmentSizes>& segments, Offset first_uncleanable,
                                         const GroupLimits& limits) {
  constexpr std::int64_t kMaxRelativeOffset = std::numeric_limits<std::int32_t>::max();
  std::vector<SegmentGroup> groups;
  SegmentSizes sum;  // of the group in hand; its base offset is the group's
  for (std::size_t i = 0; i < segments.size(); ++i) {
    const SegmentSizes& next = segments[i];
    // The greatest offset the segment can hold, as far as the list tells.
    const Offset end = i + 1 < segments.size() ? segments[i + 1].base_offset : first_uncleanable;
    const bool offsets_fit = next.log_bytes == 0 || (end - 1) - sum.base_offset <= kMaxRelativeOffset;
    if (!groups.empty() && sum.log_bytes + next.log_bytes <= limits.segment_bytes &&
        sum.offset_index_bytes + next.offset_index_bytes <= limits.segment_index_bytes &&
        sum.time_index_bytes + next.time_index_bytes <= limits.segment_index_bytes && offsets_fit) {
      sum.log_bytes += next.log_bytes;
      sum.offset_index_bytes += next.offset_index_bytes;
      sum.time_index_bytes += next.time_index_bytes;
      groups.back().last = i;
    } else {
      sum = next;
      groups.push_back({.first = i, .last = i});
    }
  }
  return groups;
}

}  // namespace kseg
