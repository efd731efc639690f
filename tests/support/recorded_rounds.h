// Cleaning rounds of a real Kafka, from tests/data/cases/*.jsonl: the files of a partition folder before
// and after, and what the cleaner was told.
#pragma once

#include "tests/support/log_folder.h"
#include "tests/support/obvious_cleaner.h"

namespace kseg {

struct RecordedRound {
  std::string id;  // "E1/0": the case and which of its rounds
  FolderFiles before;
  FolderFiles after;
  std::map<std::string, std::int64_t> mtimes_before;  // ms; of the segments before the active one
  std::map<std::string, std::int64_t> mtimes_after;
  ObviousRound parameters;  // producers are those of the newest snapshot in `before`
  Offset high_watermark;
  bool map_limited = false;   // the key map had a limit: the round may have been partial
  bool recompressed = false;  // payloads of rebuilt batches, and so indexes, depend on the codec's library
  std::optional<Offset> end;  // the checkpoint of the round; nothing if nothing was dirty, or an error
  std::optional<std::string> error;
  std::optional<std::int64_t> keyless_records;  // dropped; not recorded of 3.9
  std::string notation_before;
  std::optional<std::string> notation_after;
};

// The lines of a file in tests/data/cases that are rounds. Throws on a file that is not as described.
std::vector<RecordedRound> recorded_rounds(const std::string& file_name);

}  // namespace kseg
