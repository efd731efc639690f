// About how many bytes a compaction would free, from a bounded part of the log.
//
// A log that is no larger than the bound is read whole. Of a larger one, short stretches are read, one at a
// random place in each of as many equal parts. What stays of a log are as many records as it has keys; how
// many it has is estimated from how many are met in one and in two of the stretches. Chao's estimator (1987)
// tells of how many keys the log is written, as if each came at random times; those of them that come into a
// log of this length at all are counted. Whether a key comes often within a stretch does not matter, so that
// bursts do not mislead it.
//
// It is right for a single key, for keys that are all distinct, and for keys that are alike. Where few keys
// are frequent and very many are rare it finds too few of the rare ones, and too much seems to be freed;
// where every key comes again in turn, too little.
//
// Not looked at: aborted transactions (their records count), tombstones and markers that are due (they
// count as kept), the empty batches that stay of a producer's last ones.
#pragma once

#include "lib/partition_log.h"

namespace kseg {

struct ReclaimEstimate {
  struct Inputs {
    Offset first_dirty;
    Offset first_uncleanable;
    std::uint64_t max_bytes = std::uint64_t{16} << 20;
    std::uint64_t stretch_bytes = std::uint64_t{128} << 10;
  };

  // Passes over damage. Throws IoError.
  static ReclaimEstimate of(FileSystem& files, const PartitionLog& log, const Inputs& inputs);

  std::uint64_t freed_bytes = 0;
  std::uint64_t total_bytes = 0;  // of the segments below the first uncleanable offset
  std::uint64_t read_bytes = 0;   // of these
  bool is_whole = false;          // all of them
};

}  // namespace kseg
