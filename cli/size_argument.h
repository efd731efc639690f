// Numbers of bytes as words.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace kseg {

// "4096", "64KiB", "200MiB", "1.5GiB", "10MB"; nothing for anything else, or if it does not fit.
std::optional<std::uint64_t> parse_size_bytes(std::string_view text);

// "950 B", "1.5 MiB": for people.
std::string format_size_bytes(std::uint64_t bytes);

}  // namespace kseg
