#include "tests/support/beside_kafka.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <exception>
#include <optional>

namespace kseg {
namespace {

std::optional<BesideKafka> parse(const std::vector<std::string>& words,
                                 const std::map<std::string, int>& others) {
  BesideKafka asked;
  const char* const class_path = std::getenv("KSEG_KAFKA_CLASSPATH");
  if (class_path == nullptr) return std::nullopt;
  asked.class_path = class_path;
  for (auto word = words.begin(); word != words.end();) {
    const std::string& name = *word++;
    const auto other = others.find(name);
    const int wanted = other == others.end() ? 1 : other->second;
    if (words.end() - word < wanted) return std::nullopt;
    if (other != others.end()) {
      asked.others[name].assign(word, word + wanted);
    } else {
      std::uint64_t* const number = name == "--logs"   ? &asked.logs
                                    : name == "--seed" ? &asked.seed
                                    : name == "--from" ? &asked.from
                                                       : nullptr;
      if (number == nullptr) return std::nullopt;
      *number = std::strtoull(word->c_str(), nullptr, 10);
    }
    word += wanted;
  }
  return asked;
}

}  // namespace

int beside_kafka(int argc, char** argv, const std::string& usage, const std::map<std::string, int>& others,
                 const std::function<int(const BesideKafka&)>& run) {
  const auto asked = parse({argv + 1, argv + argc}, others);
  if (!asked) {
    fmt::print(stderr, "usage: tests/kafka/run {}\n", usage);
    return 2;
  }
  try {
    return run(*asked);
  } catch (const std::exception& error) {
    fmt::print(stderr, "{}: {}\n", usage.substr(0, usage.find(' ')), error.what());
    return 1;
  }
}

bool too_rare(std::uint64_t done, std::initializer_list<std::uint64_t> kinds) {
  constexpr std::uint64_t kEnoughToCount = 500;
  const bool rare =
      done >= kEnoughToCount &&
      std::any_of(kinds.begin(), kinds.end(), [&](std::uint64_t number) { return number * 100 < done; });
  if (rare) fmt::print("too rare to mean anything: one of these\n");
  return rare;
}

}  // namespace kseg
