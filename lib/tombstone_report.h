// The tombstones of a partition: when each may go, what it still hides, and what would be seen again
// without it. Likewise the end markers of transactions whose data is gone.
#pragma once

#include <string>
#include <vector>

#include "lib/located_defect.h"
#include "lib/partition_reader.h"
#include "lib/record_selection.h"
#include "lib/transaction_fates.h"

namespace kseg {

enum class TombstoneState {
  due,         // its horizon has come: the next round drops it
  pending,     // its horizon is ahead
  waiting,     // no round has met it yet: the first one gives it a horizon
  superseded,  // a newer record of its key is there: the next round drops it
  aborted,     // its transaction was: it is no data, hides nothing, and goes in the next round
  undecided,   // its transaction is open: it is no data yet
};

std::string_view name(TombstoneState state);

struct Tombstone {
  Offset offset;
  std::int64_t timestamp_ms = kNoTimestamp;
  std::string key;
  std::uint64_t size_bytes = 0;  // of key and headers
  std::optional<std::int64_t> horizon_ms;
  bool in_active_segment = false;  // which no round touches before it is closed
  TombstoneState state = TombstoneState::waiting;
  std::optional<Offset> superseded_by;  // the next record of the key
  std::uint64_t shadowed_values = 0;    // older ones of its key, as long as they are there
  std::uint64_t shadowed_bytes = 0;     // their keys, values and headers
  // The value that would be the key's last one if the tombstone were gone now. None if it is
  // superseded, or if an older tombstone stands behind it.
  std::optional<Offset> comes_back;
};

struct IdleMarker {
  Offset offset;
  std::int64_t timestamp_ms = kNoTimestamp;
  ControlType type = ControlType::abort;  // or commit
  std::int64_t producer_id = kNoProducerId;
  std::int16_t producer_epoch = kNoProducerEpoch;
  std::optional<std::int64_t> horizon_ms;
  bool in_active_segment = false;
  TombstoneState state = TombstoneState::waiting;  // due, pending or waiting
};

struct TombstoneReport {
  std::vector<Tombstone> tombstones;  // by offset
  std::vector<IdleMarker> markers;    // by offset
  std::vector<LocatedDefect> defects;
  std::vector<LocatedDefect> torn_tails;  // of the active segment, where they are ordinary
};

struct TombstoneRequest {
  Path target;
  bool is_file = false;  // a `.log` alone: what is in other segments is not known
  Offset log_start{0};
  std::int64_t now_ms = 0;
  RecordSelection selection = {};  // which tombstones to report, by offset, time and key
};

// Reads the log twice, oldest record first: once for the tombstones, once for the other records of
// their keys. Memory grows with the tombstones that are reported, not with the log. Only records that
// are data count: what was aborted or is undecided hides nothing and supersedes nothing. Reading goes
// on around damage. Throws IoError.
TombstoneReport find_tombstones(FileSystem& files, const TombstoneRequest& request);

}  // namespace kseg
