// The offset and time index of a segment that is being written: one function of its batches
// (compaction.md §14.2, §14.3), byte for byte what Kafka 4.3 writes when cleaning or recovering.
#pragma once

#include <cstdint>

#include "formats/bytes.h"
#include "formats/offset.h"
#include "formats/record_batch.h"

namespace kseg {

class SegmentIndexes {
 public:
  // `index_interval_bytes`: an entry before each batch that finds more bytes than this since the last.
  SegmentIndexes(Offset base_offset, std::uint64_t index_interval_bytes)
      : base_offset_(base_offset), index_interval_bytes_(index_interval_bytes) {}

  // Batches in file order, each at the file position where it starts.
  void add(const RecordBatchHeader& batch, Position position);

  // Adds the closing time index entry; nothing may be added afterwards.
  void close();

  const ByteBuffer& offset_index() const { return offset_index_; }
  const ByteBuffer& time_index() const { return time_index_; }

 private:
  void maybe_add_time_entry();

  Offset base_offset_;
  std::uint64_t index_interval_bytes_;
  std::uint64_t bytes_since_entry_ = 0;
  std::int64_t max_timestamp_ms_ = -1;
  Offset offset_of_max_timestamp_;
  std::int64_t last_entry_timestamp_ms_ = -1;
  ByteBuffer offset_index_;
  ByteBuffer time_index_;
};

}  // namespace kseg
