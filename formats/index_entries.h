// What offset and time indexes have in common: a plain array of entries of one size, which lies in
// front of zeros as long as its segment is active, and which is searched by halving.
#pragma once

#include <algorithm>
#include <cstddef>

#include "formats/bytes.h"

namespace kseg {

// Whole entries up to and with the last one that is not all zeros.
inline std::size_t entries_before_padding(Bytes file, std::size_t entry_size) {
  const auto last = std::find_if(file.rbegin(), file.rend(), [](std::uint8_t byte) { return byte != 0; });
  const auto used = static_cast<std::size_t>(file.rend() - last);
  return std::min((used + entry_size - 1) / entry_size, file.size() / entry_size);
}

// How many of `count` entries are not above what is looked for, if they ascend. If they do not, still
// some n <= count with n == 0 or not_above(n - 1).
template <typename NotAbove>
std::size_t count_not_above(std::size_t count, NotAbove not_above) {
  std::size_t begin = 0;
  std::size_t end = count;
  while (begin < end) {
    const std::size_t middle = begin + (end - begin) / 2;
    if (not_above(middle)) {
      begin = middle + 1;
    } else {
      end = middle;
    }
  }
  return begin;
}

}  // namespace kseg
