// Appends big-endian fields to a buffer the caller owns: the counterpart of Cursor.
#pragma once

#include <cstdint>

#include "formats/bytes.h"

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
  void varint(std::int32_t value) {
    leb128((static_cast<std::uint32_t>(value) << 1) ^ (value < 0 ? ~0U : 0U));
  }
  void varlong(std::int64_t value) {
    leb128((static_cast<std::uint64_t>(value) << 1) ^ (value < 0 ? ~0ULL : 0ULL));
  }
  void unsigned_varint(std::uint32_t value) { leb128(value); }

 private:
  template <typename Unsigned>
  void big_endian(Unsigned value) {
    std::uint8_t bytes[sizeof(Unsigned)];
    for (std::size_t i = 0; i < sizeof(Unsigned); ++i) {
      bytes[i] = static_cast<std::uint8_t>(value >> (8 * (sizeof(Unsigned) - 1 - i)));
    }
    out_.insert(out_.end(), bytes, bytes + sizeof(Unsigned));
  }

  void leb128(std::uint64_t value) {
    while (value >= 0x80) {
      out_.push_back(static_cast<std::uint8_t>(value | 0x80));
      value >>= 7;
    }
    out_.push_back(static_cast<std::uint8_t>(value));
  }

  ByteBuffer& out_;
};

// Bytes varint/varlong would take.
constexpr std::size_t varlong_size(std::int64_t value) {
  std::uint64_t raw = (static_cast<std::uint64_t>(value) << 1) ^ (value < 0 ? ~0ULL : 0ULL);
  std::size_t size = 1;
  while (raw >= 0x80) {
    raw >>= 7;
    ++size;
  }
  return size;
}
constexpr std::size_t varint_size(std::int32_t value) {
  return varlong_size(value);
}

}  // namespace kseg
