#include "lib/key_set.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <algorithm>
#include <array>
#include <bit>
#include <random>
#include <utility>

namespace kseg {
namespace {

constexpr std::size_t kBatch = 64;  // keys whose lines are asked for at a time

// So many lines a key may lie in. If all of them are full, it goes to the small set.
constexpr unsigned kProbes = 8;

}  // namespace

std::uint64_t KeySet::random_seed() {
  std::random_device device;
  return (std::uint64_t{device()} << 32) | device();
}

KeyHash KeySet::hash(Bytes key) const {
  const XXH128_hash_t hash = XXH3_128bits_withSeed(key.data(), key.size(), seed_);
  return {.shard_bits = hash.low64, .remainder = hash.high64 == 0 ? 1 : hash.high64};
}

std::uint32_t KeySet::line_in_shard(std::uint64_t remainder, std::uint32_t lines_a_shard, unsigned probe) {
  const std::uint64_t bits = std::rotl(remainder, static_cast<int>(7 * probe)) >> 32;
  return static_cast<std::uint32_t>((bits * lines_a_shard) >> 32);
}

// Goes on with the next line of a key only if this one is full and does not hold it. `absent(line,
// remainder)` is called where the search ends in vain, `homeless(hash)`, which says whether it is there,
// if all lines are full. Lines never empty, so that of two equal keys the first is always ahead.
template <typename Absent, typename Homeless>
void KeySet::probe(std::span<const KeyHash> hashes, std::uint8_t* found, Absent absent,
                   Homeless homeless) const {
  struct Search {
    Line* line;
    std::size_t key;
  };
  Search searches[kBatch];
  std::size_t count = hashes.size();
  for (std::size_t i = 0; i < count; ++i) {
    searches[i] = {line(hashes[i], 0), i};
    __builtin_prefetch(searches[i].line);
  }
  for (unsigned next = 1; next <= kProbes && count > 0; ++next) {
    std::size_t left = 0;
    for (const Search& search : std::span(searches, count)) {
      const KeyHash hash = hashes[search.key];
      const bool held = search.line->holds(hash.remainder);
      found[search.key] = held;
      if (held) continue;
      if (!search.line->is_full()) {
        absent(*search.line, hash.remainder);
        continue;
      }
      searches[left] = {line(hash, next), search.key};
      __builtin_prefetch(searches[left++].line);
    }
    count = left;
  }
  for (const Search& search : std::span(searches, count)) found[search.key] = homeless(hashes[search.key]);
}

void KeySet::insert(std::span<const KeyHash> hashes, std::span<std::uint8_t> found) {
  for (std::size_t at = 0; at < hashes.size(); at += kBatch) {
    const auto batch = hashes.subspan(at, std::min(kBatch, hashes.size() - at));
    if (size_ + batch.size() > capacity_) grow();
    const auto insert_small = [&](KeyHash hash) {
      const bool is_new = small_.insert(hash);
      size_ += is_new;
      return !is_new;
    };
    if (lines_a_shard_ > 0) {
      const auto put = [&](Line& line, std::uint64_t remainder) {
        line.slots[line.used()] = remainder;
        ++size_;
      };
      probe(batch, &found[at], put, insert_small);
    } else {
      for (const KeyHash hash : batch) small_.prefetch(hash);
      for (std::size_t i = 0; i < batch.size(); ++i) found[at + i] = insert_small(batch[i]);
    }
  }
}

void KeySet::contains(std::span<const KeyHash> hashes, std::span<std::uint8_t> found) const {
  for (std::size_t at = 0; at < hashes.size(); at += kBatch) {
    const auto batch = hashes.subspan(at, std::min(kBatch, hashes.size() - at));
    const auto in_small = [&](KeyHash hash) { return small_.contains(hash); };
    if (lines_a_shard_ > 0) {
      probe(
          batch, &found[at], [](Line&, std::uint64_t) {}, in_small);
    } else {
      for (const KeyHash hash : batch) small_.prefetch(hash);
      for (std::size_t i = 0; i < batch.size(); ++i) found[at + i] = in_small(batch[i]);
    }
  }
}

bool KeySet::contains(KeyHash hash) const {
  std::uint8_t found = 0;
  contains({&hash, 1}, {&found, 1});
  return found != 0;
}

bool KeySet::insert(KeyHash hash) {
  std::uint8_t found = 0;
  insert({&hash, 1}, {&found, 1});
  return found == 0;
}

void KeySet::clear() {
  pages_ = {};
  small_ = {};
  lines_a_shard_ = 0;
  size_ = 0;
  capacity_ = kSmallCapacity;
}

void KeySet::forget() {
  std::fill_n(pages_.data(), pages_.size_bytes(), std::uint8_t{0});
  small_.forget();
  size_ = 0;
}

bool KeySet::fits(std::uint64_t keys, std::uint64_t bytes) const {
  if (size_ + keys <= capacity_) return lines_a_shard_ > 0 || small_.fits(keys, bytes);
  std::uint32_t lines = lines_after(lines_a_shard_);
  while (size_ + keys > capacity(lines)) lines = lines_after(lines);
  return pages_bytes(lines) + small_.memory_bytes() <= bytes;
}

// From the last shard to the first: where a shard goes, lie only itself and shards that have moved.
void KeySet::grow() {
  const std::size_t before = lines_a_shard_;
  lines_a_shard_ = lines_after(lines_a_shard_);
  pages_.grow(pages_bytes(lines_a_shard_));
  capacity_ = capacity(lines_a_shard_);
  const SmallKeySet homeless = std::exchange(small_, {});
  std::vector<Line> shard(before);
  if (before > 0) {
    for (std::uint32_t i = kKeyShards; i-- > 0;) {
      std::copy_n(lines() + i * before, before, shard.begin());
      spread(shard, static_cast<std::uint16_t>(i));
    }
  }
  size_ -= homeless.size();
  std::vector<KeyHash> again;
  std::array<std::uint8_t, kBatch> found;
  const auto insert_again = [&] {
    insert(again, found);
    again.clear();
  };
  homeless.for_each([&](KeyHash hash) {
    again.push_back(hash);
    if (again.size() == kBatch) insert_again();
  });
  insert_again();
}

// Fills the lines of a shard, whatever is in them.
void KeySet::spread(std::span<const Line> from, std::uint16_t shard) {
  Line* const to = lines() + std::size_t{shard} * lines_a_shard_;
  std::fill_n(to, lines_a_shard_, Line{});
  used_.assign(lines_a_shard_, 0);
  for (const Line& line : from) {
    for (const std::uint64_t remainder : std::span(line.slots, line.used())) {
      std::uint32_t home = line_in_shard(remainder, lines_a_shard_, 0);
      for (unsigned probe = 1; used_[home] == Line::kSlots && probe < kProbes; ++probe)
        home = line_in_shard(remainder, lines_a_shard_, probe);
      if (used_[home] < Line::kSlots)
        to[home].slots[used_[home]++] = remainder;
      else
        small_.insert({.shard_bits = shard, .remainder = remainder});
    }
  }
}

}  // namespace kseg
