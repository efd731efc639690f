// Numbers and ranges as words. "100..200" is half-open, either side may be missing.
#pragma once

#include <optional>
#include <string_view>

#include "lib/offset_range.h"
#include "lib/time_range.h"

namespace kseg {

// A number alone is that offset. Nothing if it is not of that form, or ends before it begins.
std::optional<OffsetRange> parse_offset_range(std::string_view text);

// Of what parse_time_ms takes. A time alone is none: it could be an instant, a second or a day.
std::optional<TimeRange> parse_time_range(std::string_view text);

// Nothing if it is not a decimal number of 0 or more.
std::optional<std::uint64_t> parse_count(std::string_view text);

}  // namespace kseg
