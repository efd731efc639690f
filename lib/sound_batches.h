// Which batches of a damaged segment can be proven sound, and what lies between them.
#pragma once

#include <vector>

#include "lib/batch_chunk.h"
#include "lib/offset_range.h"
#include "lib/partition_log.h"

namespace kseg {

// Bytes [begin, end) of a `.log` that are not, or do not belong, where they lie. The offsets that were lost
// with them are among `offsets`: from behind the sound batch before to the one behind, or to where the
// segment's offsets end. Of a compacted log not all of them were ever there.
struct DamagedRange {
  Position begin;
  Position end;
  OffsetRange offsets;
  Defect defect;  // the first that was met there
  std::uint64_t size_bytes() const { return end - begin; }
};

struct SoundBatches {
  std::vector<BatchRun> runs;
  std::vector<DamagedRange> damaged;  // ascending, between and around the runs
  std::uint64_t batches = 0;
  std::uint64_t records = 0;

  // Sound is a batch whose header, crc and records are right and whose offsets fit: into `allowed` (what the
  // segment's name and the next one's leave it), and between its neighbours. A base offset lies outside of
  // the crc: of batches that contradict each other as few as possible are left out.
  //
  // A defect (segment_range) if more than one batch is sound but for `allowed`: then it is the name that is
  // wrong. 32 bytes of memory a batch of the segment. Throws IoError.
  static std::variant<SoundBatches, Defect> of(FileSystem& files, const Segment& segment,
                                               OffsetRange allowed);
};

}  // namespace kseg
