// A set of keys, known by a keyed 128-bit hash: what planning newest first needs instead of a map.
//
// The hash picks one of 65,536 shards by bits that are not stored and keeps 64 bits, so 80 bits tell
// keys apart: among 10^8 keys the chance that any two are taken for one is about 4e-9, among 10^9 about
// 4e-7. All shards lie in one piece of memory, each a run of as many 64-byte lines of eight remainders.
// They grow together, in place and by no more than a seventh, so that the set takes 8.6 to 9.8 bytes a key at
// any time from a few million keys on. A small set keeps 80 bits a key in few lines instead.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

#include "formats/bytes.h"
#include "lib/huge_pages.h"
#include "lib/key_hash.h"
#include "lib/small_key_set.h"

namespace kseg {

class KeySet {
 public:
  // `seed`: a random number a run, so that nobody can prepare keys that collide.
  explicit KeySet(std::uint64_t seed) : seed_(seed) {}
  static std::uint64_t random_seed();

  KeyHash hash(Bytes key) const;

  // Many keys at once, in their order: `found[i]` becomes 1 if `hashes[i]` was there before (or stands in
  // `hashes` before), else 0. Several times as fast as one by one: it waits for many lines at a time.
  void insert(std::span<const KeyHash> hashes, std::span<std::uint8_t> found);
  void contains(std::span<const KeyHash> hashes, std::span<std::uint8_t> found) const;

  // Asks the processor for the line that `hash` falls in; worth it a few dozen keys ahead.
  void prefetch(KeyHash hash) const {
    lines_a_shard_ == 0 ? small_.prefetch(hash) : __builtin_prefetch(line(hash, 0));
  }
  bool contains(KeyHash hash) const;
  bool insert(KeyHash hash);  // false if it was there

  // Calls `take` with the hash of each, of which only the bits that count are as they were.
  template <typename Take>
  void for_each(Take take) const {
    for (std::uint32_t shard = 0; lines_a_shard_ > 0 && shard < kKeyShards; ++shard) {
      for (const Line& line : std::span(lines() + std::size_t{shard} * lines_a_shard_, lines_a_shard_)) {
        for (const std::uint64_t remainder : std::span(line.slots, line.used()))
          take(KeyHash{.shard_bits = shard, .remainder = remainder});
      }
    }
    small_.for_each(take);
  }

  // Empties the set and gives its memory back. hash() may be called meanwhile.
  void clear();
  // Empties it and keeps its memory, for about as many keys.
  void forget();

  // Whether so many keys more can enter while the set takes no more than about `bytes`.
  bool fits(std::uint64_t keys, std::uint64_t bytes) const;

  std::uint64_t size() const { return size_; }  // keys
  std::uint64_t memory_bytes() const { return pages_.size_bytes() + small_.memory_bytes(); }

 private:
  struct Line {
    static constexpr std::size_t kSlots = 8;
    std::uint64_t slots[kSlots];  // filled from the front

    bool holds(std::uint64_t remainder) const {
      unsigned held = 0;
      for (const std::uint64_t slot : slots) held |= static_cast<unsigned>(slot == remainder);
      return held != 0;
    }
    bool is_full() const { return slots[kSlots - 1] != 0; }
    std::size_t used() const {
      std::size_t used = 0;
      for (const std::uint64_t slot : slots) used += slot != 0;
      return used;
    }
  };

  static constexpr std::uint64_t kSmallCapacity = 4 * kKeyShards;

  static std::uint32_t line_in_shard(std::uint64_t remainder, std::uint32_t lines_a_shard, unsigned probe);
  Line* lines() const { return reinterpret_cast<Line*>(pages_.data()); }
  Line* line(KeyHash hash, unsigned probe) const {
    return lines() + std::size_t{hash.shard()} * lines_a_shard_ +
           line_in_shard(hash.remainder, lines_a_shard_, probe);
  }
  template <typename Absent, typename Homeless>
  void probe(std::span<const KeyHash> hashes, std::uint8_t* found, Absent absent, Homeless homeless) const;
  static std::uint32_t lines_after(std::uint32_t lines_a_shard) {
    return lines_a_shard + std::max(1U, lines_a_shard / 7);
  }
  static std::uint64_t pages_bytes(std::uint32_t lines_a_shard) {
    return std::uint64_t{kKeyShards} * lines_a_shard * sizeof(Line);
  }
  static std::uint64_t capacity(std::uint32_t lines_a_shard) {
    return std::uint64_t{kKeyShards} * lines_a_shard * Line::kSlots / 16 * 15;
  }
  void grow();
  void spread(std::span<const Line> from, std::uint16_t shard);

  std::uint64_t seed_;
  HugePages pages_;
  std::uint32_t lines_a_shard_ = 0;  // 0: all keys are in small_
  SmallKeySet small_;
  std::uint64_t size_ = 0;
  std::uint64_t capacity_ = kSmallCapacity;  // keys, until it grows
  std::vector<std::uint8_t> used_;           // slots of a shard's lines, while it grows
};

}  // namespace kseg
