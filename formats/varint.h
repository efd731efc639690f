// Varints as records hold them (formats/record_batch.md): zig-zag, low group of seven bits first.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>

namespace kseg {

constexpr std::size_t kMaxVarintSize = 5;    // bytes
constexpr std::size_t kMaxVarlongSize = 10;  // bytes

constexpr std::uint32_t zig_zag(std::int32_t value) {
  return (static_cast<std::uint32_t>(value) << 1) ^ (value < 0 ? ~0U : 0U);
}
constexpr std::uint64_t zig_zag(std::int64_t value) {
  return (static_cast<std::uint64_t>(value) << 1) ^ (value < 0 ? ~0ULL : 0ULL);
}
constexpr std::int32_t un_zig_zag(std::uint32_t raw) {
  return static_cast<std::int32_t>((raw >> 1) ^ (0U - (raw & 1U)));
}
constexpr std::int64_t un_zig_zag(std::uint64_t raw) {
  return static_cast<std::int64_t>((raw >> 1) ^ (0ULL - (raw & 1ULL)));
}

// Bytes of the shortest form.
constexpr std::size_t leb128_size(std::uint64_t raw) {
  return static_cast<std::size_t>(std::bit_width(raw | 1) + 6) / 7;
}
constexpr std::size_t varint_size(std::int32_t value) {
  return leb128_size(zig_zag(value));
}
constexpr std::size_t varlong_size(std::int64_t value) {
  return leb128_size(zig_zag(value));
}

// Writes the shortest form, at most kMaxVarlongSize bytes; returns where it ends.
inline std::uint8_t* put_leb128(std::uint8_t* to, std::uint64_t raw) {
  while (raw >= 0x80) {
    *to++ = static_cast<std::uint8_t>(raw | 0x80);
    raw >>= 7;
  }
  *to++ = static_cast<std::uint8_t>(raw);
  return to;
}
inline std::uint8_t* put_varint(std::uint8_t* to, std::int32_t value) {
  return put_leb128(to, zig_zag(value));
}
inline std::uint8_t* put_varlong(std::uint8_t* to, std::int64_t value) {
  return put_leb128(to, zig_zag(value));
}

}  // namespace kseg
