// A run of a file in memory, for reading here and there.
#pragma once

#include "formats/bytes.h"
#include "lib/file_system.h"

namespace kseg {

class FileChunk {
 public:
  // Borrows `file`. Reads `read_bytes` at once, more if more is asked for.
  FileChunk(File& file, std::size_t read_bytes) : file_(file), read_bytes_(read_bytes) {}

  // What the file holds from `from` on: at least `least` bytes, unless it ends before. Valid until the next
  // call. The caller knows that the file, when it was opened, was as long as it asks for.
  Bytes at(Position from, std::size_t least);

 private:
  File& file_;
  std::size_t read_bytes_;
  Position start_;
  std::size_t size_ = 0;
  ByteBuffer buffer_;
};

}  // namespace kseg
