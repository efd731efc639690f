// Many streams of bytes in one temporary file that has no name: what memory has no room for. Each stream is
// written in pieces, and then read once from its beginning.
#pragma once

#include <memory>
#include <vector>

#include "lib/file_system.h"

namespace kseg {

class SpillFile {
 public:
  struct Options {
    Path directory;  // on whose file system the file is made, once a buffer is full
    std::size_t streams = 1;
    std::size_t buffer_bytes = 1;  // of each stream
  };

  // Borrows `files`. Whatever touches the file throws IoError.
  SpillFile(FileSystem& files, Options options)
      : files_(files),
        options_(std::move(options)),
        buffers_(options_.streams * options_.buffer_bytes),
        streams_(options_.streams) {}

  // So many bytes, at most a buffer, more of a stream: to be filled before the next call.
  std::uint8_t* extend(std::size_t stream, std::size_t bytes) {
    if (streams_[stream].buffered + bytes > options_.buffer_bytes) flush(stream);
    std::uint8_t* const added = buffer(stream) + streams_[stream].buffered;
    streams_[stream].buffered += static_cast<std::uint32_t>(bytes);
    return added;
  }

  // What comes next in a stream that is complete: as many whole pieces as were written at a time, valid until
  // the next call for this stream. Empty at the end.
  Bytes next(std::size_t stream);

 private:
  struct Piece {
    Position position;
    std::uint32_t bytes = 0;
  };
  struct Stream {
    std::uint32_t buffered = 0;
    std::size_t pieces_read = 0;
    std::vector<Piece> pieces;  // in the file
  };

  std::uint8_t* buffer(std::size_t stream) { return buffers_.data() + stream * options_.buffer_bytes; }
  void flush(std::size_t stream);

  FileSystem& files_;
  Options options_;
  ByteBuffer buffers_;
  std::vector<Stream> streams_;
  std::unique_ptr<File> file_;
  Position end_;
};

}  // namespace kseg
