#include "formats/uuid.h"

#include <algorithm>

namespace kseg {
namespace {

constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
constexpr std::size_t kTextSize = 22;  // characters

}  // namespace

bool Uuid::is_reserved() const {
  static constexpr std::uint8_t kReserved = 100;
  return std::all_of(bytes.begin(), bytes.end() - 1, [](std::uint8_t byte) { return byte == 0; }) &&
         bytes.back() < kReserved;
}

std::string to_string(const Uuid& uuid) {
  std::string text;
  std::uint32_t bits = 0;
  int held = 0;  // how many of the low bits of `bits` are not written yet
  for (const std::uint8_t byte : uuid.bytes) {
    bits = bits << 8 | byte;
    for (held += 8; held >= 6;) {
      held -= 6;
      text += kAlphabet[bits >> held & 63];
    }
  }
  return text + kAlphabet[bits << (6 - held) & 63];
}

std::optional<Uuid> parse_uuid(std::string_view text) {
  if (text.size() == kTextSize + 2 && text.ends_with("==")) text.remove_suffix(2);
  if (text.size() != kTextSize) return std::nullopt;
  Uuid uuid;
  std::uint32_t bits = 0;
  int held = 0;
  std::size_t filled = 0;
  for (const char c : text) {
    const std::size_t digit = kAlphabet.find(c);
    if (digit == kAlphabet.npos) return std::nullopt;
    bits = bits << 6 | static_cast<std::uint32_t>(digit);
    held += 6;
    if (held >= 8) {
      held -= 8;
      uuid.bytes[filled++] = static_cast<std::uint8_t>(bits >> held);
    }
  }
  return uuid;
}

}  // namespace kseg
