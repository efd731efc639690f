#include "formats/properties.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>

#include "formats/line_reader.h"

namespace kseg {
namespace {

constexpr std::string_view kBlanks = " \t\f";

std::string_view without_leading_blanks(std::string_view text) {
  return text.substr(std::min(text.find_first_not_of(kBlanks), text.size()));
}

// Whether the line goes on: an odd number of backslashes stands at its end.
bool continues(std::string_view line) {
  const std::size_t last = line.find_last_not_of('\\');
  return (last == line.npos ? line.size() : line.size() - 1 - last) % 2 == 1;
}

void append_code_point(std::uint32_t point, std::string& out) {
  const auto put = [&](std::uint32_t byte) { out += static_cast<char>(byte); };
  if (point < 0x80) {
    put(point);
  } else if (point < 0x800) {
    put(0xc0 | point >> 6);
    put(0x80 | (point & 0x3f));
  } else if (point < 0x10000) {
    put(0xe0 | point >> 12);
    put(0x80 | (point >> 6 & 0x3f));
    put(0x80 | (point & 0x3f));
  } else {
    put(0xf0 | point >> 18);
    put(0x80 | (point >> 12 & 0x3f));
    put(0x80 | (point >> 6 & 0x3f));
    put(0x80 | (point & 0x3f));
  }
}

// UTF-8 of Java's UTF-16; half a surrogate pair becomes U+FFFD.
std::string to_utf8(const std::u16string& text) {
  std::string utf8;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const std::uint32_t unit = text[i];
    const std::uint32_t next = i + 1 < text.size() ? text[i + 1] : 0U;
    if ((unit & 0xf800) != 0xd800) {
      append_code_point(unit, utf8);
    } else if (unit < 0xdc00 && (next & 0xfc00) == 0xdc00) {
      append_code_point(0x10000 + ((unit & 0x3ff) << 10) + (next & 0x3ff), utf8);
      ++i;
    } else {
      append_code_point(0xfffd, utf8);
    }
  }
  return utf8;
}

// What ISO-8859-1 text with backslash escapes stands for; nothing if a \u lacks its four digits.
std::optional<std::string> unescape(std::string_view text) {
  std::u16string plain;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\') {
      plain += static_cast<unsigned char>(text[i]);
      continue;
    }
    if (++i == text.size()) break;
    switch (text[i]) {
      case 't': plain += u'\t'; break;
      case 'n': plain += u'\n'; break;
      case 'r': plain += u'\r'; break;
      case 'f': plain += u'\f'; break;
      case 'u': {
        const std::string_view digits = text.substr(i + 1, 4);
        std::uint16_t unit = 0;
        const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), unit, 16);
        if (digits.size() != 4 || error != std::errc{} || end != digits.data() + digits.size()) {
          return std::nullopt;
        }
        plain += static_cast<char16_t>(unit);
        i += 4;
        break;
      }
      default: plain += static_cast<unsigned char>(text[i]);
    }
  }
  return to_utf8(plain);
}

// Where the key of a logical line ends: at the first blank, '=' or ':' without a backslash.
std::size_t key_size(std::string_view line) {
  for (std::size_t i = 0; i < line.size(); ++i) {
    if (line[i] == '\\') {
      ++i;
    } else if (line[i] == '=' || line[i] == ':' || kBlanks.find(line[i]) != kBlanks.npos) {
      return i;
    }
  }
  return line.size();
}

}  // namespace

Result<Properties> decode_properties(Bytes file) {
  Properties properties;
  LineReader lines(file);
  std::uint64_t line_number = 0;
  const auto next_line = [&] {
    const auto line = lines.next();
    if (line) ++line_number;
    return line;
  };
  while (const auto first = next_line()) {
    std::string line(without_leading_blanks(*first));
    if (line.empty() || line[0] == '#' || line[0] == '!') continue;
    const Position position = lines.position();
    const std::uint64_t number = line_number;
    while (continues(line)) {
      line.pop_back();
      const auto more = next_line();
      if (!more) break;
      line += without_leading_blanks(*more);
    }

    const std::string_view text = line;
    const std::size_t key_end = key_size(text);
    std::string_view rest = without_leading_blanks(text.substr(key_end));
    if (rest.starts_with('=') || rest.starts_with(':')) rest = without_leading_blanks(rest.substr(1));
    const auto key = unescape(text.substr(0, key_end));
    auto value = unescape(rest);
    if (!key || !value) {
      return Defect{.code = DefectCode::bad_text,
                    .position = position,
                    .expected = "four hexadecimal digits behind \\u",
                    .found = quote(text)};
    }
    properties[*key] = {.value = std::move(*value), .position = position, .line = number};
  }
  return properties;
}

std::string escape_property_value(std::string_view utf8) {
  std::string text;
  const auto put_unit = [&](std::uint32_t unit) { text += fmt::format("\\u{:04X}", unit); };
  for (std::size_t i = 0; i < utf8.size(); ++i) {
    const auto lead = static_cast<unsigned char>(utf8[i]);
    if (lead >= 0x80) {
      const std::size_t more = lead >= 0xf0 ? 3 : lead >= 0xe0 ? 2 : 1;
      std::uint32_t point = lead & (0x3fU >> more);
      for (const char byte : utf8.substr(i + 1, more))
        point = point << 6 | (static_cast<unsigned char>(byte) & 0x3f);
      i += more;
      if (point >= 0x10000) put_unit(0xd800 | ((point - 0x10000) >> 10 & 0x3ff));
      put_unit(point >= 0x10000 ? 0xdc00 | (point & 0x3ff) : point);
      continue;
    }
    switch (utf8[i]) {
      case '\t': text += "\\t"; break;
      case '\n': text += "\\n"; break;
      case '\r': text += "\\r"; break;
      case '\f': text += "\\f"; break;
      case ' ': text += i == 0 ? "\\ " : " "; break;
      case '\\':
      case '=':
      case ':':
      case '#':
      case '!':
        text += '\\';
        text += utf8[i];
        break;
      default:
        if (lead < 0x20 || lead == 0x7f) {
          put_unit(lead);
        } else {
          text += utf8[i];
        }
    }
  }
  return text;
}

std::string_view trimmed(std::string_view text) {
  const auto is_blank = [](char c) { return static_cast<unsigned char>(c) <= ' '; };
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

}  // namespace kseg
