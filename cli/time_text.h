// Points in time as text, one after the other: what format_time_ms() says, at the price of a few digits where
// days repeat.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace kseg {

class TimeText {
 public:
  static constexpr std::size_t kMostBytes = 24;

  // Writes it at `to` and returns its end.
  char* put(char* to, std::int64_t time_ms);

 private:
  static constexpr std::int64_t kNoDay = -1;

  std::int64_t day_ms_ = kNoDay;
  std::array<char, kMostBytes> text_{};  // a time of that day
};

}  // namespace kseg
