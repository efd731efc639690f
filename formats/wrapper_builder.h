// Builds a wrapper of format 0 or 1 (formats/legacy_message.md) anew from the messages that stay in it.
#pragma once

#include "formats/compression.h"
#include "formats/record.h"

namespace kseg {

class WrapperBuilder {
 public:
  // Starts a wrapper with the magic, codec, timestamp type and, for LogAppendTime, the timestamp of `like`.
  void begin(const RecordBatchHeader& like);

  // Offsets must ascend. Messages get the wrapper's magic, whatever theirs was.
  void add(const RecordView& record);

  // Appends the wrapper to `out`. At least one record was added. Errors: bad_length (over 2^31-1 bytes).
  std::optional<Defect> finish(Compressor& compressor, ByteBuffer& out);

 private:
  RecordBatchHeader like_;
  std::optional<Offset> first_;
  Offset last_;
  std::int64_t max_timestamp_ms_ = kNoTimestamp;
  ByteBuffer messages_;
  ByteBuffer compressed_;
};

}  // namespace kseg
