// What can be told of a partition without reading it: from names and sizes of its files, the ends of its
// indexes, its newest producer snapshot and the headers behind it.
#pragma once

#include <limits>
#include <optional>
#include <vector>

#include "lib/located_defect.h"
#include "lib/partition_log.h"

namespace kseg {

struct LogOutline {
  struct Inputs {
    std::optional<Offset> log_start = {};  // of the checkpoint
    std::int64_t now_ms = 0;
    std::int64_t producer_expiration_ms = 86'400'000;
    // How much of the log behind the newest producer snapshot may be looked at: of a segment that a broker
    // appends to that may be all of it.
    std::uint64_t max_replay_bytes = std::numeric_limits<std::uint64_t>::max();
  };

  struct OpenTransaction {
    std::int64_t producer_id = 0;
    Offset first_offset;
  };

  // `log` has segments. Reads headers from the newest producer snapshot on (of all batches if there is
  // none), and from the last entry of the active segment's offset index on. What it meets that is wrong is
  // in `defects`: the log end is then that of the last good batch. Throws IoError.
  static LogOutline of(FileSystem& files, const PartitionLog& log, const Inputs& inputs);

  Offset log_start;  // the first segment's base, or the checkpoint if that is higher
  Offset log_end;
  std::uint64_t log_bytes = 0;                     // of all `.log` files
  std::vector<OpenTransaction> open_transactions;  // ascending first offsets
  std::uint64_t unread_bytes = 0;   // more than max_replay_bytes: open transactions are not known
  std::int64_t max_timestamp = -1;  // ms: of the batches that it read, -1 if none has one
  std::vector<LocatedDefect> defects;

  // The lowest offset of an open transaction.
  std::optional<Offset> first_unstable() const;
};

}  // namespace kseg
