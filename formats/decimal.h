// Decimal integers in text, as Java's Integer.parseInt and Long.parseLong read them: an optional
// sign, then ASCII digits and nothing else, in range. (Java takes other scripts' digits too; we do not.)
#pragma once

#include <charconv>
#include <optional>
#include <string_view>

namespace kseg {

template <typename Integer>
std::optional<Integer> parse_decimal(std::string_view text) {
  if (text.starts_with('+')) {
    text.remove_prefix(1);
    if (text.starts_with('-')) return std::nullopt;
  }
  Integer value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace kseg
