// Big-endian numbers at a place in memory that is known to hold them.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>

namespace kseg {

template <typename Unsigned>
constexpr Unsigned swap_unless_big_endian(Unsigned value) {
  if constexpr (std::endian::native == std::endian::big || sizeof(Unsigned) == 1) {
    return value;
  } else if constexpr (sizeof(Unsigned) == 2) {
    return __builtin_bswap16(value);
  } else if constexpr (sizeof(Unsigned) == 4) {
    return __builtin_bswap32(value);
  } else {
    static_assert(sizeof(Unsigned) == 8);
    return __builtin_bswap64(value);
  }
}

template <typename Unsigned>
Unsigned load_big_endian(const std::uint8_t* from) {
  Unsigned value;
  std::memcpy(&value, from, sizeof value);
  return swap_unless_big_endian(value);
}

template <typename Unsigned>
void store_big_endian(std::uint8_t* to, Unsigned value) {
  value = swap_unless_big_endian(value);
  std::memcpy(to, &value, sizeof value);
}

}  // namespace kseg
