#include "lib/batch_stretch.h"

#include <algorithm>

#include "formats/cursor.h"
#include "lib/ordered_work.h"

namespace kseg {
namespace {

constexpr std::size_t kMaxJobs = 4;
constexpr std::size_t kStretchBytes = std::size_t{1} << 18;
constexpr std::size_t kFirstBytes = std::size_t{1} << 16;
constexpr std::size_t kMaxBatchBytes = std::size_t{1} << 20;
constexpr std::size_t kWeightOfCompressed = 4;

// What a length leads to, of a batch of format 2 that stands at the start of `bytes`.
struct BatchExtent {
  std::uint64_t size_bytes = 0;  // 0: something else stands here
  bool compressed = false;
  Offset base_offset;
  Offset next_offset;

  static BatchExtent of(Bytes bytes) {
    Cursor in(bytes);
    const Offset base_offset{in.i64()};
    const std::int32_t length = in.i32();
    in.i32();  // leader epoch
    const std::int8_t magic = in.i8();
    in.u32();  // crc
    const std::int16_t attributes = in.i16();
    const std::int32_t last_offset_delta = in.i32();
    if (!in.ok() || magic != RecordBatchHeader::kMagic || length < RecordBatchHeader::kMinLength) return {};
    return {.size_bytes = static_cast<std::uint64_t>(length) + RecordBatchHeader::kLogOverhead,
            .compressed = (attributes & RecordBatchHeader::kCodecMask) != 0,
            .base_offset = base_offset,
            .next_offset = base_offset + last_offset_delta + 1};
  }
};

}  // namespace

Result<Decompressor::Output> uncompressed_within(std::size_t most_bytes, const RecordBatchView& batch,
                                                 Decompressor& decompressor, ByteBuffer& scratch) {
  const bool compressed = batch.header.codec() != Codec::none && batch.header.record_count > 0;
  if (!compressed || most_bytes == kDecompressionLimit)
    return uncompressed_records(batch, decompressor, scratch);
  return decompressor.decompress(batch.header.codec(), batch.records(), scratch, most_bytes);
}

StretchOptions StretchOptions::of_machine() {
  return {.jobs = std::min(machine_jobs(), kMaxJobs), .bytes = kStretchBytes};
}

StretchReader::StretchReader(File& file, Position begin, Position end, const StretchOptions& options)
    : file_(file),
      next_(begin),
      end_(end),
      bytes_(std::max(std::min(kFirstBytes, options.bytes), RecordBatchHeader::kSize)),
      most_bytes_(options.bytes) {}

bool StretchReader::next(BatchStretch& stretch) {
  stretch.begin = next_;
  stretch.size = 0;
  stretch.highest_base = {-1};
  std::uint64_t wanted = bytes_;
  while (!at_end()) {
    wanted = std::min<std::uint64_t>(wanted, end_ - next_);
    if (stretch.buffer.size() < wanted) stretch.buffer.resize(wanted);
    const std::size_t got = file_.read_at(next_, std::span(stretch.buffer).first(wanted));
    const Bytes bytes = Bytes{stretch.buffer}.first(got);
    BatchExtent batch;
    std::uint64_t weight = 0;
    for (; weight < most_bytes_; stretch.size += batch.size_bytes) {
      batch = BatchExtent::of(bytes.subspan(stretch.size));
      if (batch.size_bytes == 0 || batch.size_bytes > got - stretch.size) break;
      weight += batch.size_bytes * (batch.compressed ? kWeightOfCompressed : 1);
      stretch.highest_base = std::max(stretch.highest_base, batch.base_offset);
      stretch.next_offset = batch.next_offset;
    }
    if (stretch.size > 0) {
      next_ = next_ + stretch.size;
      // What was read in vain, is read again.
      bytes_ = weight < most_bytes_ ? std::min(bytes_ * 2, most_bytes_) : stretch.size + batch.size_bytes;
      return true;
    }
    // One batch that is longer than what was read of it, if it is one at all.
    if (got < wanted || batch.size_bytes <= got || batch.size_bytes > kMaxBatchBytes) return false;
    if (batch.size_bytes > end_ - next_) return false;
    wanted = batch.size_bytes;
  }
  return false;
}

bool StretchWalk::next(RecordBatchView& batch) {
  if (at_end()) return false;
  const Bytes rest = stretch_.bytes().subspan(next_ - stretch_.begin);
  const auto header = decode_record_batch_header(rest, next_);
  if (!header) return false;
  batch = {.header = *header, .position = next_, .bytes = rest.first(header->size_bytes())};
  if (check_crc(batch) || check_header(*header, next_)) return false;
  next_ = next_ + header->size_bytes();
  return true;
}

}  // namespace kseg
