#include "cli/time_argument.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <limits>

namespace kseg {
namespace {

constexpr std::int64_t kDayMs = 86'400'000;

struct Unit {
  std::string_view name;
  std::int64_t ms;
};
constexpr Unit kUnits[] = {{"d", kDayMs}, {"h", 3'600'000}, {"m", 60'000}, {"s", 1000}, {"ms", 1}};

// Takes words off the front of a text; trips at the first that is not there.
class Words {
 public:
  explicit Words(std::string_view text) : left_(text) {}

  int digits(std::size_t count) {
    int value = 0;
    if (left_.size() < count) ok_ = false;
    for (std::size_t i = 0; ok_ && i < count; ++i) {
      if (left_[i] < '0' || left_[i] > '9') ok_ = false;
      value = value * 10 + (left_[i] - '0');
    }
    if (ok_) left_.remove_prefix(count);
    return ok_ ? value : 0;
  }
  // One of `letters`, or 0.
  char one_of(std::string_view letters) {
    if (!ok_ || left_.empty() || letters.find(left_.front()) == std::string_view::npos) return 0;
    const char letter = left_.front();
    left_.remove_prefix(1);
    return letter;
  }
  void must(std::string_view letters) {
    if (one_of(letters) == 0) ok_ = false;
  }
  bool at_digit() const { return !left_.empty() && left_.front() >= '0' && left_.front() <= '9'; }
  bool at_end() const { return left_.empty(); }
  bool ok() const { return ok_; }

 private:
  std::string_view left_;
  bool ok_ = true;
};

std::optional<std::int64_t> parse_number(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// Behind the "T": time of day less its zone's distance from UTC, in ms.
std::int64_t time_of_day_ms(Words& in, bool& in_range) {
  const int hour = in.digits(2);
  in.must(":");
  const int minute = in.digits(2);
  const int second = in.one_of(":") != 0 ? in.digits(2) : 0;
  int millisecond = 0;
  if (in.one_of(".") != 0) {
    in_range = in_range && in.at_digit();
    for (int unit = 100; in.at_digit(); unit /= 10) millisecond += in.digits(1) * unit;
  }
  std::int64_t zone_minutes = 0;
  if (const char sign = in.one_of("+-"); sign != 0) {
    const int zone_hour = in.digits(2);
    in.must(":");
    const int zone_minute = in.digits(2);
    in_range = in_range && zone_hour < 24 && zone_minute < 60;
    zone_minutes = (sign == '-' ? -1 : 1) * (zone_hour * 60 + zone_minute);
  } else {
    in.must("Zz");
  }
  in_range = in_range && hour < 24 && minute < 60 && second < 60;
  return ((hour * 60 + minute - zone_minutes) * 60 + second) * 1000 + millisecond;
}

}  // namespace

std::optional<std::int64_t> parse_time_ms(std::string_view text) {
  if (const auto number = parse_number(text)) return number;
  Words in(text);
  const int year = in.digits(4);
  in.must("-");
  const int month = in.digits(2);
  in.must("-");
  const int day = in.digits(2);
  const std::chrono::year_month_day date{std::chrono::year{year},
                                         std::chrono::month{static_cast<unsigned>(month)},
                                         std::chrono::day{static_cast<unsigned>(day)}};
  bool in_range = date.ok();
  const std::int64_t within_day_ms = in.one_of("Tt ") != 0 ? time_of_day_ms(in, in_range) : 0;
  if (!in.ok() || !in.at_end() || !in_range) return std::nullopt;
  return std::chrono::sys_days{date}.time_since_epoch().count() * kDayMs + within_day_ms;
}

std::string format_time_ms(std::int64_t time_ms) {
  constexpr std::int64_t kFirstMs = -62'135'596'800'000;  // 0001-01-01
  constexpr std::int64_t kEndMs = 253'402'300'800'000;    // 10000-01-01
  if (time_ms == -1 || time_ms < kFirstMs || time_ms >= kEndMs) return fmt::format("{}", time_ms);
  const std::int64_t days = (time_ms - kFirstMs) / kDayMs + kFirstMs / kDayMs;
  const std::int64_t ms = time_ms - days * kDayMs;
  const std::chrono::year_month_day date{std::chrono::sys_days{std::chrono::days{days}}};
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()), ms / 3'600'000,
                     ms / 60'000 % 60, ms / 1000 % 60, ms % 1000);
}

std::optional<std::int64_t> parse_duration_ms(std::string_view text) {
  const std::size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
  const auto number = parse_number(text.substr(0, digits));
  if (!number) return std::nullopt;
  for (const Unit& unit : kUnits) {
    if (text.substr(digits) != unit.name) continue;
    if (*number > std::numeric_limits<std::int64_t>::max() / unit.ms) return std::nullopt;
    return *number * unit.ms;
  }
  return std::nullopt;
}

std::string format_duration_ms(std::int64_t duration_ms) {
  std::string text;
  int shown = 0;
  for (const Unit& unit : kUnits) {
    const std::int64_t count = duration_ms / unit.ms;
    if (count == 0 && shown == 0) continue;
    if (count > 0) text += fmt::format("{}{} {}", text.empty() ? "" : " ", count, unit.name);
    duration_ms -= count * unit.ms;
    if (++shown == 2) break;
  }
  return text.empty() ? "0 ms" : text;
}

std::int64_t wall_clock_ms() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
}

}  // namespace kseg
