// For reading beside a live broker, which renames and removes files at any time.
#pragma once

#include <optional>

#include "lib/file_system.h"

namespace kseg {

// What `read` yields, or nothing if it met a file that is not there (any more).
template <typename Read>
auto unless_missing(Read read) -> std::optional<decltype(read())> {
  try {
    return read();
  } catch (const IoError& error) {
    if (!error.missing()) throw;
    return std::nullopt;
  }
}

}  // namespace kseg
