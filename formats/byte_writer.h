// Appends big-endian fields to a buffer the caller owns: the counterpart of Cursor.
#pragma once

#include <cstdint>

#include "formats/big_endian.h"
#include "formats/bytes.h"
#include "formats/varint.h"

namespace kseg {

class ByteWriter {
 public:
  explicit ByteWriter(ByteBuffer& out) : out_(out) {}

  void i8(std::int8_t value) { out_.push_back(static_cast<std::uint8_t>(value)); }
  void i16(std::int16_t value) { big_endian(static_cast<std::uint16_t>(value)); }
  void i32(std::int32_t value) { big_endian(static_cast<std::uint32_t>(value)); }
  void i64(std::int64_t value) { big_endian(static_cast<std::uint64_t>(value)); }
  void u32(std::uint32_t value) { big_endian(value); }
  void bytes(Bytes value) { append(out_, value); }

  // The shortest zig-zag form.
  void varint(std::int32_t value) { leb128(zig_zag(value)); }
  void varlong(std::int64_t value) { leb128(zig_zag(value)); }
  void unsigned_varint(std::uint32_t value) { leb128(value); }

 private:
  template <typename Unsigned>
  void big_endian(Unsigned value) {
    std::uint8_t bytes[sizeof(Unsigned)];
    store_big_endian(bytes, value);
    out_.insert(out_.end(), bytes, bytes + sizeof(Unsigned));
  }

  void leb128(std::uint64_t value) {
    std::uint8_t bytes[kMaxVarlongSize];
    out_.insert(out_.end(), bytes, put_leb128(bytes, value));
  }

  ByteBuffer& out_;
};

}  // namespace kseg
