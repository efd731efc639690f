#include "cli/text_bytes.h"

#include <iterator>

#include "cli/json_bytes.h"
#include "cli/json_escape.h"
#include "cli/line_text.h"
#include "formats/record.h"

namespace kseg {
namespace {

constexpr std::size_t kMaxTextBytes = 160;
constexpr std::size_t kMaxBinaryBytes = 40;

// DEL and U+0080 to U+009F; what is below a blank is escaped.
bool holds_terminal_controls(Bytes text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == 0x7f) return true;
    if (text[i] == 0xc2 && i + 1 < text.size() && text[i + 1] < 0xa0) return true;
  }
  return false;
}

// At most `size` bytes of UTF-8, no character cut in two.
Bytes cut(Bytes text, std::size_t size) {
  if (text.size() <= size) return text;
  while (size > 0 && (text[size] & 0xc0U) == 0x80U) --size;
  return text.first(size);
}

void append_cut(fmt::memory_buffer& out, std::size_t size_bytes) {
  append(out, "… (");
  append_number(out, size_bytes);
  append(out, " bytes)");
}

}  // namespace

void append_text(fmt::memory_buffer& out, const std::optional<Bytes>& bytes) {
  if (!bytes) {
    append(out, "null");
    return;
  }
  Bytes shown = cut(*bytes, kMaxTextBytes);
  const std::size_t start = out.size();
  out.push_back('"');
  if (append_escaped(out, shown, EscapeUntil::not_plain) == shown.size()) {
    out.push_back('"');
    if (shown.size() < bytes->size()) append_cut(out, bytes->size());
    return;
  }
  out.resize(start);
  if (is_utf8(shown) && !holds_terminal_controls(shown)) {
    append_json(out, shown);
  } else {
    shown = bytes->first(std::min(bytes->size(), kMaxBinaryBytes));
    fmt::format_to(std::back_inserter(out), "0x{:02x}", fmt::join(shown, ""));
  }
  if (shown.size() < bytes->size()) append_cut(out, bytes->size());
}

void append_as_text(fmt::memory_buffer& out, Bytes bytes) {
  ByteBuffer text;
  append_as_utf8(bytes, text);
  fmt::memory_buffer quoted;
  append_json(quoted, Bytes(text));
  append_json_text(out, {quoted.data(), quoted.size()});
}

void append_json_text(fmt::memory_buffer& out, std::string_view json) {
  for (std::size_t i = 0; i < json.size(); ++i) {
    const auto byte = static_cast<std::uint8_t>(json[i]);
    const auto next = static_cast<std::uint8_t>(i + 1 < json.size() ? json[i + 1] : 0xff);
    if (byte == 0x7f) {
      out.append(std::string_view("\\u007f"));
    } else if (byte == 0xc2 && next < 0xa0) {  // U+0080 to U+009F
      fmt::format_to(std::back_inserter(out), "\\u{:04x}", next);
      ++i;
    } else {
      out.push_back(json[i]);
    }
  }
}

}  // namespace kseg
