// The records of a batch as Kafka's own iterator gives them: of an uncompressed batch each one up to the
// first that it refuses, of a compressed one all or none. Offsets are what they are.
#pragma once

#include <optional>
#include <vector>

#include "formats/record.h"

namespace kseg {

class KafkaRecords {
 public:
  // Starts with a batch of magic 2 or above, which must outlive the records. An empty batch is not looked
  // into.
  void open(const RecordBatchView& batch);

  // False at the end and at what Kafka refuses; defect() tells which. A view is valid until open().
  bool next(RecordView& record);

  // Errors: bad_length (the batch is shorter than its header), record_count_mismatch, unknown_codec, those of
  // Decompressor and of RecordReader. Positions are the file's, or of the batch if it is compressed.
  const std::optional<Defect>& defect() const { return defect_; }

 private:
  Decompressor decompressor_;
  ByteBuffer scratch_;
  std::optional<RecordReader> reader_;  // of an uncompressed batch
  std::vector<RecordView> read_;        // of a compressed one
  std::size_t given_ = 0;               // of them
  RecordBatchView batch_;
  std::optional<Defect> defect_;
};

}  // namespace kseg
