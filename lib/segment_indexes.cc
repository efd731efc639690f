#include "lib/segment_indexes.h"

#include "formats/offset_index.h"
#include "formats/time_index.h"

namespace kseg {

void SegmentIndexes::add(const RecordBatchHeader& batch, Position position) {
  if (batch.max_timestamp > max_timestamp_ms_) {
    max_timestamp_ms_ = batch.max_timestamp;
    offset_of_max_timestamp_ = batch.last_offset();
  }
  if (bytes_since_entry_ > index_interval_bytes_) {
    encode_offset_index_entry({.offset = batch.last_offset(), .position = position}, base_offset_,
                              offset_index_);
    maybe_add_time_entry();
    bytes_since_entry_ = 0;
  }
  bytes_since_entry_ += batch.size_bytes();
}

void SegmentIndexes::close() {
  maybe_add_time_entry();
}

void SegmentIndexes::maybe_add_time_entry() {
  if (max_timestamp_ms_ <= last_entry_timestamp_ms_) return;
  encode_time_index_entry({.timestamp_ms = max_timestamp_ms_, .offset = offset_of_max_timestamp_},
                          base_offset_, time_index_);
  last_entry_timestamp_ms_ = max_timestamp_ms_;
}

}  // namespace kseg
