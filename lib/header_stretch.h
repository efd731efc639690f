// The batch headers of a stretch of a `.log`, and how a `.log` is cut into such stretches, so that several
// can be read at once.
#pragma once

#include <span>
#include <vector>

#include "formats/record_batch.h"
#include "lib/partition_log.h"

namespace kseg {

// Where batches begin, according to the segment's offset index: 0, places about a MiB apart, the end of the
// file. An index that is missing or damaged yields fewer; one that lies, places where no batch begins.
std::vector<Position> stretch_bounds(FileSystem& files, const Segment& segment);

class HeaderStretch {
 public:
  // Reads the headers in [begin, end) of `file`. False: something is wrong, or no batch ends at `end`.
  bool read(File& file, Position begin, Position end);

  // In file order; only control batches come with their bytes, which are checked. Valid until the next
  // read().
  std::span<const RecordBatchView> batches() const { return batches_; }

 private:
  std::vector<RecordBatchView> batches_;
  std::vector<std::size_t> control_batches_;
  ByteBuffer control_bytes_;
};

}  // namespace kseg
