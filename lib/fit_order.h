// In which order partitions are compacted on a disk that is nearly full.
#pragma once

#include <cstdint>
#include <vector>

namespace kseg {

// What rewriting one group of segments takes for a while, and gives back.
struct GroupNeed {
  std::uint64_t scratch_bytes = 0;  // free space that it needs until it has swapped
  std::int64_t freed_bytes = 0;     // by then; below 0 if it grows
};

struct FitOrder {
  std::vector<std::size_t> partitions;  // those that can be begun, in the order in which they can
  std::uint64_t freed_bytes = 0;        // by all that fits
  std::uint64_t scratch_bytes = 0;      // the most that is taken at a time
  // To begin anything at all, and to do all of it; no less than that of any group. 0 if there is none.
  std::uint64_t least_scratch_bytes = 0;
  std::uint64_t most_scratch_bytes = 0;
};

// `partitions`: of each its groups, which can only be done in their order. Each time, the partition is
// taken whose next groups that fit free most for a byte of scratch space; what it frees may let others fit.
FitOrder fit_order(const std::vector<std::vector<GroupNeed>>& partitions, std::uint64_t free_bytes);

}  // namespace kseg
