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
  if (size_ >= capacity(lines_.size())) grow();
  put(hash);
  ++size_;
  return true;
}

void SmallKeySet::forget() {
  std::fill(lines_.begin(), lines_.end(), Line{});
  size_ = 0;
}

// While it grows, the lines before stand beside those after.
bool SmallKeySet::fits(std::uint64_t keys, std::uint64_t bytes) const {
  std::size_t lines = lines_.size();
  while (size_ + keys > capacity(lines)) lines = std::max(kFirstLines, 2 * lines);
  return lines == lines_.size() || (lines + lines / 2) * sizeof(Line) <= bytes;
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
  grown.lines_.resize(std::max(kFirstLines, 2 * lines_.size()));
  for_each([&](KeyHash hash) { grown.put(hash); });
  lines_.swap(grown.lines_);
}

}  // namespace kseg
