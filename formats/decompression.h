// What the decoders of the four codecs share. Internal to formats/compression.cc and its codecs.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <span>
#include <string>

#include "formats/bytes.h"
#include "formats/defect.h"

namespace kseg {

// A buffer that grows as bytes come, and never past a limit. It keeps its size from use to use, so
// that its bytes are zeroed once and not for every batch.
class GrowingOutput {
 public:
  GrowingOutput(ByteBuffer& buffer, std::size_t limit) : buffer_(buffer), limit_(limit) {}

  std::size_t left() const { return limit_ - used_; }

  // Space behind what is committed: `wanted` bytes or more, but no more than left().
  std::span<std::uint8_t> room(std::size_t wanted) {
    wanted = std::min(wanted, left());
    if (buffer_.size() - used_ < wanted) {
      const std::size_t size = std::max(used_ + wanted, std::min(limit_, 2 * buffer_.size()));
      buffer_.reserve(size);  // resize() alone would reserve past the limit
      buffer_.resize(size);
    }
    return std::span(buffer_).subspan(used_, std::min(buffer_.size(), limit_) - used_);
  }

  void commit(std::size_t size) { used_ += size; }
  Bytes bytes() const { return Bytes{buffer_}.first(used_); }

  Defect past_limit(Position at) const {
    return Defect{.code = DefectCode::output_limit,
                  .position = at,
                  .expected = fmt::format("at most {} bytes of output", limit_)};
  }

 private:
  ByteBuffer& buffer_;
  std::size_t limit_;
  std::size_t used_ = 0;
};

inline Defect bad_compression(Position at, std::string expected, std::string found) {
  return Defect{.code = DefectCode::bad_compression,
                .position = at,
                .expected = std::move(expected),
                .found = std::move(found)};
}

}  // namespace kseg
