// The frame of the programs that compare kseg with a real Kafka on random logs. tests/kafka/run starts them.
#pragma once

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <map>
#include <string>
#include <vector>

namespace kseg {

struct BesideKafka {
  std::string class_path;  // of the JVM
  std::uint64_t logs = 1000;
  std::uint64_t seed = 1;
  std::uint64_t from = 0;                                  // the first log
  std::map<std::string, std::vector<std::string>> others;  // of the options that a program has besides
};

// For main(): takes --logs N, --seed S, --from I and `others` (an option, and how many words follow it), and
// returns the status of `run`; 2 with the usage if a word is none of these, or KSEG_KAFKA_CLASSPATH is not
// set; 1 if anything is thrown, which is told.
int beside_kafka(int argc, char** argv, const std::string& usage, const std::map<std::string, int>& others,
                 const std::function<int(const BesideKafka&)>& run);

// Whether one of these kinds was met by fewer than one in a hundred of `done`, which is then told: a
// comparison says nothing about what it never met. Of a few hundred nothing is asked.
bool too_rare(std::uint64_t done, std::initializer_list<std::uint64_t> kinds);

}  // namespace kseg
