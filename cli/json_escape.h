// The inside of a JSON string.
#pragma once

#include <fmt/format.h>

#include "formats/bytes.h"

namespace kseg {

enum class EscapeUntil {
  end,        // of the bytes, which are UTF-8
  not_ascii,  // the first byte that is not ASCII
  not_plain,  // the same, or DEL: what is neither shown by a terminal nor escaped in JSON
};

enum class EscapeBy {
  this_machine,  // in what instructions it has
  any_machine,
};

// Appends `bytes` as they stand inside of a JSON string, up to where `until` says. Returns how many of them
// that were.
std::size_t append_escaped(fmt::memory_buffer& out, Bytes bytes, EscapeUntil until,
                           EscapeBy by = EscapeBy::this_machine);

}  // namespace kseg
