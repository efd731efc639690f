// Keys and values for people: quoted if they are text, else in hexadecimal, cut short if long.
#pragma once

#include <fmt/format.h>

#include <optional>
#include <string_view>

#include "formats/bytes.h"

namespace kseg {

// `"text"`, `0x00ff`, `"begins like th"… (1048576 bytes)`, `null`. Nothing that a terminal acts on.
void append_text(fmt::memory_buffer& out, const std::optional<Bytes>& bytes);

// All of it as `"text"`, with U+FFFD for what is not UTF-8 and escapes for what a terminal acts on.
void append_as_text(fmt::memory_buffer& out, Bytes bytes);

// JSON, with escapes for what a terminal acts on.
void append_json_text(fmt::memory_buffer& out, std::string_view json);

}  // namespace kseg
