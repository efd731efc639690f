#include "lib/key_set.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <string>

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

TEST_CASE("the set grows without losing a key, and stays below ten bytes a key at any time") {
  KeySet set(7);
  const std::uint64_t empty_bytes = set.memory_bytes();
  constexpr int kKeys = 3'000'000;
  const auto key = [&](int i) { return hash_of(set, fmt::format_int(i).str()); };
  int wrong = 0;  // an assertion a key would take longer than the set
  for (int i = 0; i < kKeys; ++i) {
    wrong += set.insert(key(i)) ? 0 : 1;
    if (i >= 2'000'000 && set.memory_bytes() - empty_bytes > 10 * set.size()) ++wrong;
  }
  CHECK(set.size() == kKeys);
  for (int i = 0; i < kKeys; ++i) wrong += set.contains(key(i)) && !set.insert(key(i)) ? 0 : 1;
  for (int i = kKeys; i < 2 * kKeys; ++i) wrong += set.contains(key(i)) ? 1 : 0;
  CHECK(wrong == 0);
}

TEST_CASE("one crowded shard keeps all of its keys") {
  KeySet set(1);
  for (std::uint64_t i = 1; i <= 5000; ++i) REQUIRE(set.insert({.shard_bits = 3, .remainder = i}));
  for (std::uint64_t i = 1; i <= 5000; ++i) REQUIRE(set.contains({.shard_bits = 3, .remainder = i}));
  for (std::uint64_t i = 1; i <= 5000; ++i) REQUIRE_FALSE(set.contains({.shard_bits = 4, .remainder = i}));
  CHECK_FALSE(set.contains({.shard_bits = 3, .remainder = 5001}));
}

}  // namespace
}  // namespace kseg
