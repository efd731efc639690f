// A set of keys, known by a keyed 128-bit hash: what planning newest first needs instead of a map.
//
// The hash picks one of 65,536 shards by bits that are not stored and keeps 64 bits, so at least 80
// bits tell keys apart: among 10^8 keys the chance that any two are taken for one is about 4e-9,
// among 10^9 about 4e-7. A shard is a run of 64-byte lines of eight remainders; it grows by an eighth
// at a time, so that the set takes about 9 bytes a key, growth included.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "formats/bytes.h"

namespace kseg {

struct KeyHash {
  std::uint64_t shard_bits = 0;
  std::uint64_t remainder = 0;  // stored; never 0, which means an empty slot
};

class KeySet {
 public:
  // `seed`: a random number a run, so that nobody can prepare keys that collide.
  explicit KeySet(std::uint64_t seed);
  static std::uint64_t random_seed();

  KeyHash hash(Bytes key) const;

  // Asks the processor for the line that `hash` falls in; worth it a few dozen keys ahead.
  void prefetch(KeyHash hash) const;

  bool contains(KeyHash hash) const;
  bool insert(KeyHash hash);  // false if it was there

  std::uint64_t size() const { return size_; }                  // keys
  std::uint64_t memory_bytes() const { return memory_bytes_; }  // of all lines and the shard table

 private:
  struct alignas(64) Line {
    std::uint64_t slots[8];
  };
  struct Shard {
    std::unique_ptr<Line[]> lines;
    std::uint32_t line_count = 0;
    std::uint32_t size = 0;  // keys
  };

  static std::uint32_t home_line(const Shard& shard, std::uint64_t remainder);
  static bool place(Shard& shard, std::uint64_t remainder);
  void grow(Shard& shard);

  std::uint64_t seed_;
  std::vector<Shard> shards_;
  std::uint64_t size_ = 0;
  std::uint64_t memory_bytes_ = 0;
};

}  // namespace kseg
