// The records of a damaged batch that can be read one by one, as a batch of their own.
#pragma once

#include "formats/compression.h"
#include "formats/record_batch_builder.h"
#include "lib/offset_range.h"

namespace kseg {

class BatchSalvage {
 public:
  // `damaged` begins where a batch of message format 2 may begin. Appends to `out` a batch with what its
  // header says and the records from the first to the last that can be read, and says how many these are.
  // None, and nothing is appended, if the header makes no sense or its offsets lie outside of `offsets`, of a
  // control batch, and if it is compressed and what stands there is not a whole stream.
  //
  // Nothing proves these records: a wrong byte in a value is still a value.
  std::uint32_t append(Bytes damaged, OffsetRange offsets, ByteBuffer& out);

 private:
  Decompressor decompressor_;
  Compressor compressor_;
  RecordBatchBuilder builder_;
  ByteBuffer scratch_;
};

}  // namespace kseg
