#include "cli/size_argument.h"

#include <fmt/format.h>

#include <charconv>

namespace kseg {
namespace {

struct Unit {
  std::string_view name;
  double bytes;
};

constexpr Unit kUnits[] = {{"", 1},         {"B", 1},    {"KiB", 1024.0}, {"MiB", 0x1p20}, {"GiB", 0x1p30},
                           {"TiB", 0x1p40}, {"kB", 1e3}, {"MB", 1e6},     {"GB", 1e9},     {"TB", 1e12}};

}  // namespace

std::optional<std::uint64_t> parse_size_bytes(std::string_view text) {
  std::uint64_t whole = 0;
  const char* const last = text.data() + text.size();
  if (const auto exact = std::from_chars(text.data(), last, whole);
      exact.ec == std::errc{} && exact.ptr == last) {
    return whole;
  }
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), last, number, std::chars_format::fixed);
  if (error != std::errc{} || !(number >= 0)) return std::nullopt;
  const std::string_view unit(end, static_cast<std::size_t>(last - end));
  for (const auto& [name, bytes] : kUnits) {
    if (unit != name || unit.empty()) continue;
    const double size = number * bytes;
    if (size >= 0x1p64) return std::nullopt;
    return static_cast<std::uint64_t>(size);
  }
  return std::nullopt;
}

std::string format_size_bytes(std::uint64_t bytes) {
  if (bytes < 1024) return fmt::format("{} B", bytes);
  constexpr std::string_view kNames[] = {"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
  double size = static_cast<double>(bytes) / 1024;
  std::size_t unit = 0;
  for (; size >= 1023.95 && unit + 1 < std::size(kNames); ++unit) size /= 1024;
  return fmt::format("{:.1f} {}", size, kNames[unit]);
}

}  // namespace kseg
