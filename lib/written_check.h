// Reads a `.log` back after it was written: that every batch has its crc, and is the one that was appended.
#pragma once

#include <span>
#include <vector>

#include "formats/record_batch.h"
#include "lib/file_system.h"
#include "lib/located_defect.h"

namespace kseg {

// What is read back is not what was written.
Defect not_as_written(Position at);

class WrittenCheck {
 public:
  // Batches that are appended to the file, one behind the other.
  void add(std::span<const RecordBatchHeader> headers, Bytes batches);

  // Reads `log` with `jobs` threads. Errors: crc_mismatch, a batch that was not written, or too few.
  std::optional<Defect> check(File& log, std::size_t jobs) const;

 private:
  // Some batches, and a digest of what their crc does not cover and of the crc itself.
  struct Stretch {
    std::uint64_t bytes = 0;
    std::uint64_t digest = 0;
  };
  static std::optional<Defect> check(File& log, Position begin, const Stretch& stretch, ByteBuffer& buffer);

  std::vector<Stretch> stretches_;
};

}  // namespace kseg
