// Reads the batches of one `.log` file from front to back, in chunks.
#pragma once

#include "formats/record_batch.h"
#include "lib/file_system.h"

namespace kseg {

class SegmentReader {
 public:
  enum class Payload {
    read,   // every batch whole, its crc checked
    trust,  // every batch whole, the crc not looked at (the caller knows these bytes)
    skip,   // only headers: `bytes` holds the 61 bytes of a data batch; control batches come whole
  };

  struct Options {
    Payload payload = Payload::read;
    Position begin = {};                                    // must be the start of a batch
    std::optional<Position> end = std::nullopt;             // default: the file's size when opened
    std::size_t chunk_bytes = std::size_t{1} << 20;
  };

  // Borrows `file`, which must outlive the reader.
  explicit SegmentReader(File& file) : SegmentReader(file, Options{}) {}
  SegmentReader(File& file, Options options);

  // The next batch, nothing at the end, or a defect. A view is valid until the next call.
  //
  // After a defect the reader stands at the next header it can trust, or at the end. The crc does
  // not cover the base offset or the length, so behind a batch with a wrong crc the next position
  // is trusted only if a plausible header stands there; otherwise, and behind a header that makes no
  // sense, it searches byte by byte for a batch with a right crc whose base offset is above the last
  // good one's.
  //
  // Errors: torn_tail (fewer bytes than the last batch needs, or than a header; zeros to the end
  // count as such, found says so), bad_length, legacy_magic (skipped as a whole), unknown_magic,
  // crc_mismatch, unknown_codec, record_offset, record_count_mismatch (check_header).
  Result<std::optional<RecordBatchView>> next();

  Position position() const { return next_; }  // of what next() will read
  Position end() const { return end_; }

 private:
  // Bytes [from, from + size) of the file in the buffer, size at least `least` unless the file ends
  // before. Never asks for more than the file has left.
  Bytes window(Position from, std::size_t least);
  Defect resume_after(Defect defect, Position from, std::optional<Position> expected_next);

  File& file_;
  Options options_;
  Position next_;
  Position end_;
  Offset last_offset_{-1};
  ByteBuffer buffer_;
  Position buffer_start_;
  std::size_t buffer_size_ = 0;
};

}  // namespace kseg
