#include "cli/json_reader.h"

#include <fmt/format.h>

#include <charconv>

#include "formats/line_reader.h"

namespace kseg {
namespace {

void append_utf8(std::uint32_t code, ByteBuffer& out) {
  const auto put = [&](std::uint32_t byte) { out.push_back(static_cast<std::uint8_t>(byte)); };
  if (code < 0x80) return put(code);
  if (code < 0x800) {
    put(0xc0 | code >> 6);
  } else {
    if (code < 0x10000) {
      put(0xe0 | code >> 12);
    } else {
      put(0xf0 | code >> 18);
      put(0x80 | (code >> 12 & 0x3f));
    }
    put(0x80 | (code >> 6 & 0x3f));
  }
  put(0x80 | (code & 0x3f));
}

}  // namespace

void JsonReader::trip(std::string_view expected) {
  if (!ok()) return;
  const std::string found =
      at_ < text_.size() ? quote(text_.substr(at_, 20)) : std::string("the end of the line");
  wrong_ = fmt::format("position {}: expected {}, found {}", at_ + 1, expected, found);
  at_ = text_.size();
}

void JsonReader::blanks() {
  while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\t' || text_[at_] == '\r')) ++at_;
}

bool JsonReader::take(char wanted) {
  blanks();
  if (at_ >= text_.size() || text_[at_] != wanted) return false;
  ++at_;
  return true;
}

void JsonReader::punctuation(char wanted) {
  if (!take(wanted)) trip(fmt::format("'{}'", wanted));
}

// Whether there is another member or element; takes the brackets and commas around them.
bool JsonReader::next_in(char open, char close, bool first) {
  if (first) {
    punctuation(open);
    if (++depth_ > kMaxDepth) trip("values that are nested less deeply");
    if (ok() && !take(close)) return true;
  } else if (ok() && !take(close)) {
    punctuation(',');
    if (ok()) return true;
  }
  --depth_;
  return false;
}

JsonReader::Kind JsonReader::kind() {
  blanks();
  if (at_ >= text_.size()) return Kind::none;
  switch (text_[at_]) {
    case '"': return Kind::string;
    case '{': return Kind::object;
    case '[': return Kind::array;
    case 't':
    case 'f': return Kind::boolean;
    case 'n': return Kind::null;
    default: break;
  }
  const bool number = text_[at_] == '-' || (text_[at_] >= '0' && text_[at_] <= '9');
  return number ? Kind::number : Kind::none;
}

std::uint32_t JsonReader::hex4() {
  std::uint32_t code = 0;
  const char* const from = text_.data() + at_;
  const bool enough = text_.size() - at_ >= 4;
  if (!enough || std::from_chars(from, from + 4, code, 16).ptr != from + 4) {
    trip("four hexadecimal digits");
    return 0;
  }
  at_ += 4;
  return code;
}

void JsonReader::escape(ByteBuffer& out) {
  const char letter = at_ < text_.size() ? text_[at_] : '\0';
  static constexpr std::string_view kLetters = "\"\\/bfnrt";
  static constexpr std::string_view kMeanings = "\"\\/\b\f\n\r\t";
  const std::size_t index = letter == '\0' ? std::string_view::npos : kLetters.find(letter);
  if (index != std::string_view::npos) {
    ++at_;
    out.push_back(static_cast<std::uint8_t>(kMeanings[index]));
    return;
  }
  if (letter != 'u') return trip("an escape");
  ++at_;
  std::uint32_t code = hex4();
  if (code >= 0xdc00 && code < 0xe000) return trip("the first half of a surrogate pair before this one");
  if (code >= 0xd800 && code < 0xdc00) {
    const bool pair = text_.substr(at_, 2) == "\\u";
    if (pair) at_ += 2;
    const std::uint32_t low = pair ? hex4() : 0;
    if (low < 0xdc00 || low >= 0xe000) return trip("the second half of a surrogate pair");
    code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
  }
  if (ok()) append_utf8(code, out);
}

void JsonReader::string(ByteBuffer& out) {
  punctuation('"');
  while (ok()) {
    std::size_t end = at_;
    while (end < text_.size() && text_[end] != '"' && text_[end] != '\\' &&
           static_cast<unsigned char>(text_[end]) >= 0x20) {
      ++end;
    }
    append(out, as_bytes(text_.substr(at_, end - at_)));
    at_ = end;
    if (at_ >= text_.size()) return trip("the end of a string");
    if (text_[at_] == '"') {
      ++at_;
      return;
    }
    if (text_[at_] != '\\') return trip("no control character in a string");
    ++at_;
    escape(out);
  }
}

std::int64_t JsonReader::integer() {
  blanks();
  std::int64_t value = 0;
  const char* const from = text_.data() + at_;
  const auto [end, error] = std::from_chars(from, text_.data() + text_.size(), value);
  const auto size = static_cast<std::size_t>(end - from);
  const char behind = at_ + size < text_.size() ? text_[at_ + size] : ' ';
  if (error != std::errc{} || behind == '.' || behind == 'e' || behind == 'E') {
    trip("a whole number");
    return 0;
  }
  at_ += size;
  return value;
}

void JsonReader::literal(std::string_view word) {
  blanks();
  if (text_.substr(at_, word.size()) != word) return trip(word);
  at_ += word.size();
}

bool JsonReader::boolean() {
  blanks();
  const bool value = text_.substr(at_, 1) == "t";
  if (kind() != Kind::boolean) {
    trip("true or false");
    return false;
  }
  literal(value ? "true" : "false");
  return value;
}

void JsonReader::null() {
  literal("null");
}

void JsonReader::skip() {
  switch (kind()) {
    case Kind::string: skipped_.clear(); return string(skipped_);
    case Kind::number: {
      const std::size_t end = text_.find_first_not_of("+-.0123456789eE", at_);
      at_ = end == std::string_view::npos ? text_.size() : end;
      return;
    }
    case Kind::boolean: boolean(); return;
    case Kind::null: return null();
    case Kind::object: return object([this](std::string_view) { skip(); });
    case Kind::array: return array([this] { skip(); });
    case Kind::none: return trip("a value");
  }
}

void JsonReader::end() {
  blanks();
  if (at_ < text_.size()) trip("the end of the line");
}

}  // namespace kseg
