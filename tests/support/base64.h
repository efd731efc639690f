// Bytes as base64 text and back.
#pragma once

#include <string>
#include <string_view>

#include "formats/bytes.h"

namespace kseg {

std::string to_base64(Bytes bytes);

// Throws std::runtime_error for what is no base64.
ByteBuffer from_base64(std::string_view text);

}  // namespace kseg
