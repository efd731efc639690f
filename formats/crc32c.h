// CRC-32C (Castagnoli), the checksum of record batches and producer snapshots.
#pragma once

#include <cstdint>

#include "formats/bytes.h"

namespace kseg {

std::uint32_t crc32c(Bytes bytes);

}  // namespace kseg
