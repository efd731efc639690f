// Codec 3: the part of the LZ4 frame format that Kafka reads and writes. Layout and validity:
// formats/compression.md.
#pragma once

#include <optional>

#include "formats/bytes.h"
#include "formats/compression.h"
#include "formats/decompression.h"
#include "formats/result.h"

namespace kseg {

// Decodes the first frame; returns the bytes behind it.
Result<std::size_t> decode_lz4_frame(Bytes input, Framing framing, GrowingOutput& out);

// A level is Kafka's: 9, its default, is the fast compressor, every other one the thorough one's.
void encode_lz4_frame(Bytes input, Framing framing, ByteBuffer& out, std::optional<int> level = {});

}  // namespace kseg
