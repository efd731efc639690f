// A set of keys with all 80 bits in each slot, so that it takes no shards: what a KeySet is while it is
// small, and where it puts what finds no room in its shard later.
#pragma once

#include <cstddef>
#include <vector>

#include "lib/key_hash.h"

namespace kseg {

class SmallKeySet {
 public:
  void prefetch(KeyHash hash) const {
    if (!lines_.empty()) __builtin_prefetch(&lines_[home(hash)]);
  }
  bool contains(KeyHash hash) const;
  bool insert(KeyHash hash);  // false if it was there

  // Whether so many keys more can enter without the set ever taking more than `bytes`.
  bool fits(std::uint64_t keys, std::uint64_t bytes) const;

  void forget();  // empties it, keeps its memory

  std::uint64_t size() const { return size_; }  // keys
  std::uint64_t memory_bytes() const { return lines_.size() * sizeof(Line); }

  // Calls `take` with each, in an order that another set can take them in before it has grown: not by
  // their home lines, of which the first would be crowded.
  template <typename Take>
  void for_each(Take take) const {
    for (std::size_t i = 0; i < lines_.size(); ++i) {
      const Line& line = lines_[i * kGolden % lines_.size()];
      for (std::size_t slot = 0; slot < line.used(); ++slot)
        take(KeyHash{.shard_bits = line.shards[slot], .remainder = line.remainders[slot]});
    }
  }

 private:
  static constexpr std::uint64_t kGolden = 0x9e3779b97f4a7c15;  // odd: a permutation of 2^n lines
  static constexpr std::size_t kSlots = 6;
  static constexpr std::size_t kFirstLines = 16;

  struct alignas(64) Line {
    std::uint64_t remainders[kSlots];  // filled from the front
    std::uint16_t shards[kSlots];

    bool holds(KeyHash hash) const {
      unsigned held = 0;
      for (std::size_t i = 0; i < kSlots; ++i)
        held |= static_cast<unsigned>(remainders[i] == hash.remainder) &
                static_cast<unsigned>(shards[i] == hash.shard());
      return held != 0;
    }
    bool is_full() const { return remainders[kSlots - 1] != 0; }
    std::size_t used() const {
      std::size_t used = 0;
      for (const std::uint64_t remainder : remainders) used += remainder != 0;
      return used;
    }
  };

  std::size_t home(KeyHash hash) const {
    return ((hash.remainder ^ hash.shard()) * kGolden >> 32) & (lines_.size() - 1);
  }
  static std::uint64_t capacity(std::size_t lines) { return lines * kSlots / 5 * 4; }
  void put(KeyHash hash);
  void grow();

  std::vector<Line> lines_;  // 2^n, or none
  std::uint64_t size_ = 0;
};

}  // namespace kseg
