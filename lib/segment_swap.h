// Puts a cleaned segment in the place of those it was made from, by Kafka's own protocol
// (compaction.md §15), so that a broker that starts after a crash at any point recovers by itself.
#pragma once

#include <vector>

#include "lib/partition_log.h"
#include "lib/segment_writer.h"

namespace kseg {

// `sources`: the old segments, ascending; the output has the base offset of the first. The output's
// `.cleaned` files are written, synced and checked. Surplus producer snapshots (those at the bases of
// sources other than the first) go too. No other group of the partition may have `.cleaned` files:
// a loader would throw this one's `.swap` files away. Throws IoError.
void swap_in(FileSystem& files, const PartitionLog& log, std::span<const Segment> sources);

}  // namespace kseg
