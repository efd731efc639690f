#include "lib/file_digest.h"

namespace kseg {

Digest file_digest(FileSystem& files, const Path& path) {
  static constexpr std::size_t kPieceBytes = std::size_t{1} << 20;
  const auto file = files.open(path);
  ByteBuffer piece(std::min<std::size_t>(kPieceBytes, file->info().size_bytes + 1));
  DigestStream digest;
  for (Position at{0};;) {
    const std::size_t read = file->read_at(at, piece);
    digest.add(Bytes(piece).first(read));
    if (read < piece.size()) return digest.digest();
    at.value += read;
  }
}

}  // namespace kseg
