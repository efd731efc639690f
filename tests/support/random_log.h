// Small random logs that a broker could have written, or could have left after earlier cleanings, and a
// cleaning round for each. The same seed gives the same log on every machine.
#pragma once

#include "tests/support/log_folder.h"
#include "tests/support/obvious_cleaner.h"

namespace kseg {

struct RandomRound {
  LogModel log;
  FolderOptions folder;  // index interval; expired producers, who are not in round.producers either
  ObviousRound round;
};

RandomRound random_round(std::uint64_t seed);

}  // namespace kseg
