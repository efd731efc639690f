// The `leader-epoch-checkpoint` of a partition while its log grows (log-format.md §1.8).
#pragma once

#include <optional>
#include <vector>

#include "formats/checkpoint_file.h"

namespace kseg {

class LeaderEpochs {
 public:
  LeaderEpochs() = default;
  // Entries as the file has them.
  explicit LeaderEpochs(std::vector<EpochEntry> entries) : entries_(std::move(entries)) {}

  // A batch of this epoch begins at `offset`. Entries that contradict it go, as a broker's do; epochs
  // below 0 are unknown ones and leave no entry. True if there is something new to be written.
  bool assign(std::int32_t epoch, Offset offset);

  // Drops entries that begin at or behind the log's end.
  void truncate(Offset log_end);

  // Entries at or below the log's start become the last of them, beginning there. True if that changes
  // anything.
  bool begin_at(Offset log_start);

  std::optional<std::int32_t> latest() const;
  const std::vector<EpochEntry>& entries() const { return entries_; }

 private:
  std::vector<EpochEntry> entries_;
};

}  // namespace kseg
