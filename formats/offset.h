// Where things are: an Offset counts records in a partition, a Position counts bytes in a file.
// Both wrap instead of overflowing, because both are computed from bytes that may say anything.
#pragma once

#include <fmt/format.h>

#include <compare>
#include <cstdint>

namespace kseg {

struct Offset {
  std::int64_t value = 0;

  friend constexpr auto operator<=>(Offset, Offset) = default;
  friend constexpr Offset operator+(Offset offset, std::int64_t records) {
    return {static_cast<std::int64_t>(static_cast<std::uint64_t>(offset.value) +
                                      static_cast<std::uint64_t>(records))};
  }
  friend constexpr Offset operator-(Offset offset, std::int64_t records) {
    return {static_cast<std::int64_t>(static_cast<std::uint64_t>(offset.value) -
                                      static_cast<std::uint64_t>(records))};
  }
  friend constexpr std::int64_t operator-(Offset a, Offset b) { return (a - b.value).value; }
};

struct Position {
  std::uint64_t value = 0;

  friend constexpr auto operator<=>(Position, Position) = default;
  friend constexpr Position operator+(Position position, std::uint64_t bytes) {
    return {position.value + bytes};
  }
  friend constexpr std::uint64_t operator-(Position a, Position b) { return a.value - b.value; }
};

}  // namespace kseg

template <>
struct fmt::formatter<kseg::Offset> : fmt::formatter<std::int64_t> {
  template <typename Context>
  auto format(kseg::Offset offset, Context& context) const {
    return fmt::formatter<std::int64_t>::format(offset.value, context);
  }
};

template <>
struct fmt::formatter<kseg::Position> : fmt::formatter<std::uint64_t> {
  template <typename Context>
  auto format(kseg::Position position, Context& context) const {
    return fmt::formatter<std::uint64_t>::format(position.value, context);
  }
};
