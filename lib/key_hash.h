// What a set of keys knows of a key: 80 bits of a keyed hash.
#pragma once

#include <cstdint>

namespace kseg {

inline constexpr std::uint32_t kKeyShards = 1U << 16;

struct KeyHash {
  std::uint64_t shard_bits = 0;  // the lowest 16 count
  std::uint64_t remainder = 0;   // never 0

  std::uint16_t shard() const { return static_cast<std::uint16_t>(shard_bits % kKeyShards); }
};

}  // namespace kseg
