#include "lib/key_set.h"

#include <xxhash.h>

#include <algorithm>
#include <random>

namespace kseg {
namespace {

constexpr std::size_t kShardCount = std::size_t{1} << 16;
constexpr std::uint32_t kSlotsPerLine = 8;

// The share of slots that may be full: 15 of 16, but a single line may fill up but for one slot.
std::uint32_t capacity(std::uint32_t line_count) {
  const std::uint32_t slots = line_count * kSlotsPerLine;
  return slots - std::max(1U, slots / 16);
}

}  // namespace

KeySet::KeySet(std::uint64_t seed)
    : seed_(seed), shards_(kShardCount), memory_bytes_(kShardCount * sizeof(Shard)) {}

std::uint64_t KeySet::random_seed() {
  std::random_device device;
  return (std::uint64_t{device()} << 32) | device();
}

KeyHash KeySet::hash(Bytes key) const {
  const XXH128_hash_t hash = XXH3_128bits_withSeed(key.data(), key.size(), seed_);
  return {.shard_bits = hash.low64, .remainder = hash.high64 == 0 ? 1 : hash.high64};
}

std::uint32_t KeySet::home_line(const Shard& shard, std::uint64_t remainder) {
  return static_cast<std::uint32_t>(((remainder >> 32) * shard.line_count) >> 32);
}

void KeySet::prefetch(KeyHash hash) const {
  const Shard& shard = shards_[hash.shard_bits % kShardCount];
  if (shard.line_count > 0) __builtin_prefetch(&shard.lines[home_line(shard, hash.remainder)]);
}

bool KeySet::contains(KeyHash hash) const {
  const Shard& shard = shards_[hash.shard_bits % kShardCount];
  if (shard.line_count == 0) return false;
  // A shard always has an empty slot, so the search ends.
  for (std::uint32_t line = home_line(shard, hash.remainder);;
       line = line + 1 == shard.line_count ? 0 : line + 1) {
    for (const std::uint64_t slot : shard.lines[line].slots) {
      if (slot == hash.remainder) return true;
      if (slot == 0) return false;
    }
  }
}

bool KeySet::place(Shard& shard, std::uint64_t remainder) {
  for (std::uint32_t line = home_line(shard, remainder);;
       line = line + 1 == shard.line_count ? 0 : line + 1) {
    for (std::uint64_t& slot : shard.lines[line].slots) {
      if (slot == remainder) return false;
      if (slot == 0) {
        slot = remainder;
        return true;
      }
    }
  }
}

bool KeySet::insert(KeyHash hash) {
  Shard& shard = shards_[hash.shard_bits % kShardCount];
  if (shard.line_count == 0 || shard.size >= capacity(shard.line_count)) {
    if (shard.line_count > 0 && contains(hash)) return false;
    grow(shard);
  }
  if (!place(shard, hash.remainder)) return false;
  ++shard.size;
  ++size_;
  return true;
}

void KeySet::grow(Shard& shard) {
  Shard grown;
  grown.line_count = shard.line_count + std::max(1U, shard.line_count / 8);
  grown.lines = std::make_unique<Line[]>(grown.line_count);
  grown.size = shard.size;
  for (std::uint32_t line = 0; line < shard.line_count; ++line) {
    for (const std::uint64_t slot : shard.lines[line].slots) {
      if (slot != 0) place(grown, slot);
    }
  }
  memory_bytes_ += (grown.line_count - shard.line_count) * sizeof(Line);
  shard = std::move(grown);
}

}  // namespace kseg
