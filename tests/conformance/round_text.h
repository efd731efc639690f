// A round as a line of compaction-cases.md: the log in its notation, then the words of the round column.
//
//   {0 m5000} a=1 a=~ {2}
//   now=100 first=0 fu=2 drm=1000 seg=300 ii=0 start=1 x=7,8 snapshots
//
// Our own are `idx`, segment.index.bytes, and `snapshots`: one at each later segment's base too.
#pragma once

#include <string>
#include <string_view>

#include "tests/support/random_log.h"

namespace kseg {

std::string print_round(const RandomRound& round);

// What is not said has the notation's defaults (delete.retention.ms is 1000). Throws
// std::invalid_argument.
RandomRound parse_round(std::string_view log, std::string_view words);

// For logs that are to be changed: `producers` of a round are those of the log's newest snapshot.
void take_producers_from_log(RandomRound& round);

}  // namespace kseg
