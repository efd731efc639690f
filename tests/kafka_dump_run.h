// `kseg dump --format kafka` in the test's own process, from the words of its command line on.
#pragma once

#include <string>
#include <vector>

namespace kseg {

struct KafkaDumpRun {
  std::string out;
  std::string err;           // without `why`
  bool ended_early = false;  // where Kafka's tool ends with an exception
  std::string why;           // our line about it
};

// With --exit-like-kafka and these arguments. Throws what the command line's parser throws.
KafkaDumpRun run_kafka_dump_like(const std::vector<std::string>& arguments);

}  // namespace kseg
