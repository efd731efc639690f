// One cleaning round, made by Kafka's cleaner and by kseg's on two copies of the same folder.
#pragma once

#include "lib/compaction.h"
#include "tests/conformance/real_cleaner.h"
#include "tests/support/random_log.h"
#include "tests/support/temporary_folder.h"

namespace kseg {

// What a cleaner left, or that it did not want to.
struct Cleaned {
  std::optional<std::string> refused;  // why; then the files are as they were
  FolderFiles files;
  std::map<std::string, std::int64_t> mtimes_ms;  // of the main files of closed segments
  std::optional<Offset> end;                      // the checkpoint; nothing if nothing was dirty
  std::optional<CompactionReport> report;         // of kseg
};

struct Difference {
  enum class Kind { only_kafka_refuses, only_kseg_refuses, files, mtimes, checkpoint };
  Kind kind;
  std::string text;
};

class Trial {
 public:
  // Borrows the cleaner.
  explicit Trial(RealCleaner& kafka) : kafka_(kafka) {}

  Cleaned by_kafka(const RandomRound& round);
  Cleaned by_kseg(const RandomRound& round);

 private:
  Path stage(const RandomRound& round);

  RealCleaner& kafka_;
  TemporaryFolder folder_;
};

// The first difference. Bytes of batches that were rebuilt and compressed may differ, their records not.
std::optional<Difference> difference(const RandomRound& round, const Cleaned& kseg, const Cleaned& kafka);

// Where we differ from Kafka on purpose; kseg has left what the obvious cleaner leaves.
enum class Departure {
  // compaction.md 5.5: Kafka has left what the obvious cleaner leaves when it begins to read where the
  // index says, in the middle of a transaction.
  forgotten_transaction,
  // Kafka groups segments whose indexes together fill segment.index.bytes, and then fails: merged they may
  // need an entry more, and a time index counts as full one entry before.
  full_index,
};
std::optional<Departure> departure(const RandomRound& round, const Cleaned& kseg, const Cleaned& kafka);

// Whether batches were rebuilt that are compressed.
bool recompresses(const RandomRound& round, const Cleaned& cleaned);

// The log that is in these files, with its modification times. Throws if they cannot be decoded.
LogModel log_in(const Cleaned& cleaned);

}  // namespace kseg
