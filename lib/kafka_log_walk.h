// Goes over the batches of a `.log` as Kafka's own reader of files does (FileLogInputStream): from length to
// length. Neither a wrong crc nor a strange magic ends it; SegmentReader is for who wants to trust a batch.
#pragma once

#include <cstdint>

#include "formats/record_batch.h"
#include "lib/file_chunk.h"

namespace kseg {

struct KafkaBatch {
  Position position;
  Offset offset;  // the first field: the base offset, in message formats 0 and 1 the last one
  std::int8_t magic = 0;
  std::uint64_t size_bytes = 0;
  Bytes bytes;  // from its start: of Payload::read all of it at least, and what the file has of 61 bytes

  Bytes whole() const { return bytes.first(size_bytes); }

  // Every magic from 2 on means the same header, and every one below 0 that of a message of format 1. Of a
  // batch that is shorter, what stands behind it counts. Errors: truncated (the file ends within the header).
  Result<RecordBatchHeader> header() const;

  // Errors: truncated.
  Result<Offset> last_offset() const;
};

class KafkaLogWalk {
 public:
  enum class Payload { read, skip };  // skip: KafkaBatch::bytes may hold no more than a header

  // What is looked at: bytes [begin, end) of the file, which has that many.
  struct Window {
    Position begin;
    Position end;
  };

  // Borrows `chunk`.
  KafkaLogWalk(FileChunk& chunk, Window window, Payload payload)
      : chunk_(chunk), next_(window.begin), end_(window.end), payload_(payload) {}

  // The next batch, null at the end: behind the last batch that the window holds whole. Valid until the next
  // call, or until the chunk is asked for something else.
  // Errors: bad_length (less than 14, where Kafka gives up), truncated (the file has been cut since).
  Result<const KafkaBatch*> next();

  // Behind the batch that next() gave last.
  Position position() const { return next_; }

 private:
  FileChunk& chunk_;
  Position next_;
  Position end_;
  Payload payload_;
  KafkaBatch batch_;
};

}  // namespace kseg
