// Small random logs that a broker could have written, or could have left after earlier cleanings, and
// cleaning rounds for them. The same seed gives the same log on every machine.
#pragma once

#include <memory>

#include "tests/support/log_folder.h"
#include "tests/support/obvious_cleaner.h"

namespace kseg {

struct RandomRound {
  LogModel log;
  FolderOptions folder;  // index interval; expired producers, who are not in round.producers either
  ObviousRound round;
};

// A partition through several rounds: a broker appends, its cleaner cleans, the broker goes on.
class RandomLog {
 public:
  explicit RandomLog(std::uint64_t seed);
  ~RandomLog();

  // How many rounds this log is meant for: 1 to 3.
  int rounds() const;

  // A round for the log as it stands; it ends under the rule of any release.
  RandomRound round();

  // Time passes after a round that left `cleaned`, and records are appended more often than not.
  // `end` is the round's; nothing if there was nothing to clean.
  void go_on(LogModel cleaned, std::optional<Offset> end);

 private:
  class Writer;
  std::unique_ptr<Writer> writer_;
};

// The first round of a log.
RandomRound random_round(std::uint64_t seed);

}  // namespace kseg
