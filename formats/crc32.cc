#include "formats/crc32.h"

#include <libdeflate.h>

namespace kseg {

std::uint32_t crc32(Bytes bytes) {
  return libdeflate_crc32(0, bytes.data(), bytes.size());
}

}  // namespace kseg
