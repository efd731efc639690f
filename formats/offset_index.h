// `.index` files: entries of 8 bytes. Layout and validity: formats/offset_index.md.
#pragma once

#include "formats/bytes.h"
#include "formats/offset.h"
#include "formats/result.h"

namespace kseg {

struct OffsetIndexEntry {
  static constexpr std::size_t kSize = 8;  // bytes
  Offset offset;                           // absolute; stored relative to the segment's base offset
  Position position;                       // of a batch's start in the `.log`
  friend bool operator==(const OffsetIndexEntry&, const OffsetIndexEntry&) = default;
};

// A decoded view of an offset index: nothing is copied. The zero padding of an active segment's
// index is left out: the entries end with the last one that is not all zeros.
class OffsetIndexView {
 public:
  OffsetIndexView(Bytes file, Offset base_offset);

  std::size_t size() const { return count_; }  // entries
  std::size_t used_bytes() const { return count_ * OffsetIndexEntry::kSize; }
  bool padded() const { return padded_; }  // zeros follow the entries
  OffsetIndexEntry operator[](std::size_t i) const;

  // The greatest entry with offset <= `offset`, else {base offset, 0}: where a reader starts to scan.
  // In an unsorted (damaged) file any entry with offset <= `offset`, or {base offset, 0}.
  OffsetIndexEntry lookup(Offset offset) const;

  // index_order (offsets or positions not strictly ascending), index_offset (below or at the base),
  // index_position (negative in the file), trailing_bytes (a length that is no multiple of 8, without
  // padding). The first one found.
  std::optional<Defect> check() const;

 private:
  Bytes file_;
  Offset base_offset_;
  std::size_t count_ = 0;
  bool padded_ = false;
};

// Offset and position must fit their fields. What a damaged file says does, and comes out as it was.
void encode_offset_index_entry(const OffsetIndexEntry& entry, Offset base_offset, ByteBuffer& out);

}  // namespace kseg
