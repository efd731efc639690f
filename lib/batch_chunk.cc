#include "lib/batch_chunk.h"

#include <fmt/format.h>

#include "formats/legacy_message.h"

namespace kseg {

void append_to_runs(std::uint64_t size_bytes, Position position, std::vector<BatchRun>& runs) {
  constexpr std::uint64_t kRunBytes = std::uint64_t{1} << 18;
  if (runs.empty() || runs.back().end != position || position - runs.back().begin >= kRunBytes) {
    const std::uint32_t before = runs.empty() ? 0 : runs.back().first_batch + runs.back().batch_count;
    runs.push_back({.begin = position, .end = position, .first_batch = before});
  }
  runs.back().end = position + size_bytes;
  ++runs.back().batch_count;
}

std::optional<Defect> BatchChunk::read(File& file, const BatchRun& run) {
  batches_.clear();
  const std::uint64_t size = run.end - run.begin;
  if (bytes_.size() < size) bytes_.resize(size);
  size_ = static_cast<std::size_t>(size);
  const std::size_t got = file.read_at(run.begin, std::span{bytes_.data(), size});
  const auto changed = [&](Position position, std::string found) {
    return Defect{.code = DefectCode::truncated,
                  .position = position,
                  .expected = fmt::format("{} batches in {} bytes, as read before", run.batch_count, size),
                  .found = std::move(found)};
  };
  if (got < size) return changed(run.begin + got, "the end of the file");
  for (Position at = run.begin; at < run.end;) {
    const Bytes rest = Bytes{bytes_}.subspan(at - run.begin, run.end - at);
    RecordBatchHeader header;
    if (!decode_usual_header(rest, header)) {
      const auto decoded = decode_record_batch_header(rest, at);
      if (!decoded) return decoded.error();
      header = *decoded;
    }
    const std::uint64_t size_bytes = header.size_bytes();
    if (size_bytes > rest.size()) return changed(at, "a batch that passes them");
    prefetch_behind(rest, size_bytes);
    batches_.push_back({.header = header, .position = at, .bytes = rest.first(size_bytes)});
    if (header.is_wrapper()) {
      if (auto defect = complete_wrapper(batches_.back(), decompressor_, uncompressed_)) return defect;
    }
    at = at + size_bytes;
  }
  if (batches_.size() != run.batch_count)
    return changed(run.begin, fmt::format("{} batches", batches_.size()));
  return std::nullopt;
}

}  // namespace kseg
