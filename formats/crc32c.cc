#include "formats/crc32c.h"

#include <isa-l/crc.h>

#include <algorithm>

namespace kseg {

std::uint32_t crc32c(Bytes bytes) {
  // ISA-L takes an int and neither inverts at the start nor at the end.
  constexpr std::size_t kMaxRun = 1U << 30;
  std::uint32_t crc = ~0U;
  while (!bytes.empty()) {
    const std::size_t run = std::min(bytes.size(), kMaxRun);
    crc = crc32_iscsi(const_cast<unsigned char*>(bytes.data()), static_cast<int>(run), crc);
    bytes = bytes.subspan(run);
  }
  return ~crc;
}

}  // namespace kseg
