#include "cli/time_text.h"

#include <doctest/doctest.h>

#include <limits>
#include <string>

#include "cli/time_argument.h"
#include "tests/support/dice.h"

namespace kseg {
namespace {

std::string put(TimeText& times, std::int64_t time_ms) {
  char text[TimeText::kMostBytes];
  return {text, times.put(text, time_ms)};
}

}  // namespace

TEST_CASE("one time after the other is shown as each by itself") {
  constexpr std::int64_t kDayMs = 86'400'000;
  constexpr auto kLeast = std::numeric_limits<std::int64_t>::min();
  constexpr auto kMost = std::numeric_limits<std::int64_t>::max();
  TimeText times;
  Dice dice(3);
  std::int64_t time_ms = 1'700'000'000'000;
  for (int i = 0; i < 20'000; ++i) {
    const std::int64_t step = dice.pick({std::int64_t{0}, std::int64_t{1}, dice.below(kDayMs), 400 * kDayMs});
    time_ms += dice.chance(50) ? step : -step;
    CHECK(put(times, time_ms) == format_time_ms(time_ms));
    if (!dice.chance(5)) continue;
    const std::int64_t odd = dice.pick({std::int64_t{-1}, std::int64_t{0}, kLeast, kMost, kDayMs - 1, kDayMs,
                                        std::int64_t{253'402'300'799'999}, std::int64_t{253'402'300'800'000},
                                        std::int64_t{-62'135'596'800'000}, std::int64_t{-2}});
    CHECK(put(times, odd) == format_time_ms(odd));
  }
}

}  // namespace kseg
