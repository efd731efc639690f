// CRC-32 (ISO-HDLC, as in gzip), the checksum of messages of formats 0 and 1.
#pragma once

#include <cstdint>

#include "formats/bytes.h"

namespace kseg {

std::uint32_t crc32(Bytes bytes);

}  // namespace kseg
