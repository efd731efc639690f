#include "cli/json_bytes.h"

#include "cli/json_escape.h"
#include "cli/line_text.h"
#include "formats/base64.h"
#include "formats/record.h"

namespace kseg {

void append_json(fmt::memory_buffer& out, Bytes bytes) {
  const std::size_t start = out.size();
  out.push_back('"');
  const std::size_t ascii = append_escaped(out, bytes, EscapeUntil::not_ascii);
  if (const Bytes rest = bytes.subspan(ascii); !rest.empty()) {
    if (!is_utf8(rest)) {
      out.resize(start);
      append(out, R"({"base64":")");
      append_base64(out, bytes);
      return append(out, "\"}");
    }
    append_escaped(out, rest, EscapeUntil::end);
  }
  out.push_back('"');
}

void append_json(fmt::memory_buffer& out, const std::optional<Bytes>& bytes) {
  if (bytes) return append_json(out, *bytes);
  append(out, "null");
}

void append_hex(fmt::memory_buffer& out, Bytes bytes) {
  static constexpr char kDigits[] = "0123456789abcdef";
  for (const std::uint8_t byte : bytes) {
    out.push_back(kDigits[byte >> 4]);
    out.push_back(kDigits[byte & 0xf]);
  }
}

}  // namespace kseg
