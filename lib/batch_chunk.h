// A run of whole batches in memory, so that they can be walked in either direction.
#pragma once

#include <vector>

#include "formats/compression.h"
#include "formats/record_batch.h"
#include "lib/file_system.h"

namespace kseg {

// Bytes [begin, end) of a `.log`, which hold exactly `batch_count` whole batches.
struct BatchRun {
  Position begin;
  Position end;
  std::uint32_t first_batch = 0;  // counted from the segment's start
  std::uint32_t batch_count = 0;
};

// Puts a batch of so many bytes behind the others: into the last run, or into a new one if that is about 256
// KiB already or does not end where the batch begins.
void append_to_runs(std::uint64_t size_bytes, Position position, std::vector<BatchRun>& runs);

class BatchChunk {
 public:
  // Reads the run that an earlier pass found in `file`. Errors: truncated, bad_length, …: the file has
  // changed since.
  std::optional<Defect> read(File& file, const BatchRun& run);

  // In file order; valid until the next read().
  const std::vector<RecordBatchView>& batches() const { return batches_; }
  Bytes bytes() const { return Bytes{bytes_}.first(size_); }  // of all of them

 private:
  ByteBuffer bytes_;
  std::size_t size_ = 0;
  Decompressor decompressor_;  // of wrappers
  ByteBuffer uncompressed_;
  std::vector<RecordBatchView> batches_;
};

}  // namespace kseg
