// What a broker must serve of a log directory, told by `kseg dump --json`. What a read_committed reader
// gets follows from the dump alone: COMMIT and ABORT markers tell which transactions were aborted.
#pragma once

#include <map>

#include "formats/file_names.h"
#include "lib/file_system.h"
#include "tests/broker_round/served_record.h"

namespace kseg {

struct ExpectedView {
  Offset end;                         // read_committed: where the first open transaction begins
  std::vector<ServedRecord> records;  // from the log start on, ascending

  // The first offset that is served to a reader who begins at `offset`.
  std::optional<Offset> first_from(Offset offset) const;
};

// What a search by time knows of a segment.
struct TimedSegment {
  Path log;
  std::int64_t mtime_ms = 0;
  std::int64_t max_timestamp_ms = -1;                         // of its batches, also of emptied ones
  std::vector<std::pair<Offset, std::int64_t>> records = {};  // from the log start on, whoever may read them
};

struct ExpectedPartition {
  Offset start;
  PerIsolation<ExpectedView> views;
  std::vector<TimedSegment> segments;

  Offset end() const { return views[Isolation::read_uncommitted].end; }

  // What a broker says to who asks for the first offset, below `end`, with this time or a later one. It
  // looks into one segment alone, the first whose largest time is not below; that of a segment without
  // batches is its file's. If compaction has left nothing else of that time, nothing is found, whatever
  // follows.
  std::optional<Offset> first_at(std::int64_t timestamp_ms, Offset end) const;
};

using Expected = std::map<TopicPartition, ExpectedPartition>;

// All partitions in `log_dir` that clients may read: not the metadata log. Throws if kseg meets a defect.
Expected expected_of(const Path& kseg, const Path& log_dir);

std::uint64_t record_count(const Expected& expected, Isolation isolation);

}  // namespace kseg
