// Reads big-endian fields in order. A tripped cursor stays tripped and yields zeros, so a decoder
// reads every field and asks once. Varints follow formats/record_batch.md: zig-zag, low group
// first; surplus bits of the last byte are dropped and over-long forms accepted, as Kafka does.
#pragma once

#include <cstdint>
#include <optional>

#include "formats/big_endian.h"
#include "formats/bytes.h"
#include "formats/defect.h"
#include "formats/varint.h"

namespace kseg {

class Cursor {
 public:
  // `start` is where `bytes` begin in the file, so that positions in defects are the file's.
  explicit Cursor(Bytes bytes, Position start = {})
      : begin_(bytes.data()), at_(begin_), end_(begin_ + bytes.size()), start_(start) {}

  std::int8_t i8() { return static_cast<std::int8_t>(big_endian<std::uint8_t>()); }
  std::int16_t i16() { return static_cast<std::int16_t>(big_endian<std::uint16_t>()); }
  std::int32_t i32() { return static_cast<std::int32_t>(big_endian<std::uint32_t>()); }
  std::int64_t i64() { return static_cast<std::int64_t>(big_endian<std::uint64_t>()); }
  std::uint32_t u32() { return big_endian<std::uint32_t>(); }

  std::int32_t varint() { return un_zig_zag(static_cast<std::uint32_t>(leb128(kMaxVarintSize))); }
  std::int64_t varlong() { return un_zig_zag(leb128(kMaxVarlongSize)); }

  // Not zig-zag: lengths and tags of Kafka's own messages.
  std::uint32_t unsigned_varint() { return static_cast<std::uint32_t>(leb128(kMaxVarintSize)); }

  // The next `size` bytes, borrowed. A negative size trips with bad_length.
  Bytes bytes(std::int64_t size) {
    if (size < 0) return trip(DefectCode::bad_length), Bytes{};
    if (static_cast<std::uint64_t>(size) > remaining()) return trip(DefectCode::truncated), Bytes{};
    const Bytes taken{at_, static_cast<std::size_t>(size)};
    at_ += size;
    return taken;
  }

  std::size_t remaining() const { return static_cast<std::size_t>(end_ - at_); }
  Bytes rest() const { return {at_, remaining()}; }
  Position position() const { return start_ + static_cast<std::uint64_t>(at_ - begin_); }

  bool ok() const { return !tripped_; }
  std::optional<Defect> defect() const {
    if (!tripped_) return std::nullopt;
    return Defect{.code = code_, .position = tripped_at_};
  }

 private:
  template <typename Unsigned>
  Unsigned big_endian() {
    if (remaining() < sizeof(Unsigned)) return trip(DefectCode::truncated), Unsigned{0};
    const auto value = load_big_endian<Unsigned>(at_);
    at_ += sizeof(Unsigned);
    return value;
  }

  std::uint64_t leb128(unsigned max_bytes) {
    if (at_ < end_ && *at_ < 0x80) return *at_++;
    std::uint64_t value = 0;
    for (unsigned i = 0; i < max_bytes; ++i) {
      if (at_ + i == end_) return trip(DefectCode::truncated), 0;
      const std::uint64_t byte = at_[i];
      value |= (byte & 0x7f) << (7 * i);
      if (byte < 0x80) {
        at_ += i + 1;
        return value;
      }
    }
    return trip(DefectCode::bad_varint), 0;
  }

  void trip(DefectCode code) {
    if (!tripped_) {
      tripped_ = true;
      code_ = code;
      tripped_at_ = position();
    }
    at_ = end_;
  }

  const std::uint8_t* begin_;
  const std::uint8_t* at_;
  const std::uint8_t* end_;
  Position start_;
  bool tripped_ = false;
  DefectCode code_ = DefectCode::truncated;
  Position tripped_at_;
};

}  // namespace kseg
