// Keys as words: in hexadecimal, and in files.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace kseg {

// "00ff" or "0x00FF" as bytes. Nothing if it is not pairs of digits.
std::optional<std::string> parse_hex(std::string_view text);

// The key that a line stands for: what `dump --json` writes for one ("a string", {"base64":"…"}), or
// else the line itself, byte for byte.
std::string parse_key_line(std::string_view line);

// One key a line, empty lines left out; "-" is standard input. Throws IoError.
std::vector<std::string> read_keys(const std::string& file);

}  // namespace kseg
