#include "lib/recovery_reader.h"

#include <fmt/format.h>

#include <algorithm>

#include "formats/cursor.h"
#include "formats/legacy_message.h"

namespace kseg {
namespace {

constexpr std::size_t kChunkBytes = std::size_t{1} << 20;
constexpr std::size_t kSkipChunkBytes = std::size_t{1} << 16;

std::size_t chunk_bytes(RecoveryReader::Payload payload, std::uint64_t left) {
  const std::size_t most = payload == RecoveryReader::Payload::skip ? kSkipChunkBytes : kChunkBytes;
  return static_cast<std::size_t>(std::min<std::uint64_t>(most, left));
}

}  // namespace

RecoveryReader::RecoveryReader(File& file, Payload payload, Position end, Position begin)
    : payload_(payload),
      next_(begin),
      end_(std::min(end, Position{file.info().size_bytes})),
      chunk_(file, chunk_bytes(payload, begin < end_ ? end_ - begin : 0)) {}

Result<std::optional<RecordBatchView>> RecoveryReader::next() {
  const Position at = next_;
  const Bytes prefix = window(at, RecordBatchHeader::kSize);
  // As many bytes as tell length and magic are not enough: a broker asks for one more.
  if (prefix.size() <= RecordBatchHeader::kMinPrefix) return std::optional<RecordBatchView>{};
  Cursor in(prefix);
  const Offset offset{in.i64()};
  const std::int32_t length = in.i32();
  in.u32();
  const std::int8_t magic = in.i8();

  const auto bad_length = [&](std::int64_t least) {
    return Defect{.code = DefectCode::bad_length,
                  .position = at + 8,
                  .offset = offset,
                  .expected = fmt::format("at least {}", least),
                  .found = fmt::format("{}", length)};
  };
  if (length < LegacyMessage::kMinLength) return bad_length(LegacyMessage::kMinLength);
  const std::uint64_t size = static_cast<std::uint64_t>(length) + RecordBatchHeader::kLogOverhead;
  if (size > end_ - at) return std::optional<RecordBatchView>{};

  if (magic < RecordBatchHeader::kMagic) return next_message(at, prefix);

  if (length < RecordBatchHeader::kMinLength && payload_ == Payload::check)
    return bad_length(RecordBatchHeader::kMinLength);
  if (prefix.size() < RecordBatchHeader::kSize) return bad_length(RecordBatchHeader::kMinLength);
  const RecordBatchHeader header = read_record_batch_header(prefix);
  if (length < RecordBatchHeader::kMinLength && header.is_control())
    return bad_length(RecordBatchHeader::kMinLength);
  const bool whole = payload_ == Payload::check || header.is_control();
  const std::uint64_t wanted = whole ? size : RecordBatchHeader::kSize;
  const Bytes bytes = window(at, wanted);
  if (bytes.size() < wanted) return std::optional<RecordBatchView>{};
  const RecordBatchView batch{.header = header, .position = at, .bytes = bytes.first(wanted)};
  if (payload_ == Payload::check) {
    if (auto defect = check_crc(batch)) return std::move(*defect);
  }
  next_ = at + size;
  return std::optional(batch);
}

// A message of format 0 or 1 that ends in the file.
Result<std::optional<RecordBatchView>> RecoveryReader::next_message(Position at, Bytes prefix) {
  const auto header = decode_record_batch_header(prefix, at);
  if (!header) return header.error();
  RecordBatchView message{.header = *header, .position = at, .bytes = {}};
  if (payload_ == Payload::check) {
    const std::uint64_t size = header->size_bytes();
    const Bytes bytes = window(at, size);
    if (bytes.size() < size) return std::optional<RecordBatchView>{};
    message.bytes = bytes.first(size);
    if (auto defect = check_crc(message)) return std::move(*defect);
  }
  next_ = at + header->size_bytes();
  return std::optional(message);
}

Bytes RecoveryReader::window(Position from, std::uint64_t least) {
  if (from >= end_) return {};
  const std::uint64_t left = end_ - from;
  const std::uint64_t wanted = std::min(least, left);
  const Bytes bytes = chunk_.at(from, static_cast<std::size_t>(wanted));
  if (bytes.size() < wanted) end_ = from + bytes.size();
  return bytes.first(static_cast<std::size_t>(std::min<std::uint64_t>(bytes.size(), left)));
}

}  // namespace kseg
