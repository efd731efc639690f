// Bytes as hexadecimal text and back.
#pragma once

#include <fmt/format.h>

#include <stdexcept>
#include <string>
#include <string_view>

#include "formats/bytes.h"

namespace kseg {

// White space is skipped, and so is the rest of a line behind '#'.
inline ByteBuffer from_hex(std::string_view text) {
  static constexpr std::string_view kDigits = "0123456789abcdef";
  ByteBuffer bytes;
  std::size_t digits = 0;
  std::size_t value = 0;
  bool comment = false;
  for (const char c : text) {
    comment = c == '#' || (comment && c != '\n');
    if (comment || c == ' ' || c == '\n') continue;
    const std::size_t digit = kDigits.find(c);
    if (digit == kDigits.npos) throw std::invalid_argument(fmt::format("'{}' is no hex digit", c));
    value = value << 4 | digit;
    if (++digits % 2 == 0) bytes.push_back(static_cast<std::uint8_t>(value & 0xff));
  }
  if (digits % 2 != 0) throw std::invalid_argument("an odd number of hex digits");
  return bytes;
}

inline std::string to_hex(Bytes bytes) {
  std::string text;
  for (const std::uint8_t byte : bytes) text += fmt::format("{:02x}", byte);
  return text;
}

}  // namespace kseg
