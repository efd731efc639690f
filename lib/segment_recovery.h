// What a broker's recovery makes of one segment (log-format.md §6.4): where it would cut it off, and
// the indexes it would write. Nothing is written here.
#pragma once

#include <variant>

#include "lib/leader_epochs.h"
#include "lib/loaded_producers.h"
#include "lib/segment_indexes.h"

namespace kseg {

struct SegmentRecovery {
  struct Limits {
    std::uint64_t index_interval_bytes = 4096;
    std::uint64_t segment_index_bytes = 10'485'760;
  };

  // Of a scan that reached its end, wherever that is.
  struct Scanned {
    Position end;                  // behind the last good batch
    Offset next_offset;            // behind it, or the segment's base
    Offset highest;                // the highest that lies behind a batch: this one, unless offsets go back
    std::optional<Defect> damage;  // why the segment ends there and not where the file does
    SegmentIndexes indexes;
    ByteBuffer transaction_index;
    bool epochs_changed = false;
    // Offsets go back, so that they fit in no index: `end` is not to be relied on. A broker that is in the
    // middle of recovering the log empties the segment, one that only wanted an index fails.
    std::optional<Defect> offsets_go_back;
  };

  // Reads `part`, whose producers up to its base are in `producers`; they and `epochs` take in what is
  // read. A defect is one that keeps a broker from loading the partition: segment_range, producer_state,
  // bad_control_record and those of control records, transaction_mismatch, index_order (a full index).
  static std::variant<Scanned, Defect> scan(FileSystem& files, const LogPart& part, const Limits& limits,
                                            LoadedProducers& producers, LeaderEpochs& epochs);
};

}  // namespace kseg
