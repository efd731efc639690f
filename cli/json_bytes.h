// Bytes as JSON: a string if they are UTF-8, else {"base64":"…"}; null is null. Runs for every key
// and value of a dump, so it appends to a buffer and allocates nothing of its own.
#pragma once

#include <fmt/format.h>

#include <optional>
#include <string_view>

#include "formats/bytes.h"

namespace kseg {

void append_json(fmt::memory_buffer& out, Bytes bytes);
void append_json(fmt::memory_buffer& out, const std::optional<Bytes>& bytes);

// Digits only, without quotes.
void append_hex(fmt::memory_buffer& out, Bytes bytes);

}  // namespace kseg
