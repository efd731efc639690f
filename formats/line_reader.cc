#include "formats/line_reader.h"

#include <fmt/format.h>

#include <algorithm>

namespace kseg {

std::optional<std::string_view> LineReader::next() {
  start_ = next_;
  if (start_ == text_.size()) return std::nullopt;
  const std::size_t end = std::min(text_.find_first_of("\r\n", start_), text_.size());
  next_ = end;
  if (text_.substr(end).starts_with("\r\n")) {
    next_ += 2;
  } else if (end < text_.size()) {
    next_ += 1;
  }
  return text_.substr(start_, end - start_);
}

Defect LineReader::bad_text(std::string expected) const {
  const std::string_view rest = text_.substr(start_);
  return Defect{
      .code = DefectCode::bad_text,
      .position = position(),
      .expected = std::move(expected),
      .found = rest.empty() ? "the end of the file" : quote(rest.substr(0, rest.find_first_of("\r\n")))};
}

std::vector<std::string_view> split(std::string_view line, std::string_view mark) {
  static constexpr std::string_view kSpaces = " \t\n\v\f\r";
  std::vector<std::string_view> parts;
  std::size_t start = 0;
  for (std::size_t i = 0; i + mark.size() < line.size(); ++i) {
    const std::string_view behind_mark = line.substr(i + mark.size());
    if (line.substr(i, mark.size()) != mark || kSpaces.find(behind_mark[0]) == kSpaces.npos) continue;
    parts.push_back(line.substr(start, i - start));
    start = std::min(line.find_first_not_of(kSpaces, i + mark.size()), line.size());
    i = start - 1;
  }
  parts.push_back(line.substr(start));
  while (!parts.empty() && parts.back().empty()) parts.pop_back();
  return parts;
}

std::string quote(std::string_view text) {
  static constexpr std::size_t kLongest = 60;  // bytes
  std::string quoted = "\"";
  for (const char c : text.substr(0, kLongest)) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      quoted += '\\';
      quoted += c;
    } else if (byte < 0x20 || byte >= 0x7f) {
      quoted += fmt::format("\\x{:02x}", byte);
    } else {
      quoted += c;
    }
  }
  return quoted + (text.size() > kLongest ? "\"…" : "\"");
}

}  // namespace kseg
