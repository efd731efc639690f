// What the lines of a dump are made of, put behind what a buffer holds without a call for each bit. Runs
// several times for every record.
#pragma once

#include <fmt/format.h>

#include <bit>
#include <charconv>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace kseg {

// Makes room for `size_bytes` more; what is written there counts once end_at() is told where it ends.
inline char* room(fmt::memory_buffer& out, std::size_t size_bytes) {
  out.try_reserve(out.size() + size_bytes);
  return out.data() + out.size();
}

inline void end_at(fmt::memory_buffer& out, const char* end) {
  out.try_resize(static_cast<std::size_t>(end - out.data()));
}

inline char* put(char* to, std::string_view text) {
  std::memcpy(to, text.data(), text.size());
  return to + text.size();
}
// A literal, whose size the compiler knows.
template <std::size_t kSize>
char* put(char* to, const char (&text)[kSize]) {
  std::memcpy(to, text, kSize - 1);
  return to + kSize - 1;
}

constexpr std::size_t kNumberBytes = 20;  // at most, of an integer

// A number below kEnd as text, zeros in front, the first digit in the lowest byte.
struct EightDigits {
  static constexpr std::uint32_t kEnd = 100'000'000;

  std::uint64_t text = 0;
  int leading = 0;  // zeros in front; at most 7

  static EightDigits of(std::uint32_t number) {
    constexpr std::uint64_t kZeros = 0x3030'3030'3030'3030;
    const std::uint64_t fours = number / 10'000 | std::uint64_t{number % 10'000} << 32;
    const std::uint64_t hundreds = (fours * 10'486 >> 20) & 0x0000'007f'0000'007f;
    const std::uint64_t twos = ((fours - 100 * hundreds) << 16) + hundreds;
    const std::uint64_t tens = (twos * 103 >> 10) & 0x000f'000f'000f'000f;
    const std::uint64_t digits = ((twos - 10 * tens) << 8) + tens;
    return {.text = digits | kZeros, .leading = digits == 0 ? 7 : std::countr_zero(digits) / 8};
  }

  std::uint64_t with_leading_blanks() const {
    constexpr std::uint64_t kZerosToBlanks = 0x1010'1010'1010'1010;
    return text ^ (kZerosToBlanks & ((std::uint64_t{1} << 8 * leading) - 1));
  }
};

// There must be room for all of kNumberBytes.
template <std::integral Number>
char* put_number(char* to, Number number) {
  const auto value = static_cast<std::uint64_t>(number);
  if (number < 0 || value >= std::uint64_t{EightDigits::kEnd} * EightDigits::kEnd ||
      std::endian::native != std::endian::little)
    return std::to_chars(to, to + kNumberBytes, number).ptr;
  const auto low = static_cast<std::uint32_t>(value % EightDigits::kEnd);
  const bool is_long = value >= EightDigits::kEnd;
  const auto first = EightDigits::of(is_long ? static_cast<std::uint32_t>(value / EightDigits::kEnd) : low);
  const std::uint64_t text = first.text >> 8 * first.leading;
  std::memcpy(to, &text, sizeof text);
  to += 8 - first.leading;
  if (!is_long) return to;
  const std::uint64_t rest = EightDigits::of(low).text;
  std::memcpy(to, &rest, sizeof rest);
  return to + 8;
}

// Blanks from `end` on, if that leaves columns of those that begin at `begin`.
inline char* pad(const char* begin, char* end, std::ptrdiff_t columns) {
  while (end - begin < columns) *end++ = ' ';
  return end;
}

// At the right end of 10 columns, or of more.
inline char* put_number_right(char* to, std::int64_t number) {
  constexpr std::ptrdiff_t kColumns = 10;
  if (number >= 0 && number < EightDigits::kEnd && std::endian::native == std::endian::little) {
    const std::uint64_t text = EightDigits::of(static_cast<std::uint32_t>(number)).with_leading_blanks();
    std::memcpy(to, "  ", kColumns - sizeof text);
    std::memcpy(to + kColumns - sizeof text, &text, sizeof text);
    return to + kColumns;
  }
  char digits[kNumberBytes];
  const std::ptrdiff_t size = put_number(digits, number) - digits;
  std::memset(to, ' ', kColumns);
  if (size < kColumns) to += kColumns - size;
  std::memcpy(to, digits, kNumberBytes);
  return to + size;
}

inline void append(fmt::memory_buffer& out, std::string_view text) {
  end_at(out, put(room(out, text.size()), text));
}

template <std::size_t kSize>
void append(fmt::memory_buffer& out, const char (&text)[kSize]) {
  end_at(out, put(room(out, kSize), text));
}

template <std::integral Number>
void append_number(fmt::memory_buffer& out, Number number) {
  end_at(out, put_number(room(out, kNumberBytes), number));
}

}  // namespace kseg
