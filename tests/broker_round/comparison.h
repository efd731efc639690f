// Whether a broker serves what is expected. Each partition is told of once a reader and isolation
// level, with the first difference in full.
//
// The broker's own topics may have grown meanwhile, because its coordinators write to them: there, what
// lies beyond the expected end is left out, and counted.
#pragma once

#include "tests/broker_round/expected.h"
#include "tests/broker_round/findings.h"
#include "tests/broker_round/served.h"

namespace kseg {

struct Compared {
  PerIsolation<std::uint64_t> records{};
  std::uint64_t from_offsets = 0;
  std::uint64_t at_times = 0;
  std::uint64_t written_since = 0;
};

// What Kafka's consumer got.
Compared compare_served(const Expected& expected, const Served& served, Findings& findings);

// What kcat gets now from the broker at `address`.
Compared compare_kcat(const Expected& expected, const std::string& address, Findings& findings);

}  // namespace kseg
