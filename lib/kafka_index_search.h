// How a broker searches an index: the newest entries first, then all (AbstractIndex.indexSlotRangeFor). In an
// index whose entries do not ascend this finds something else than a plain search.
#pragma once

#include <cstddef>
#include <optional>

namespace kseg {

// The slot of the greatest entry that is not above `wanted`, of `entries` entries of `entry_bytes` bytes
// whose keys `key(slot)` tells. Nothing if there is none.
template <typename Key, typename KeyOf>
std::optional<std::size_t> kafka_index_slot(std::size_t entries, std::size_t entry_bytes, const Key& wanted,
                                            KeyOf key) {
  constexpr std::size_t kWarmBytes = 8192;
  if (entries == 0) return std::nullopt;
  const std::size_t warm = kWarmBytes / entry_bytes;
  const std::size_t first_hot = entries - 1 > warm ? entries - 1 - warm : 0;
  std::size_t low = 0;
  std::size_t high = first_hot;
  if (key(first_hot) < wanted) {
    low = first_hot;
    high = entries - 1;
  } else if (key(0) > wanted) {
    return std::nullopt;
  }
  while (low < high) {
    const std::size_t middle = low + (high - low + 1) / 2;
    const Key found = key(middle);
    if (found == wanted) return middle;
    if (found > wanted)
      high = middle - 1;
    else
      low = middle;
  }
  return low;
}

}  // namespace kseg
