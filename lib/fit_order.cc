#include "lib/fit_order.h"

#include <algorithm>
#include <limits>

namespace kseg {
namespace {

// The groups of a partition that fit one after the other.
struct Run {
  std::size_t end = 0;  // behind the last that fits
  std::int64_t freed_bytes = 0;
  std::uint64_t scratch_bytes = 0;  // of the greatest

  double worth() const {
    return static_cast<double>(freed_bytes) / static_cast<double>(std::max<std::uint64_t>(scratch_bytes, 1));
  }
};

Run run_that_fits(const std::vector<GroupNeed>& groups, std::size_t begin, std::uint64_t free_bytes) {
  Run run{.end = begin};
  std::int64_t free = static_cast<std::int64_t>(
      std::min<std::uint64_t>(free_bytes, std::numeric_limits<std::int64_t>::max()));
  for (; run.end < groups.size(); ++run.end) {
    const GroupNeed& group = groups[run.end];
    if (free < 0 || group.scratch_bytes > static_cast<std::uint64_t>(free)) break;
    free += group.freed_bytes;
    run.freed_bytes += group.freed_bytes;
    run.scratch_bytes = std::max(run.scratch_bytes, group.scratch_bytes);
  }
  return run;
}

}  // namespace

FitOrder fit_order(const std::vector<std::vector<GroupNeed>>& partitions, std::uint64_t free_bytes) {
  FitOrder order;
  std::uint64_t least = std::numeric_limits<std::uint64_t>::max();
  for (const auto& groups : partitions) {
    if (!groups.empty()) least = std::min(least, groups.front().scratch_bytes);
    for (const GroupNeed& group : groups)
      order.most_scratch_bytes = std::max(order.most_scratch_bytes, group.scratch_bytes);
  }
  if (order.most_scratch_bytes > 0) order.least_scratch_bytes = least;

  std::int64_t freed = 0;
  std::vector<std::size_t> next(partitions.size(), 0);
  while (true) {
    std::size_t best = partitions.size();
    Run best_run;
    for (std::size_t i = 0; i < partitions.size(); ++i) {
      const Run run = run_that_fits(partitions[i], next[i], free_bytes + static_cast<std::uint64_t>(freed));
      if (run.end == next[i] || (best != partitions.size() && run.worth() <= best_run.worth())) continue;
      best = i;
      best_run = run;
    }
    if (best == partitions.size()) break;
    if (next[best] == 0) order.partitions.push_back(best);
    next[best] = best_run.end;
    freed += best_run.freed_bytes;
    order.scratch_bytes = std::max(order.scratch_bytes, best_run.scratch_bytes);
  }
  order.freed_bytes = static_cast<std::uint64_t>(std::max<std::int64_t>(freed, 0));
  return order;
}

}  // namespace kseg
