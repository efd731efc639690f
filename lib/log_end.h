// What a broker knows of a partition when it goes on writing to it: where the log ends, its producers,
// its leader epochs, the active segment's indexes.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "lib/leader_epochs.h"
#include "lib/located_defect.h"
#include "lib/partition_log.h"
#include "lib/producer_state.h"
#include "lib/segment_indexes.h"

namespace kseg {

struct LogEnd {
  struct Inputs {
    Offset log_start;
    std::uint64_t index_interval_bytes = 4096;
    std::int64_t now_ms = 0;
    std::int64_t producer_expiration_ms = 86'400'000;
  };

  // Reads the active segment whole, each crc checked, and of those before it the headers behind the
  // newest producer snapshot. `log` has segments. Damage is collected in `defects`; with any but a
  // torn tail, the rest is not to be relied on.
  static LogEnd of(FileSystem& files, const PartitionLog& log, const Inputs& inputs);

  Offset next_offset;
  Position end;                            // of the active segment's last whole batch
  std::optional<LocatedDefect> torn_tail;  // bytes behind it that are none
  ProducerState producers;
  std::optional<Offset> newest_snapshot;  // at or below the log end
  LeaderEpochs epochs;
  bool epochs_written = true;                            // false: the file says something else
  std::optional<SegmentIndexes> indexes;                 // of the active segment, as a recovery builds them
  std::optional<std::int64_t> first_batch_timestamp_ms;  // maxTimestamp of the active segment's first batch
  std::vector<LocatedDefect> defects;
  std::vector<std::string> notes;
};

}  // namespace kseg
