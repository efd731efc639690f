#include "lib/spill_file.h"

#include <cerrno>
#include <utility>

namespace kseg {

void SpillFile::flush(std::size_t stream) {
  if (!file_) file_ = files_.create_temporary(options_.directory);
  auto& [buffered, pieces_read, pieces] = streams_[stream];
  file_->append({buffer(stream), buffered});
  pieces.push_back({end_, buffered});
  end_ = end_ + std::exchange(buffered, 0);
}

// A buffer is where its stream is read to, so what is left in it goes to the file first; unless it is all
// there is.
Bytes SpillFile::next(std::size_t stream) {
  auto& [buffered, pieces_read, pieces] = streams_[stream];
  if (pieces.empty()) return {buffer(stream), std::exchange(buffered, 0)};
  if (buffered > 0) flush(stream);
  if (pieces_read == pieces.size()) return {};
  const Piece piece = pieces[pieces_read++];
  const std::span into(buffer(stream), piece.bytes);
  if (file_->read_at(piece.position, into) != piece.bytes) throw IoError(file_->path(), "read back", EIO);
  return into;
}

}  // namespace kseg
