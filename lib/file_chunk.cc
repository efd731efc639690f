#include "lib/file_chunk.h"

#include <algorithm>

namespace kseg {

Bytes FileChunk::at(Position from, std::size_t least) {
  const std::uint64_t skipped = from - start_;
  if (from < start_ || skipped > size_ || size_ - skipped < least) {
    const std::size_t wanted = std::max(least, read_bytes_);
    if (buffer_.size() < wanted) buffer_ = ByteBuffer(wanted);
    start_ = from;
    size_ = file_.read_at(from, std::span(buffer_).first(wanted));
    return Bytes{buffer_}.first(size_);
  }
  return Bytes{buffer_}.subspan(skipped, size_ - skipped);
}

}  // namespace kseg
