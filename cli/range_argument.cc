#include "cli/range_argument.h"

#include <charconv>

#include "cli/time_argument.h"

namespace kseg {
namespace {

template <typename Number>
std::optional<Number> parse_number(std::string_view text) {
  Number number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size() || number < 0) return std::nullopt;
  return number;
}

std::optional<Offset> parse_offset(std::string_view text, Offset if_missing) {
  if (text.empty()) return if_missing;
  const auto number = parse_number<std::int64_t>(text);
  return number ? std::optional(Offset{*number}) : std::nullopt;
}

}  // namespace

std::optional<OffsetRange> parse_offset_range(std::string_view text) {
  const OffsetRange all;
  const std::size_t dots = text.find("..");
  if (dots == std::string_view::npos) {
    const auto only = parse_offset(text, {-1});
    if (!only || *only < all.begin || *only >= all.end) return std::nullopt;
    return OffsetRange{*only, *only + 1};
  }
  const auto begin = parse_offset(text.substr(0, dots), all.begin);
  const auto end = parse_offset(text.substr(dots + 2), all.end);
  if (!begin || !end || *begin > *end) return std::nullopt;
  return OffsetRange{*begin, *end};
}

std::optional<TimeRange> parse_time_range(std::string_view text) {
  const std::size_t dots = text.find("..");
  if (dots == std::string_view::npos) return std::nullopt;
  const std::string_view begin = text.substr(0, dots);
  const std::string_view end = text.substr(dots + 2);
  const TimeRange all;
  const auto begin_ms = begin.empty() ? std::optional(all.begin_ms) : parse_time_ms(begin);
  const auto end_ms = end.empty() ? std::optional(all.end_ms) : parse_time_ms(end);
  if (!begin_ms || !end_ms || *begin_ms > *end_ms) return std::nullopt;
  return TimeRange{*begin_ms, *end_ms};
}

std::optional<std::uint64_t> parse_count(std::string_view text) {
  return parse_number<std::uint64_t>(text);
}

}  // namespace kseg
