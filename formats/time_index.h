// `.timeindex` files: entries of 12 bytes. Layout and validity: formats/time_index.md.
#pragma once

#include "formats/bytes.h"
#include "formats/offset.h"
#include "formats/result.h"

namespace kseg {

struct TimeIndexEntry {
  static constexpr std::size_t kSize = 12;  // bytes
  std::int64_t timestamp_ms = -1;  // the largest maxTimestamp of a batch so far
  Offset offset;                   // last offset of the first batch that has it; stored relative
  friend bool operator==(const TimeIndexEntry&, const TimeIndexEntry&) = default;
};

// As OffsetIndexView; an all-zero entry after the first ends the file, as does a file of zeros.
class TimeIndexView {
 public:
  TimeIndexView(Bytes file, Offset base_offset);

  std::size_t size() const { return count_; }
  std::size_t used_bytes() const { return count_ * TimeIndexEntry::kSize; }
  bool padded() const { return padded_; }
  TimeIndexEntry operator[](std::size_t i) const;

  // The greatest entry with timestamp <= `timestamp_ms`, else {-1, base offset}.
  TimeIndexEntry lookup(std::int64_t timestamp_ms) const;

  // index_order (timestamps not strictly ascending, offsets descending), index_offset, trailing_bytes.
  std::optional<Defect> check() const;

 private:
  Bytes file_;
  Offset base_offset_;
  std::size_t count_ = 0;
  bool padded_ = false;
};

void encode_time_index_entry(const TimeIndexEntry& entry, Offset base_offset, ByteBuffer& out);

}  // namespace kseg
