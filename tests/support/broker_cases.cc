#include "tests/support/broker_cases.h"

#include <fstream>
#include <stdexcept>

namespace kseg {
namespace {

ByteBuffer from_base64(const std::string& text) {
  static constexpr std::string_view kAlphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  ByteBuffer bytes;
  std::uint32_t bits = 0;
  int held = 0;
  for (const char c : text.substr(0, text.find('='))) {
    const std::size_t digit = kAlphabet.find(c);
    if (digit == kAlphabet.npos) throw std::runtime_error("no base64: " + text);
    bits = bits << 6 | static_cast<std::uint32_t>(digit);
    held += 6;
    if (held < 8) continue;
    held -= 8;
    bytes.push_back(static_cast<std::uint8_t>(bits >> held));
  }
  return bytes;
}

}  // namespace

std::vector<nlohmann::json> broker_cases(std::string_view kind) {
  std::ifstream file(KSEG_TEST_DATA "/cases/cases.jsonl");
  std::vector<nlohmann::json> cases;
  for (std::string line; std::getline(file, line);) {
    auto one = nlohmann::json::parse(line);
    if (one.value("kind", "") == kind) cases.push_back(std::move(one));
  }
  if (cases.empty()) throw std::runtime_error("no cases of kind " + std::string(kind));
  return cases;
}

std::map<std::string, ByteBuffer> decode_files(const nlohmann::json& files) {
  std::map<std::string, ByteBuffer> decoded;
  for (const auto& [name, content] : files.items()) decoded[name] = from_base64(content.get<std::string>());
  return decoded;
}

}  // namespace kseg
