#include "cli/json_bytes.h"

#include "formats/base64.h"
#include "formats/record.h"

namespace kseg {
namespace {

constexpr std::uint64_t kOnes = 0x0101010101010101;
constexpr std::uint64_t kTops = 0x8080808080808080;

// Top bit of each byte of `word` that is below `limit` (at most 0x80); a byte behind a hit may be
// marked too, so the answer is only good for "any".
constexpr std::uint64_t below(std::uint64_t word, std::uint64_t limit) {
  return (word - kOnes * limit) & ~word & kTops;
}

constexpr bool needs_escape(std::uint8_t byte) {
  return byte < 0x20 || byte == '"' || byte == '\\';
}

constexpr std::uint64_t any_needs_escape(std::uint64_t word) {
  return below(word, 0x20) | below(word ^ (kOnes * '"'), 1) | below(word ^ (kOnes * '\\'), 1);
}

// The first byte from `from` on that a JSON string cannot hold as it is, or the end.
std::size_t find_escape(Bytes bytes, std::size_t from) {
  for (; from + 8 <= bytes.size(); from += 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, bytes.data() + from, 8);
    if (any_needs_escape(word) != 0) break;
  }
  while (from < bytes.size() && !needs_escape(bytes[from])) ++from;
  return from;
}

bool is_ascii(Bytes bytes) {
  std::size_t i = 0;
  for (; i + 8 <= bytes.size(); i += 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, bytes.data() + i, 8);
    if ((word & kTops) != 0) return false;
  }
  for (; i < bytes.size(); ++i) {
    if (bytes[i] >= 0x80) return false;
  }
  return true;
}

void append_escape(fmt::memory_buffer& out, std::uint8_t byte) {
  static constexpr char kHex[] = "0123456789abcdef";
  const auto pair = [&](char letter) {
    out.push_back('\\');
    out.push_back(letter);
  };
  switch (byte) {
    case '"': return pair('"');
    case '\\': return pair('\\');
    case '\b': return pair('b');
    case '\f': return pair('f');
    case '\n': return pair('n');
    case '\r': return pair('r');
    case '\t': return pair('t');
    default:
      out.append(std::string_view("\\u00"));
      out.push_back(kHex[byte >> 4]);
      out.push_back(kHex[byte & 0xf]);
  }
}

void append_string(fmt::memory_buffer& out, Bytes bytes) {
  const char* data = as_text(bytes).data();
  out.push_back('"');
  for (std::size_t from = 0; from < bytes.size();) {
    const std::size_t to = find_escape(bytes, from);
    out.append(data + from, data + to);
    if (to < bytes.size()) append_escape(out, bytes[to]);
    from = to + 1;
  }
  out.push_back('"');
}

}  // namespace

void append_json(fmt::memory_buffer& out, Bytes bytes) {
  if (is_ascii(bytes) || is_utf8(bytes)) return append_string(out, bytes);
  out.append(std::string_view(R"({"base64":")"));
  append_base64(out, bytes);
  out.append(std::string_view("\"}"));
}

void append_json(fmt::memory_buffer& out, const std::optional<Bytes>& bytes) {
  if (bytes) return append_json(out, *bytes);
  out.append(std::string_view("null"));
}

void append_hex(fmt::memory_buffer& out, Bytes bytes) {
  static constexpr char kDigits[] = "0123456789abcdef";
  for (const std::uint8_t byte : bytes) {
    out.push_back(kDigits[byte >> 4]);
    out.push_back(kDigits[byte & 0xf]);
  }
}

}  // namespace kseg
