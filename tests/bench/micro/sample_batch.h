// A batch of records like those of the workload `uniform-1m`.
#pragma once

#include "formats/bytes.h"
#include "formats/compression.h"
#include "formats/record_batch.h"

namespace kseg {

struct SampleBatch {
  ByteBuffer bytes;
  RecordBatchHeader header;

  // The records section, of one that is not compressed.
  Bytes records() const { return Bytes(bytes).subspan(RecordBatchHeader::kSize); }
};

// Of at least `records_bytes` of records before compression.
SampleBatch sample_batch(std::size_t records_bytes, Codec codec = Codec::none);

}  // namespace kseg
