// Where the last few records of a partition begin, without reading all of it.
#pragma once

#include <cstdint>
#include <span>

#include "lib/partition_log.h"
#include "lib/record_selection.h"

namespace kseg {

struct TailStart {
  Offset begin{0};         // of a batch; 0 if there are no more than were asked for
  std::uint64_t skip = 0;  // records that are selected from there on, but not among the last
};

struct TailRequest {
  std::uint64_t count = 0;
  bool of_batches = false;  // count batches that may match, by their headers, instead of records
  bool use_indexes = true;  // false: read the segments it needs from their starts
};

// Reads from the newest segment back: in each, stretches from where the offset index leads to, longer
// each time, until enough is found. `segments` ascend. What is damaged does not count. Throws IoError.
TailStart find_tail(FileSystem& files, std::span<const Segment> segments, const RecordSelection& selection,
                    const TailRequest& request);

}  // namespace kseg
