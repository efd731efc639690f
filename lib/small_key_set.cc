#include "lib/small_key_set.h"

#include <algorithm>

namespace kseg {

bool SmallKeySet::contains(KeyHash hash) const {
  if (lines_.empty()) return false;
  for (std::size_t line = home(hash);; line = (line + 1) & (lines_.size() - 1)) {
    if (lines_[line].holds(hash)) return true;
    if (!lines_[line].is_full()) return false;
  }
}

bool SmallKeySet::insert(KeyHash hash) {
  if (contains(hash)) return false;
  if (5 * size_ >= 4 * kSlots * lines_.size()) grow();
  put(hash);
  ++size_;
  return true;
}

void SmallKeySet::put(KeyHash hash) {
  std::size_t line = home(hash);
  while (lines_[line].is_full()) line = (line + 1) & (lines_.size() - 1);
  const std::size_t slot = lines_[line].used();
  lines_[line].remainders[slot] = hash.remainder;
  lines_[line].shards[slot] = hash.shard();
}

void SmallKeySet::grow() {
  SmallKeySet grown;
  grown.lines_.resize(std::max<std::size_t>(16, 2 * lines_.size()));
  for_each([&](KeyHash hash) { grown.put(hash); });
  lines_.swap(grown.lines_);
}

}  // namespace kseg
