// Which neighbouring segments a round merges into one (compaction.md §6).
#pragma once

#include <cstdint>
#include <vector>

#include "formats/offset.h"

namespace kseg {

struct SegmentSizes {
  Offset base_offset;
  std::uint64_t log_bytes = 0;
  std::uint64_t offset_index_bytes = 0;  // entries in use, without padding
  std::uint64_t time_index_bytes = 0;
};

struct GroupLimits {
  std::uint64_t segment_bytes = 1073741824;
  std::uint64_t segment_index_bytes = 10485760;
};

// Segments [first, last] of the list.
struct SegmentGroup {
  std::size_t first = 0;
  std::size_t last = 0;
  std::size_t size() const { return last - first + 1; }
  friend bool operator==(const SegmentGroup&, const SegmentGroup&) = default;
};

// `segments`: those of the round, ascending. Every segment is in exactly one group.
std::vector<SegmentGroup> group_segments(const std::vector<SegmentSizes>& segments, Offset first_uncleanable,
                                         const GroupLimits& limits);

}  // namespace kseg
