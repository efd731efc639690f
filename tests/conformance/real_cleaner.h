// Kafka's own cleaner: tests/kafka/…/Clean.java in a JVM that serves any number of rounds.
#pragma once

#include <string>

#include "lib/file_system.h"
#include "tests/support/jvm.h"
#include "tests/support/obvious_cleaner.h"

namespace kseg {

struct RealOutcome {
  std::optional<Offset> end;         // where the round ended; nothing if nothing was dirty
  std::optional<std::string> error;  // the exception that ended it: class and message
};

class RealCleaner {
 public:
  // Starts the JVM on this class path. Throws std::runtime_error.
  explicit RealCleaner(const std::string& class_path) : jvm_(class_path, "kseg.Clean") {}

  // Cleans the partition in `folder`, which lies as after a clean shutdown. Throws std::runtime_error if
  // the JVM is gone; what Kafka itself throws is the outcome's error.
  RealOutcome clean(const Path& folder, const ObviousRound& round);

 private:
  Jvm jvm_;
};

}  // namespace kseg
