// Whole batches, one behind the other, as they stand in a `.log`: what one thread looks into while others
// look into what is behind.
#pragma once

#include "formats/record.h"
#include "lib/file_system.h"

namespace kseg {

struct BatchStretch {
  ByteBuffer buffer;  // its capacity serves the next stretch
  std::size_t size = 0;
  Position begin;
  Offset highest_base;  // of its batches
  Offset next_offset;   // behind the last of them

  Bytes bytes() const { return Bytes{buffer}.first(size); }
  Position end() const { return begin + size; }
};

// What a batch may decompress to while others do so beside it; more has to wait for its turn.
constexpr std::size_t kMaxBytesBeside = std::size_t{2} << 20;

// uncompressed_records() of at most `most_bytes`, if it is compressed at all; else an error.
Result<Decompressor::Output> uncompressed_within(std::size_t most_bytes, const RecordBatchView& batch,
                                                 Decompressor& decompressor, ByteBuffer& scratch);

// How a segment is read by stretches.
struct StretchOptions {
  std::size_t jobs;   // threads
  std::size_t bytes;  // of a stretch, about; the first ones have fewer

  // As many threads as the machine runs, up to a number that bounds the memory.
  static StretchOptions of_machine();
};

// Cuts a `.log` into stretches by the lengths of its batches. Nothing else is looked at: SegmentReader says
// what is sound, and whoever reads stretches asks it (again) from where a stretch, or this reader, is not
// what it would have given. Compressed batches weigh more than they are, because they will be.
class StretchReader {
 public:
  // Borrows `file`, from the start of a batch to `end`.
  StretchReader(File& file, Position begin, Position end, const StretchOptions& options);

  // False at the end, and in front of anything but a whole batch of message format 2 that is not too large.
  // Throws IoError.
  bool next(BatchStretch& stretch);

  Position position() const { return next_; }  // of what next() will read
  bool at_end() const { return next_ >= end_; }

 private:
  File& file_;
  Position next_;
  Position end_;
  std::size_t bytes_;  // of the next stretch
  std::size_t most_bytes_;
};

// The sound batches that a stretch begins with.
class StretchWalk {
 public:
  explicit StretchWalk(const BatchStretch& stretch) : StretchWalk(stretch, stretch.begin) {}
  StretchWalk(const BatchStretch& stretch, Position from) : stretch_(stretch), next_(from) {}

  // False at the end, and in front of a batch whose header or crc is wrong.
  bool next(RecordBatchView& batch);

  Position position() const { return next_; }
  bool at_end() const { return next_ == stretch_.end(); }

 private:
  const BatchStretch& stretch_;
  Position next_;
};

}  // namespace kseg
