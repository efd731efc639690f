// Points in time as words: milliseconds since 1970 or RFC 3339. And how long something takes.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace kseg {

// "1700000000000", "-1", "2026-11-01" (midnight UTC), "2026-11-01T00:00Z",
// "2026-11-01T01:30:05.250+01:00". A time of day needs its zone; what is finer than a millisecond is
// cut off. Nothing if it is none of these.
std::optional<std::int64_t> parse_time_ms(std::string_view text);

// "2023-11-14T22:13:20.000Z"; outside the years 1 to 9999, and for -1 ("no time"), the number.
std::string format_time_ms(std::int64_t time_ms);

// "7d", "24h", "90m", "30s", "500ms". Nothing for anything else, or if it does not fit.
std::optional<std::int64_t> parse_duration_ms(std::string_view text);

// Its two largest units, such as "3 d 4 h", "2 m", "250 ms"; of 0 or more.
std::string format_duration_ms(std::int64_t duration_ms);

std::int64_t wall_clock_ms();

}  // namespace kseg
