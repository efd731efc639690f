// The first pass of a compaction, oldest to newest: batch headers and control records of the whole
// log, the active segment included. It yields what decisions about a batch depend on but the batch
// itself does not say: whether its transaction was aborted, whether a marker still has data, who the
// producers' last batches are, where undecided data begins.
#pragma once

#include <vector>

#include "formats/transaction_index.h"
#include "lib/batch_chunk.h"
#include "lib/located_defect.h"
#include "lib/partition_log.h"
#include "lib/producer_state.h"

namespace kseg {

struct ScannedSegment {
  Offset next_offset;  // behind its last batch; its base offset if there is none
  std::uint32_t batch_count = 0;
  std::uint64_t record_count = 0;
  std::vector<BatchRun> runs;            // all its batches
  std::vector<bool> discardable;         // a bit a batch: see BatchFacts
  std::vector<AbortedTxn> kept_entries;  // of its transaction index, whose markers still have data
};

struct LogScan {
  struct Inputs {
    Offset log_start;
    std::optional<Offset> high_watermark;  // unknown: the log end
    std::int64_t now_ms = 0;
    std::int64_t producer_expiration_ms = 86'400'000;
    std::size_t jobs = 1;  // threads; the result does not depend on how many
  };

  // Reads `log`. Damage is collected in `defects`; with any, the rest is not to be relied on.
  static LogScan of(FileSystem& files, const PartitionLog& log, const Inputs& inputs);

  std::vector<ScannedSegment> segments;  // as log.segments()
  Offset log_end;
  ProducerState producers;  // at the log end
  // The lowest offset of data that is undecided: of a transaction that is open at the log end, or
  // whose marker is at or above the high watermark.
  std::optional<Offset> first_unstable;
  std::vector<LocatedDefect> defects;
  std::vector<std::string> notes;  // a snapshot that could not be read, …
};

}  // namespace kseg
