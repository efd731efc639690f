#include "lib/key_set.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

namespace kseg {
namespace {

KeyHash hash_of(const KeySet& set, const std::string& key) {
  return set.hash(as_bytes(key));
}

TEST_CASE("a key is in the set once it was inserted, and only once") {
  KeySet set(1);
  CHECK_FALSE(set.contains(hash_of(set, "a")));
  CHECK(set.insert(hash_of(set, "a")));
  CHECK(set.contains(hash_of(set, "a")));
  CHECK_FALSE(set.insert(hash_of(set, "a")));
  CHECK_FALSE(set.contains(hash_of(set, "b")));
  CHECK(set.size() == 1);
}

TEST_CASE("keys are bytes: length, case and zero bytes tell them apart, the empty key is one") {
  KeySet set(1);
  const std::string keys[] = {
      "", "a", "A", "aa", std::string(1, '\0'), std::string(2, '\0'), std::string("a\0", 2)};
  for (const std::string& key : keys) CHECK(set.insert(hash_of(set, key)));
  for (const std::string& key : keys) CHECK_FALSE(set.insert(hash_of(set, key)));
}

TEST_CASE("another seed gives other hashes") {
  CHECK(hash_of(KeySet(1), "a").remainder != hash_of(KeySet(2), "a").remainder);
}

// Random bits, the same for the same number.
std::uint64_t scrambled(std::uint64_t number) {
  number = (number ^ (number >> 30)) * 0xbf58476d1ce4e5b9;
  number = (number ^ (number >> 27)) * 0x94d049bb133111eb;
  return number ^ (number >> 31);
}

KeyHash random_hash(std::uint64_t number) {
  return {.shard_bits = scrambled(2 * number), .remainder = scrambled(2 * number + 1) | 1};
}

TEST_CASE("the set grows without losing a key, and stays below ten bytes a key at any time") {
  KeySet set(7);
  constexpr std::uint64_t kKeys = 5'000'000;
  constexpr std::uint64_t kAtOnce = 50;
  std::vector<KeyHash> hashes(kAtOnce);
  std::vector<std::uint8_t> found(kAtOnce);
  const auto take = [&](std::uint64_t from) {
    for (std::uint64_t i = 0; i < kAtOnce; ++i) hashes[i] = random_hash(from + i);
  };
  const auto found_count = [&] { return std::count(found.begin(), found.end(), 1); };
  std::uint64_t wrong = 0;  // an assertion a key would take longer than the set
  for (std::uint64_t i = 0; i < kKeys; i += kAtOnce) {
    take(i);
    set.insert(hashes, found);
    if (found_count() != 0) ++wrong;
    if (i >= 4'000'000 && set.memory_bytes() > 10 * set.size()) ++wrong;
  }
  CHECK(set.size() == kKeys);
  for (std::uint64_t i = 0; i < 2 * kKeys; i += kAtOnce) {
    take(i);
    set.contains(hashes, found);
    if (found_count() != (i < kKeys ? std::ptrdiff_t{kAtOnce} : 0)) ++wrong;
  }
  CHECK(wrong == 0);
}

TEST_CASE("no key is lost or found too early around each growth of a set that is not yet large") {
  KeySet set(7);
  std::uint64_t wrong = 0;
  std::uint64_t memory = 0;
  std::uint64_t growths = 0;
  for (std::uint64_t i = 0; i < 1'000'000; ++i) {
    wrong += set.insert(random_hash(i)) ? 0 : 1;
    if (set.memory_bytes() == memory) continue;
    memory = set.memory_bytes();
    ++growths;
    for (std::uint64_t step = 1; step <= i; step += step / 64 + 1)
      wrong += set.contains(random_hash(i - step)) && !set.contains(random_hash(i + step)) ? 0 : 1;
  }
  CHECK(growths > 10);
  CHECK(wrong == 0);
}

TEST_CASE("an empty set takes no memory, a small one little") {
  KeySet set(1);
  CHECK(set.memory_bytes() == 0);
  for (std::uint64_t i = 0; i < 1000; ++i) set.insert(random_hash(i));
  CHECK(set.memory_bytes() <= 32 * set.size());
}

TEST_CASE("a set that forgets its keys takes others, in the memory it has; a cleared one has none") {
  for (const std::uint64_t keys : {1000, 700'000}) {
    CAPTURE(keys);
    KeySet set(1);
    for (std::uint64_t i = 0; i < keys; ++i) set.insert(random_hash(i));
    const std::uint64_t memory = set.memory_bytes();
    set.forget();
    CHECK(set.size() == 0);
    std::uint64_t wrong = 0;
    for (std::uint64_t i = 0; i < keys; ++i) wrong += set.contains(random_hash(i)) ? 1 : 0;
    for (std::uint64_t i = keys; i < 2 * keys; ++i) wrong += set.insert(random_hash(i)) ? 0 : 1;
    CHECK(wrong == 0);
    CHECK(set.size() == keys);
    CHECK(set.memory_bytes() == memory);
    set.clear();
    CHECK(set.size() == 0);
    CHECK(set.memory_bytes() == 0);
    CHECK_FALSE(set.contains(random_hash(keys)));
  }
}

TEST_CASE("what fits is known before it is inserted") {
  for (const std::uint64_t bytes : {1000, 100'000, 3'000'000, 9'000'000, 20'000'000}) {
    CAPTURE(bytes);
    KeySet set(1);
    std::uint64_t keys = 0;
    for (; set.fits(50, bytes); keys += 50) {
      for (std::uint64_t i = 0; i < 50; ++i) set.insert(random_hash(keys + i));
    }
    CHECK(set.memory_bytes() <= bytes + bytes / 8);  // what finds no room in its shard comes on top
    CHECK((bytes == 1000 || 40 * keys > bytes));
  }
}

TEST_CASE("a set that is moved keeps its keys") {
  KeySet set(1);
  for (std::uint64_t i = 0; i < 400'000; ++i) set.insert(random_hash(i));
  const KeySet moved = std::move(set);
  std::uint64_t missing = 0;
  for (std::uint64_t i = 0; i < 400'000; ++i) missing += moved.contains(random_hash(i)) ? 0 : 1;
  CHECK(missing == 0);
}

TEST_CASE("many keys at once are found as if they came one by one, repeated ones too") {
  for (const std::uint64_t before : {0, 100'000, 600'000}) {  // small, growing, in shards
    CAPTURE(before);
    KeySet at_once(1);
    KeySet one_by_one(1);
    for (std::uint64_t i = 0; i < before; ++i) {
      at_once.insert(random_hash(i));
      one_by_one.insert(random_hash(i));
    }
    std::vector<KeyHash> hashes;
    std::vector<std::uint8_t> found;
    std::uint64_t wrong = 0;
    for (std::uint64_t run = 0; run < 2000; ++run) {
      hashes.clear();
      const std::uint64_t count = scrambled(run) % 300;
      for (std::uint64_t i = 0; i < count; ++i)
        hashes.push_back(random_hash(before / 2 + scrambled(1000 * run + i) % 300'000));
      hashes.insert(hashes.end(), hashes.begin(), hashes.begin() + static_cast<std::ptrdiff_t>(count / 2));
      found.assign(hashes.size(), 2);
      at_once.contains(hashes, found);
      for (std::size_t i = 0; i < hashes.size(); ++i)
        wrong += found[i] == one_by_one.contains(hashes[i]) ? 0 : 1;
      at_once.insert(hashes, found);
      for (std::size_t i = 0; i < hashes.size(); ++i)
        wrong += found[i] != one_by_one.insert(hashes[i]) ? 0 : 1;
    }
    CHECK(wrong == 0);
    CHECK(at_once.size() == one_by_one.size());
  }
}

TEST_CASE("one crowded shard keeps all of its keys, in a small set and in a large one") {
  for (const std::uint64_t others : {0, 400'000}) {
    CAPTURE(others);
    KeySet set(1);
    for (std::uint64_t i = 0; i < others; ++i) set.insert(random_hash(i));
    for (std::uint64_t i = 1; i <= 5000; ++i) REQUIRE(set.insert({.shard_bits = 3, .remainder = i}));
    for (std::uint64_t i = 1; i <= 5000; ++i) REQUIRE(set.contains({.shard_bits = 3, .remainder = i}));
    for (std::uint64_t i = 1; i <= 5000; ++i) REQUIRE_FALSE(set.contains({.shard_bits = 4, .remainder = i}));
    CHECK_FALSE(set.contains({.shard_bits = 3, .remainder = 5001}));
  }
}

// Of n random hashes of b bits, 2^b (1 - exp(-n / 2^b)) are expected to differ.
TEST_CASE("keys are taken for one as often as the bits of their hashes say: cut to 20") {
  struct Cut {
    std::uint64_t keys;
    int shard_bits;  // of the 20
  };
  for (const Cut cut : {Cut{50'000, 6}, Cut{500'000, 16}}) {  // a small set, one in shards
    CAPTURE(cut.keys);
    KeySet set(1);
    for (std::uint64_t i = 0; i < cut.keys; ++i) {
      const std::uint64_t bits = scrambled(i) >> 44;
      set.insert({.shard_bits = bits % (1U << cut.shard_bits),
                  .remainder = scrambled((bits >> cut.shard_bits) + 1) | 1});
    }
    const double expected = 0x1p20 * (1 - std::exp(-static_cast<double>(cut.keys) / 0x1p20));
    const double deviation = std::sqrt(static_cast<double>(cut.keys) - expected);
    CHECK(std::abs(static_cast<double>(set.size()) - expected) < 5 * deviation);
  }
}

TEST_CASE("no bit of the 80 is lost when the set goes over to shards and grows") {
  KeySet set(1);
  const KeyHash kept{.shard_bits = 0x1234, .remainder = 0x5555'aaaa'5555'aaaa};
  set.insert(kept);
  for (std::uint64_t i = 0; i < 1'200'000; ++i) {
    if (i % 100'000 == 0) {
      REQUIRE(set.contains(kept));
      for (int bit = 0; bit < 16; ++bit)
        REQUIRE_FALSE(set.contains({kept.shard_bits ^ (std::uint64_t{1} << bit), kept.remainder}));
      for (int bit = 0; bit < 64; ++bit)
        REQUIRE_FALSE(set.contains({kept.shard_bits, kept.remainder ^ (std::uint64_t{1} << bit)}));
    }
    set.insert(random_hash(i));
  }
}

}  // namespace
}  // namespace kseg
