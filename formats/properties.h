// Java's properties files: meta.properties, server.properties. Grammar: formats/properties.md.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "formats/bytes.h"
#include "formats/result.h"

namespace kseg {

struct Property {
  std::string value;       // UTF-8
  Position position;       // of its (first) line
  std::uint64_t line = 0;  // from 1
};
using Properties = std::map<std::string, Property, std::less<>>;

// Of several lines with one key the last one counts. Errors: bad_text with the position of the line.
Result<Properties> decode_properties(Bytes file);

// What stands behind "key=" and reads as `utf8`: escapes as Java writes them, and what is not printable
// ASCII as \uXXXX.
std::string escape_property_value(std::string_view utf8);

// Without the blanks and control characters at its ends, as Java's String.trim() has it. A properties
// file keeps them; whoever reads a value may not want them.
std::string_view trimmed(std::string_view text);

}  // namespace kseg
