// Reads a `.log` as a broker does that recovers it (log-format.md §7.1): what it takes is good, and
// nothing is that lies behind the first thing it does not take.
//
// SegmentReader judges and goes on; this one believes what a broker believes. It never searches for a
// batch behind damage, and it does not mind what a broker does not look at: a magic above 2, the codec,
// the number of records.
#pragma once

#include "formats/record_batch.h"
#include "lib/file_chunk.h"

namespace kseg {

class RecoveryReader {
 public:
  enum class Payload {
    check,  // every batch whole, its checksum compared
    // Only headers, as a broker reads what it believes to be flushed; a control batch comes whole.
    skip,
  };

  // Borrows `file`. What lies at `end` and behind it counts as cut off; a batch begins at `begin`.
  RecoveryReader(File& file, Payload payload, Position end, Position begin = {});

  // The next batch, or nothing at the end: where too few bytes are left for a batch, or for the one that
  // begins there. A wrapper (formats/legacy_message.h) is not completed. Errors, behind which nothing
  // follows: bad_length; and crc_mismatch of batches that are checked. A view is valid until the next call.
  Result<std::optional<RecordBatchView>> next();

  // Behind the last batch that was taken.
  Position position() const { return next_; }

 private:
  // Of what the file holds from `from` on, `least` bytes unless it ends before.
  Bytes window(Position from, std::uint64_t least);
  Result<std::optional<RecordBatchView>> next_message(Position at, Bytes prefix);

  Payload payload_;
  Position next_;
  Position end_;  // comes closer if the file turns out to be shorter
  FileChunk chunk_;
};

}  // namespace kseg
