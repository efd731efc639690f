// What a broker serves, told by two readers that share no code: Kafka's consumer, and kcat, which is
// librdkafka.
#pragma once

#include <map>

#include "formats/file_names.h"
#include "tests/broker_round/served_record.h"

namespace kseg {

struct ServedView {
  struct Answer {
    std::int64_t asked = 0;  // an offset or a time
    std::optional<Offset> found;
  };

  Offset start;
  Offset end;
  std::vector<ServedRecord> records;
  std::vector<Answer> from_offsets;
  std::vector<Answer> at_times;
};

using Served = std::map<TopicPartition, PerIsolation<ServedView>>;

struct Questions {
  std::uint64_t seed = 0;
  int count = 0;  // of random offsets, and of random times, a partition
};

// All that Kafka's consumer gets of all topics (tests/kafka, Consume). Throws std::runtime_error if it
// cannot read some partition to its end.
Served consume(const std::string& address, const Questions& questions);

// What kcat prints of a partition, with kKcatFormat. Throws std::runtime_error if it fails.
std::string kcat(const std::string& address, const TopicPartition& partition, Isolation isolation);

}  // namespace kseg
