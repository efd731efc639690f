#include "tests/page_example.h"

#include <charconv>
#include <fstream>
#include <sstream>
#include <stdexcept>

namespace kseg {

std::string page_example(std::string_view page, int number) {
  std::ifstream file(std::string(KSEG_TEST_DATA "/../../formats/").append(page));
  std::stringstream content;
  content << file.rdbuf();
  const std::string text = content.str();

  static constexpr std::string_view kFence = "\n```\n";
  std::size_t begin = text.find("# Worked example");
  for (int block = 1; begin != text.npos; ++block) {
    begin = text.find(kFence, begin);
    if (begin == text.npos) break;
    begin += kFence.size();
    const std::size_t end = text.find(kFence, begin - 1);
    if (end == text.npos) break;
    if (block == number) return text.substr(begin, end + 1 - begin);
    begin = end + kFence.size() - 1;
  }
  throw std::runtime_error("no such example in formats/" + std::string(page));
}

ByteBuffer from_hex(std::string_view text) {
  std::string digits;
  for (const char c : text) {
    if (c != ' ' && c != '\n') digits += c;
  }
  ByteBuffer bytes(digits.size() / 2);
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const char* at = digits.data() + 2 * i;
    const auto [end, error] = std::from_chars(at, at + 2, bytes[i], 16);
    if (error != std::errc{} || end != at + 2) throw std::runtime_error("no hexadecimal digits: " + digits);
  }
  return bytes;
}

}  // namespace kseg
