// A second cleaner, forward, slow and obvious, written from the rules of compaction and sharing nothing
// with the fast one but the formats. It works on a log model in memory.
// Its key map has no limit and is built from the start of the first dirty segment, so a transaction that
// ended before first_dirty is known to have ended. Kafka may begin behind its marker and take it for open
// (compaction.md 5.5); `starts_at_index_entry` does the same.
#pragma once

#include <map>

#include "tests/support/log_model.h"

namespace kseg {

struct ActiveProducer {
  std::int16_t epoch = kNoProducerEpoch;
  std::optional<Offset> last_data_offset;
};
using ActiveProducers = std::map<std::int64_t, ActiveProducer>;

ActiveProducers active_producers(const std::vector<ProducerStateEntry>& entries);

struct ObviousRound {
  std::int64_t now_ms = 0;
  Offset first_dirty;
  Offset first_uncleanable;  // a segment's base
  Offset log_start;
  std::int64_t delete_retention_ms = 86'400'000;
  std::uint64_t segment_bytes = 1'073'741'824;
  std::uint64_t segment_index_bytes = 10'485'760;
  std::int64_t index_interval_bytes = 4096;  // how big the indexes of the sources are
  // The batch that ends here is kept even if it is empty: first_uncleanable (4.3), the high watermark
  // (4.4) or nothing (3.x).
  std::optional<Offset> end_of_round;
  bool keeps_legacy = false;  // 3.x: formats 0 and 1 stay what they are
  ActiveProducers producers;
  bool starts_at_index_entry = false;
};

enum class BatchFate { verbatim, rebuilt, emptied };

struct OutputGroup {
  std::vector<Offset> sources;   // base offsets
  SegmentModel segment;          // what takes their place
  std::vector<BatchFate> fates;  // of the batches of `segment`
};

struct ObviousResult {
  Offset end;                       // the cleaner's next checkpoint
  std::vector<OutputGroup> groups;  // none if nothing was dirty
  LogModel after;                   // the whole log, untouched segments too
  std::int64_t keyless_records = 0;
};

// Errors: bad_producer, bad_timestamp in a batch that would have to be rebuilt; legacy_message_emptied if a
// message of format 0 or 1 would have to be kept empty; segment_too_large if an offset is further from its
// segment's base than an index can say.
Result<ObviousResult> clean_obviously(const LogModel& log, const ObviousRound& round);

}  // namespace kseg
