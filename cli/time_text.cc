#include "cli/time_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>

#include "cli/time_argument.h"

namespace kseg {
namespace {

constexpr std::int64_t kDayMs = 86'400'000;
constexpr std::size_t kDateSize = 11;   // "2026-11-01T"
constexpr std::size_t kWholeSize = 24;  // "2026-11-01T12:30:05.250Z"

void put_two(char* to, std::uint32_t number) {
  to[0] = static_cast<char>('0' + number / 10);
  to[1] = static_cast<char>('0' + number % 10);
}

}  // namespace

std::string_view TimeText::of(std::int64_t time_ms) {
  if (day_ms_ != kNoDay && time_ms >= day_ms_ && time_ms - day_ms_ < kDayMs) {
    const auto ms = static_cast<std::uint32_t>(time_ms - day_ms_);
    char* const time = text_.data() + kDateSize;
    put_two(time, ms / 3'600'000);
    put_two(time + 3, ms / 60'000 % 60);
    put_two(time + 6, ms / 1000 % 60);
    time[9] = static_cast<char>('0' + ms / 100 % 10);
    put_two(time + 10, ms % 100);
    return {text_.data(), kWholeSize};
  }
  const std::string text = format_time_ms(time_ms);
  std::copy(text.begin(), text.end(), text_.begin());
  // What is shown as a number has no day to go on from.
  const std::int64_t day_ms = time_ms - time_ms % kDayMs;
  day_ms_ = time_ms >= 0 && text.size() == kWholeSize ? day_ms : kNoDay;
  return {text_.data(), text.size()};
}

}  // namespace kseg
