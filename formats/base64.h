// Bytes as base64 digits with padding (RFC 4648), and back.
#pragma once

#include <fmt/format.h>

#include <string_view>

#include "formats/bytes.h"

namespace kseg {

void append_base64(fmt::memory_buffer& out, Bytes bytes);

// Appends what `text` stands for. False for what is no base64 with its padding.
bool decode_base64(std::string_view text, ByteBuffer& out);

}  // namespace kseg
