// Codec 2: raw snappy blocks in the framing of xerial's snappy-java. Layout and validity:
// formats/compression.md.
#pragma once

#include "formats/bytes.h"
#include "formats/decompression.h"
#include "formats/result.h"

namespace kseg {

// Returns the bytes behind the last chunk: 0 to 3, too few for the length of another.
Result<std::size_t> decode_snappy_xerial(Bytes input, GrowingOutput& out);

void encode_snappy_xerial(Bytes input, ByteBuffer& out);

}  // namespace kseg
