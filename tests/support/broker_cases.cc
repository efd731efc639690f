#include "tests/support/broker_cases.h"

#include <fstream>
#include <stdexcept>

#include "tests/support/base64.h"

namespace kseg {
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
