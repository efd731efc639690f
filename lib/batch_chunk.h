// A run of whole batches in memory, so that they can be walked backwards.
#pragma once

#include <vector>

#include "formats/record_batch.h"
#include "lib/file_system.h"

namespace kseg {

class BatchChunk {
 public:
  // Reads bytes [begin, end) of `file`, which an earlier pass found to hold exactly `batch_count`
  // whole batches. Errors: truncated, bad_length, …: the file has changed since.
  std::optional<Defect> read(File& file, Position begin, Position end, std::size_t batch_count);

  // In file order; valid until the next read().
  const std::vector<RecordBatchView>& batches() const { return batches_; }

 private:
  ByteBuffer bytes_;
  std::vector<RecordBatchView> batches_;
};

}  // namespace kseg
