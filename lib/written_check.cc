#include "lib/written_check.h"

#include <xxhash.h>

#include "lib/ordered_work.h"

namespace kseg {
namespace {

constexpr std::uint64_t kStretchBytes = std::uint64_t{1} << 19;

std::uint64_t digest_with(std::uint64_t digest, Bytes batch) {
  return XXH3_64bits_withSeed(batch.data(), RecordBatchHeader::kCrcStart, digest);
}

}  // namespace

Defect not_as_written(Position at) {
  return {.code = DefectCode::crc_mismatch,
          .position = at,
          .expected = "the bytes that were written",
          .found = "others"};
}

void WrittenCheck::add(std::span<const RecordBatchHeader> headers, Bytes batches) {
  if (stretches_.empty() || stretches_.back().bytes >= kStretchBytes) stretches_.emplace_back();
  Stretch& stretch = stretches_.back();
  stretch.bytes += batches.size();
  for (const RecordBatchHeader& header : headers) {
    stretch.digest = digest_with(stretch.digest, batches);
    batches = batches.subspan(header.size_bytes());
  }
}

std::optional<Defect> WrittenCheck::check(File& log, std::size_t jobs) const {
  struct Piece {
    Position begin;
    const Stretch* stretch = nullptr;
    ByteBuffer buffer;
    std::optional<Defect> defect;
  };
  std::vector<Piece> pieces(OrderedWork::slots_for(jobs));
  Position begin;
  std::size_t next = 0;
  std::optional<Defect> first;
  OrderedWork{.jobs = jobs,
              .slots = pieces.size(),
              .take =
                  [&](std::size_t slot) {
                    if (next == stretches_.size()) return false;
                    pieces[slot].begin = begin;
                    pieces[slot].stretch = &stretches_[next++];
                    begin = begin + pieces[slot].stretch->bytes;
                    return true;
                  },
              .prepare =
                  [&](std::size_t slot, std::size_t) {
                    Piece& piece = pieces[slot];
                    piece.defect = check(log, piece.begin, *piece.stretch, piece.buffer);
                  },
              .commit =
                  [&](std::size_t slot) {
                    first = pieces[slot].defect;
                    return !first;
                  }}
      .run();
  if (!first && log.info().size_bytes != begin.value) return not_as_written(begin);
  return first;
}

std::optional<Defect> WrittenCheck::check(File& log, Position begin, const Stretch& stretch,
                                          ByteBuffer& buffer) {
  if (buffer.size() < stretch.bytes) buffer.resize(stretch.bytes);
  const std::size_t got = log.read_at(begin, std::span{buffer}.first(stretch.bytes));
  std::uint64_t digest = 0;
  for (std::size_t at = 0; at < got;) {
    const Bytes rest = Bytes{buffer}.first(got).subspan(at);
    const auto header = decode_record_batch_header(rest, begin + at);
    if (!header) return header.error();
    if (header->size_bytes() > rest.size()) return not_as_written(begin + at);
    const RecordBatchView batch{
        .header = *header, .position = begin + at, .bytes = rest.first(header->size_bytes())};
    if (auto defect = check_crc(batch)) return defect;
    digest = digest_with(digest, batch.bytes);
    at += batch.bytes.size();
  }
  if (got != stretch.bytes || digest != stretch.digest) return not_as_written(begin);
  return std::nullopt;
}

}  // namespace kseg
