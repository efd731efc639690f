#include "cli/time_text.h"

#include <algorithm>
#include <cstring>
#include <string>

#include "cli/time_argument.h"

namespace kseg {
namespace {

constexpr std::int64_t kDayMs = 86'400'000;
constexpr std::size_t kDateSize = 11;  // "2026-11-01T"

void put_two(char* to, std::uint32_t number) {
  to[0] = static_cast<char>('0' + number / 10);
  to[1] = static_cast<char>('0' + number % 10);
}

}  // namespace

char* TimeText::put(char* to, std::int64_t time_ms) {
  if (day_ms_ != kNoDay && time_ms >= day_ms_ && time_ms - day_ms_ < kDayMs) {
    const auto ms = static_cast<std::uint32_t>(time_ms - day_ms_);
    std::memcpy(to, text_.data(), kMostBytes);
    char* const time = to + kDateSize;
    put_two(time, ms / 3'600'000);
    put_two(time + 3, ms / 60'000 % 60);
    put_two(time + 6, ms / 1000 % 60);
    time[9] = static_cast<char>('0' + ms / 100 % 10);
    put_two(time + 10, ms % 100);
    return to + kMostBytes;
  }
  const std::string text = format_time_ms(time_ms);
  if (time_ms >= 0 && text.size() == kMostBytes) {  // else it may be a number, which has no day
    day_ms_ = time_ms - time_ms % kDayMs;
    std::copy(text.begin(), text.end(), text_.begin());
  }
  return std::copy(text.begin(), text.end(), to);
}

}  // namespace kseg
