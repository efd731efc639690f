// Points in time as text, one after the other: what format_time_ms() says, at the price of a few digits where
// days repeat.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace kseg {

class TimeText {
 public:
  // Valid until the next call.
  std::string_view of(std::int64_t time_ms);

 private:
  static constexpr std::int64_t kNoDay = -1;

  std::int64_t day_ms_ = kNoDay;  // whose date text_ begins with
  std::array<char, 32> text_{};
};

}  // namespace kseg
