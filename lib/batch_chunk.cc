#include "lib/batch_chunk.h"

#include <fmt/format.h>

namespace kseg {

std::optional<Defect> BatchChunk::read(File& file, Position begin, Position end, std::size_t batch_count) {
  batches_.clear();
  const std::uint64_t size = end - begin;
  if (bytes_.size() < size) bytes_.resize(size);
  const std::size_t got = file.read_at(begin, std::span{bytes_.data(), size});
  const auto changed = [&](Position position, std::string found) {
    return Defect{.code = DefectCode::truncated,
                  .position = position,
                  .expected = fmt::format("{} batches in {} bytes, as read before", batch_count, size),
                  .found = std::move(found)};
  };
  if (got < size) return changed(begin + got, "the end of the file");
  for (Position at = begin; at < end;) {
    const Bytes rest = Bytes{bytes_}.subspan(at - begin, end - at);
    const auto header = decode_record_batch_header(rest, at);
    if (!header) return header.error();
    if (header->size_bytes() > rest.size()) return changed(at, "a batch that passes them");
    batches_.push_back({.header = *header, .position = at, .bytes = rest.first(header->size_bytes())});
    at = at + header->size_bytes();
  }
  if (batches_.size() != batch_count) return changed(begin, fmt::format("{} batches", batches_.size()));
  return std::nullopt;
}

}  // namespace kseg
