// Where in a segment reading may begin: found in its indexes with a few small reads, and believed
// only as far as the log bears it out.
#pragma once

#include <limits>
#include <string>
#include <vector>

#include "lib/partition_log.h"

namespace kseg {

// What is not wanted: records below the offset, records before the time.
struct WantedFrom {
  Offset offset{0};
  std::int64_t time_ms = std::numeric_limits<std::int64_t>::min();
};

// An index entry that was not used, and why.
struct IndexDoubt {
  Path file;
  Position position;  // of the entry
  std::string reason;
};

struct SegmentStart {
  Position position;  // of a batch, or of the segment's end
  std::vector<IndexDoubt> doubts;
};

// An offset index entry is used if it leads to the start of a batch at or below its offset. A time
// index entry says that no batch up to its offset is later than its timestamp. It is used if the batch
// that holds its offset has that very timestamp, and if the index was kept from the segment's start:
// it then has an entry no later than the offset index's first. Beyond that it is taken at its word, as
// a broker takes it; nothing is concluded from where an index ends. Throws IoError.
SegmentStart find_start(FileSystem& files, const Segment& segment, File& log, const WantedFrom& wanted);

// The last batch that the offset index says starts at or below `limit`, if one stands there; else
// position 0.
Position last_indexed_start(FileSystem& files, const Segment& segment, File& log, Position limit);

// Of the last entry of the time index: the largest timestamp of a closed segment, and no more than that of
// the active one. Nothing if there is no entry.
std::optional<std::int64_t> last_indexed_timestamp_ms(FileSystem& files, const Segment& segment);

}  // namespace kseg
