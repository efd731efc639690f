// Checks what is inside one batch: its records, their times, the record of a control batch.
#pragma once

#include <optional>

#include "formats/control_record.h"
#include "formats/record.h"
#include "lib/verify_report.h"

namespace kseg {

// A batch whose header and crc are right. Borrows from the reader and from the BatchCheck.
struct CheckedBatch {
  RecordBatchView batch;
  Bytes records;                       // uncompressed
  bool readable = true;                // false: a defect was told, and `records` are not to be read
  std::optional<ControlType> control;  // of a control batch, if it has a record that says so

  const RecordBatchHeader& header() const { return batch.header; }
};

class BatchCheck {
 public:
  // A batch that decompresses to more than `most_bytes` is a defect.
  explicit BatchCheck(VerifyReport& report, std::size_t most_bytes = kDecompressionLimit)
      : report_(report), most_bytes_(most_bytes) {}

  // Defects: those of decompression, RecordReader and control records. Warnings: bad_producer,
  // unused_attributes, trailing_bytes behind a compressed stream, bad_timestamp, and, where records
  // have times of their own, max_timestamp_mismatch and base_timestamp_mismatch. `batch` is what a
  // SegmentReader yielded; the answer is valid until the next call.
  CheckedBatch check(const RecordBatchView& batch, const Path& file);

 private:
  VerifyReport& report_;
  std::size_t most_bytes_;
  Decompressor decompressor_;
  ByteBuffer scratch_;
};

// A RecordReader counts bytes of the uncompressed records; this puts its defect into the file.
Defect in_file(Defect defect, const RecordBatchView& batch);

}  // namespace kseg
