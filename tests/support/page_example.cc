#include "tests/support/page_example.h"

#include <fmt/format.h>

#include <fstream>
#include <sstream>
#include <stdexcept>

namespace kseg {
namespace {

std::string read_page(std::string_view page) {
  std::ifstream file(std::string(KSEG_TEST_DATA "/../../formats/").append(page));
  std::stringstream content;
  content << file.rdbuf();
  if (!file) throw std::runtime_error("cannot read formats/" + std::string(page));
  return content.str();
}

}  // namespace

std::string page_example(std::string_view page, int number) {
  const std::string text = read_page(page);
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

std::vector<HexExample> hex_examples(std::string_view page) {
  static constexpr std::string_view kOpen = "\n```hex ";
  const std::string text = read_page(page);
  std::vector<HexExample> examples;
  for (std::size_t at = text.find(kOpen); at != text.npos; at = text.find(kOpen, at)) {
    const std::size_t name = at + kOpen.size();
    const std::size_t begin = text.find('\n', name);
    at = text.find("\n```\n", begin);
    if (at == text.npos) throw std::runtime_error("an open block in formats/" + std::string(page));
    examples.push_back(
        {.name = text.substr(name, begin - name), .bytes = from_hex(text.substr(begin, at - begin))});
  }
  return examples;
}

ByteBuffer hex_example(std::string_view page, std::string_view name) {
  for (const HexExample& example : hex_examples(page)) {
    if (example.name == name) return example.bytes;
  }
  throw std::runtime_error(fmt::format("no example {} in formats/{}", name, page));
}

}  // namespace kseg
