// A half-open range of timestamps.
#pragma once

#include <cstdint>
#include <limits>

namespace kseg {

struct TimeRange {
  std::int64_t begin_ms = std::numeric_limits<std::int64_t>::min();
  std::int64_t end_ms = std::numeric_limits<std::int64_t>::max();
  bool contains(std::int64_t time_ms) const { return begin_ms <= time_ms && time_ms < end_ms; }
  friend bool operator==(const TimeRange&, const TimeRange&) = default;
};

}  // namespace kseg
