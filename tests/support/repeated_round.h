// A recorded round made again by our cleaner, and what it leaves compared with what Kafka's left.
#pragma once

#include <functional>

#include "lib/compaction.h"
#include "tests/support/recorded_rounds.h"

namespace kseg {

// How a round should come out here.
struct ExpectedOutcome {
  enum class Kind {
    as_kafka,   // the same files, file times and checkpoint
    not_kafka,  // other files, on purpose
    refused,    // and no file changed
    skipped,    // it cannot be made again
  } kind;
  std::string text;  // what and, where it is not as Kafka left it, why
};
ExpectedOutcome expected_outcome(const RecordedRound& round);

using RoundCleaner = std::function<std::variant<CompactionReport, Refusal>(const CompactionRequest&)>;

// Makes the round in a log directory of its own. What is not as expected, in a few words; nothing if all
// is. Not for rounds that are skipped. Lets through what `clean` throws.
std::string repeat_round(const RecordedRound& round, const ExpectedOutcome& expected,
                         const RoundCleaner& clean);

}  // namespace kseg
