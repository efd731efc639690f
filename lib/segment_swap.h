// Puts segments in the place of those they were made from, by Kafka's own protocol (compaction.md §15), so
// that a broker that starts after a crash at any point recovers by itself.
#pragma once

#include <span>

#include "lib/originals.h"
#include "lib/partition_log.h"

namespace kseg {

// `sources`: the old segments, ascending; `outputs`: base offsets of the new ones, ascending, of which the
// first is that of the first source. Their `.cleaned` files are written, synced and checked. Surplus producer
// snapshots (those at the bases of sources that are no outputs) go too. No other group of the partition may
// have `.cleaned` files: a loader would throw this one's `.swap` files away. `originals`, if not null, keeps
// the sources first. Throws IoError; while the sources are whole, the `.cleaned` files are then removed.
void swap_in(FileSystem& files, const PartitionLog& log, std::span<const Segment> sources,
             std::span<const Offset> outputs, Originals* originals = nullptr);

// Several segments in the place of whatever has their base offsets, which is all that the offsets of these
// segments cover: what a swap_in() has replaced. Their `.cleaned` files are written and synced; no other
// ones may be there. Producer snapshots in their range are left alone, but a broker that finishes the swap
// after a crash removes them. Throws IoError, as above.
void swap_in_several(FileSystem& files, const Path& folder, std::span<const Offset> bases);

}  // namespace kseg
