// Builds a batch of message format 2 from records. Buffers are kept from batch to batch.
#pragma once

#include "formats/compression.h"
#include "formats/record.h"
#include "formats/record_batch.h"

namespace kseg {

class RecordBatchBuilder {
 public:
  // Starts a batch that takes from `like`: base offset, last offset delta, partition leader epoch,
  // codec, timestamp type, transactional and control bits and the producer's fields; for
  // LogAppendTime maxTimestamp as well. `delete_horizon_ms` sets bit 6 if it is not negative.
  void begin(const RecordBatchHeader& like, std::optional<std::int64_t> delete_horizon_ms);

  // Offsets must ascend and lie in the batch. Header keys that are not UTF-8 come out as Java
  // re-encodes them.
  void add(const RecordView& record);

  // For batches made from nothing (append, tests): a header in its encoded form.
  static void encode_header(const RecordHeaderView& header, ByteBuffer& out);

  std::int32_t record_count() const { return header_.record_count; }
  std::size_t records_bytes() const { return records_size_; }  // before compression

  // Moves the end that begin() was given, for a batch that grows as records come.
  void set_last_offset_delta(std::int32_t delta) { header_.last_offset_delta = delta; }

  // Appends the batch to `out`. At least one record was added. Errors: bad_length (over 2^31-1 bytes).
  std::optional<Defect> finish(Compressor& compressor, ByteBuffer& out);

 private:
  Bytes encoded_headers(const RecordView& record);

  RecordBatchHeader header_;
  bool base_timestamp_set_ = false;
  ByteBuffer records_;  // the first records_size_ bytes; it never shrinks
  std::size_t records_size_ = 0;
  ByteBuffer compressed_;
  ByteBuffer headers_;
};

// What Kafka refuses to build, so that a batch like this can be kept or dropped but not rebuilt:
// producer id without epoch, data with producer id but no sequence, transactional without producer.
std::optional<Defect> check_rebuildable(const RecordBatchHeader& header, Position at);

}  // namespace kseg
