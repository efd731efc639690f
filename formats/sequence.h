// Sequences of producers, which go from 2^31-1 on to 0: Kafka's own arithmetic, also for numbers that no
// producer uses (DefaultRecordBatch.incrementSequence and decrementSequence).
#pragma once

#include <cstdint>
#include <limits>

namespace kseg {

inline std::int32_t wrapping_add(std::int32_t a, std::int32_t b) {
  return static_cast<std::int32_t>(static_cast<std::uint32_t>(a) + static_cast<std::uint32_t>(b));
}

inline std::int32_t wrapping_subtract(std::int32_t a, std::int32_t b) {
  return static_cast<std::int32_t>(static_cast<std::uint32_t>(a) - static_cast<std::uint32_t>(b));
}

inline std::int32_t increment_sequence(std::int32_t sequence, std::int32_t by) {
  constexpr std::int32_t kGreatest = std::numeric_limits<std::int32_t>::max();
  if (sequence <= wrapping_subtract(kGreatest, by)) return wrapping_add(sequence, by);
  return wrapping_subtract(wrapping_subtract(by, wrapping_subtract(kGreatest, sequence)), 1);
}

inline std::int32_t decrement_sequence(std::int32_t sequence, std::int32_t by) {
  constexpr std::int32_t kGreatest = std::numeric_limits<std::int32_t>::max();
  if (sequence >= by) return wrapping_subtract(sequence, by);
  return wrapping_add(wrapping_subtract(kGreatest, wrapping_subtract(by, sequence)), 1);
}

}  // namespace kseg
