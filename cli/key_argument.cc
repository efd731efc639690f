#include "cli/key_argument.h"

#include <array>
#include <cerrno>
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>

#include "lib/file_system.h"

namespace kseg {
namespace {

std::optional<int> hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return std::nullopt;
}

std::optional<std::string> parse_base64(std::string_view text) {
  static constexpr std::string_view kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  if (text.size() % 4 != 0) return std::nullopt;
  const std::size_t padding = text.ends_with("==") ? 2 : text.ends_with('=') ? 1 : 0;
  std::string bytes;
  std::uint32_t group = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const std::size_t digit = i + padding >= text.size() ? 0 : kDigits.find(text[i]);
    if (digit == std::string_view::npos) return std::nullopt;
    group = group << 6 | static_cast<std::uint32_t>(digit);
    if (i % 4 != 3) continue;
    for (const int shift : {16, 8, 0}) bytes.push_back(static_cast<char>(group >> shift & 0xff));
    group = 0;
  }
  bytes.erase(bytes.size() - padding);
  return bytes;
}

// A file, a pipe, or what the shell makes of <(…).
std::string read_all(const std::string& path) {
  const bool is_stdin = path == "-";
  const auto close = [](std::FILE* file) { std::fclose(file); };
  std::unique_ptr<std::FILE, decltype(close)> opened(is_stdin ? nullptr : std::fopen(path.c_str(), "rb"),
                                                     close);
  if (!is_stdin && !opened) throw IoError(path, "open", errno);
  std::FILE* const file = is_stdin ? stdin : opened.get();
  std::string text;
  std::array<char, 1 << 16> chunk{};
  while (const std::size_t got = std::fread(chunk.data(), 1, chunk.size(), file))
    text.append(chunk.data(), got);
  if (std::ferror(file) != 0) throw IoError(is_stdin ? "standard input" : path, "read", errno);
  return text;
}

}  // namespace

std::optional<std::string> parse_hex(std::string_view text) {
  if (text.starts_with("0x")) text.remove_prefix(2);
  if (text.size() % 2 != 0) return std::nullopt;
  std::string bytes;
  for (std::size_t i = 0; i < text.size(); i += 2) {
    const auto high = hex_digit(text[i]);
    const auto low = hex_digit(text[i + 1]);
    if (!high || !low) return std::nullopt;
    bytes.push_back(static_cast<char>(*high << 4 | *low));
  }
  return bytes;
}

std::string parse_key_line(std::string_view line) {
  const std::string text(line);
  if (!text.starts_with('"') && !text.starts_with('{')) return text;
  const auto json = nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (json.is_string()) return json.get<std::string>();
  if (json.is_object() && json.size() == 1 && json.contains("base64") && json["base64"].is_string()) {
    if (auto bytes = parse_base64(json["base64"].get_ref<const std::string&>())) return *bytes;
  }
  return text;
}

std::vector<std::string> read_keys(const std::string& file) {
  const std::string text = read_all(file);
  std::vector<std::string> keys;
  for (std::size_t from = 0; from < text.size();) {
    const std::size_t to = std::min(text.find('\n', from), text.size());
    if (to > from) keys.push_back(parse_key_line(std::string_view(text).substr(from, to - from)));
    from = to + 1;
  }
  return keys;
}

}  // namespace kseg
