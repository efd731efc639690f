// Numbers and ranges as words. `--offset`: "100..200" is half-open, either side may be missing, a
// number alone is that offset.
#pragma once

#include <optional>
#include <string_view>

#include "lib/offset_range.h"

namespace kseg {

// Nothing if it is not of that form, or ends before it begins.
std::optional<OffsetRange> parse_offset_range(std::string_view text);

// Nothing if it is not a decimal number of 0 or more.
std::optional<std::uint64_t> parse_count(std::string_view text);

}  // namespace kseg
