// Codec 3: the part of the LZ4 frame format that Kafka reads and writes. Layout and validity:
// formats/compression.md.
#pragma once

#include "formats/bytes.h"
#include "formats/decompression.h"
#include "formats/result.h"

namespace kseg {

// Decodes the first frame; returns the bytes behind it.
Result<std::size_t> decode_lz4_frame(Bytes input, GrowingOutput& out);

void encode_lz4_frame(Bytes input, ByteBuffer& out);

}  // namespace kseg
