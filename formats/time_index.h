// `.timeindex` files: entries of 12 bytes. Layout and validity: formats/time_index.md.
#pragma once

#include "formats/bytes.h"
#include "formats/offset.h"
#include "formats/result.h"

namespace kseg {

struct TimeIndexEntry {
  static constexpr std::size_t kSize = 12;  // bytes
  std::int64_t timestamp_ms = -1;           // the largest maxTimestamp of a batch so far
  Offset offset;                            // last offset of the first batch that has it; stored relative
  friend bool operator==(const TimeIndexEntry&, const TimeIndexEntry&) = default;
};

// As OffsetIndexView, but zeros are a possible first entry (timestamp 0 at the base offset): a file of
// exactly one entry is never padding, a longer file of zeros is nothing else.
class TimeIndexView {
 public:
  TimeIndexView(Bytes file, Offset base_offset);

  std::size_t size() const { return count_; }
  std::size_t used_bytes() const { return count_ * TimeIndexEntry::kSize; }
  bool padded() const { return padded_; }
  TimeIndexEntry operator[](std::size_t i) const;

  // The greatest entry with timestamp <= `timestamp_ms`, else {-1, base offset}. Safe on unsorted files.
  TimeIndexEntry lookup(std::int64_t timestamp_ms) const;

  // index_order (timestamps not strictly ascending from -1, offsets descending), index_offset (below
  // the base), trailing_bytes. The first one found.
  std::optional<Defect> check() const;

 private:
  Bytes file_;
  Offset base_offset_;
  std::size_t count_ = 0;
  bool padded_ = false;
};

// The offset must fit its field. What a damaged file says does, and comes out as it was.
void encode_time_index_entry(const TimeIndexEntry& entry, Offset base_offset, ByteBuffer& out);

}  // namespace kseg
