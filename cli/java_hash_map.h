// What Java's HashMap<String, …> with computeIfAbsent() does to the order of its keys: Kafka's tools print
// maps as they come. (Buckets of eight and more become trees; that is not in here.)
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace kseg {

// String.hashCode() of well-formed UTF-8: 31-polynomial over the UTF-16 units.
std::uint32_t java_string_hash(std::string_view utf8);

template <typename Value>
class JavaHashMap {
 public:
  struct Entry {
    std::string key;
    Value value;
  };

  // Made if it is not there. Valid until the next call for another key.
  Value& operator[](const std::string& key) {
    // It grows before it looks, if it has grown too full since.
    if (entries_.size() > capacity_ / 4 * 3) capacity_ *= 2;
    for (auto entry = entries_.rbegin(); entry != entries_.rend(); ++entry) {
      if (entry->key == key) return entry->value;
    }
    entries_.push_back({.key = key, .value = {}});
    return entries_.back().value;
  }

  bool empty() const { return entries_.empty(); }

  // By bucket; within one the newest first.
  std::vector<const Entry*> in_order() const {
    std::vector<const Entry*> order;
    for (auto entry = entries_.rbegin(); entry != entries_.rend(); ++entry) order.push_back(&*entry);
    std::stable_sort(order.begin(), order.end(),
                     [&](const Entry* a, const Entry* b) { return bucket(a->key) < bucket(b->key); });
    return order;
  }

 private:
  std::uint32_t bucket(std::string_view key) const {
    const std::uint32_t hash = java_string_hash(key);
    return (hash ^ hash >> 16) & (capacity_ - 1);
  }

  std::vector<Entry> entries_;  // as they came
  std::uint32_t capacity_ = 16;
};

}  // namespace kseg
