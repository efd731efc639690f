#include "lib/segment_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "formats/cursor.h"
#include "formats/legacy_message.h"

namespace kseg {
namespace {

constexpr std::size_t kHeaderSize = RecordBatchHeader::kSize;
// Where batches are large, their headers alone are read; where small, whole chunks of them.
constexpr std::size_t kSkipChunkBytes = std::size_t{1} << 16;
constexpr std::size_t kHeaderChunkBytes = 256;
constexpr std::uint64_t kLargeBatchBytes = 8192;
constexpr std::uint64_t kReadAheadBytes = std::uint64_t{4} << 20;
constexpr std::int64_t kMaxOffsetsInSegment = std::int64_t{1} << 31;

// Reading once, checking each damaged batch and its successor, searching: honest damage costs a few
// times the file. What needs more was made to.
constexpr std::uint64_t kEffortPerByte = 16;
constexpr std::uint64_t kFreeEffort = std::uint64_t{16} << 20;

// The first 17 bytes mean the same in all message formats.
struct Prefix {
  Offset offset;
  std::int32_t length;  // bytes behind this field
  std::int8_t magic;

  static Prefix of(Bytes bytes) {
    Cursor in(bytes);
    Prefix prefix{.offset = {in.i64()}, .length = in.i32(), .magic = 0};
    in.i32();
    prefix.magic = in.i8();
    return prefix;
  }
  bool is_legacy() const { return magic == 0 || magic == 1; }
  std::uint64_t size_bytes() const {
    return static_cast<std::uint64_t>(length) + RecordBatchHeader::kLogOverhead;
  }
};

bool all_zeros(Bytes bytes) {
  return bytes.empty() ||
         (bytes[0] == 0 && std::memcmp(bytes.data(), bytes.data() + 1, bytes.size() - 1) == 0);
}

}  // namespace

SegmentReader::SegmentReader(File& file, Options options) : file_(file), options_(options) {
  if (options_.payload == Payload::skip)
    options_.chunk_bytes = std::min(options_.chunk_bytes, kSkipChunkBytes);
  chunk_bytes_ = std::min(options_.first_chunk_bytes.value_or(options_.chunk_bytes), options_.chunk_bytes);
  end_ = {file_.info().size_bytes};
  if (options_.end) end_ = std::min(end_, *options_.end);
  next_ = std::min(options_.begin, end_);
  known_trusted_ = next_;
  read_ahead_to_ = next_ + kReadAheadBytes;
  effort_limit_ = (end_ - next_) * kEffortPerByte + kFreeEffort;
}

// What is skipped is read later, by whoever reads all: the disk may begin with it.
void SegmentReader::read_ahead() {
  if (options_.payload != Payload::skip || next_ + kReadAheadBytes / 2 < read_ahead_to_) return;
  file_.will_read(read_ahead_to_, kReadAheadBytes);
  read_ahead_to_ = read_ahead_to_ + kReadAheadBytes;
}

Bytes SegmentReader::window(Position from, std::size_t least) {
  const std::uint64_t left = end_ - from;
  const auto at_least = static_cast<std::size_t>(std::min<std::uint64_t>(least, left));
  const Position buffer_end = buffer_start_ + buffer_size_;
  const bool overlaps = from >= buffer_start_ && from < buffer_end;
  const auto skipped = overlaps ? static_cast<std::size_t>(from - buffer_start_) : buffer_size_;
  const std::size_t kept = buffer_size_ - skipped;
  if (kept >= at_least) return Bytes{buffer_}.subspan(skipped, kept);

  const auto wanted =
      static_cast<std::size_t>(std::min<std::uint64_t>(std::max(at_least, chunk_bytes_), left));
  chunk_bytes_ = std::min(chunk_bytes_ * 2, options_.chunk_bytes);
  if (buffer_.size() < wanted) {
    ByteBuffer larger(wanted);
    std::copy_n(buffer_.begin() + static_cast<std::ptrdiff_t>(skipped), kept, larger.begin());
    buffer_.swap(larger);
  } else {
    std::memmove(buffer_.data(), buffer_.data() + skipped, kept);
  }
  buffer_start_ = from;
  buffer_size_ = kept;
  const std::size_t got = file_.read_at(from + kept, std::span(buffer_).subspan(kept, wanted - kept));
  buffer_size_ += got;
  effort_ += got;
  if (buffer_size_ < wanted) end_ = from + buffer_size_;  // the file was cut while we read
  return Bytes{buffer_}.first(buffer_size_);
}

bool SegmentReader::next_usual(RecordBatchView& batch) {
  if (options_.payload != Payload::skip || next_ < buffer_start_) return false;
  const std::uint64_t skipped = next_ - buffer_start_;
  if (skipped + kHeaderSize > buffer_size_) return false;
  const Bytes bytes{buffer_.data() + skipped, buffer_size_ - skipped};
  if (!decode_usual_header(bytes, batch.header) || batch.header.is_control()) return false;
  const std::uint64_t size = batch.header.size_bytes();
  if (size >= kLargeBatchBytes || next_ >= end_ || size > end_ - next_) return false;
  prefetch_behind(bytes, size);
  batch.position = next_;
  batch.bytes = bytes.first(kHeaderSize);
  next_ = next_ + size;
  last_offset_ = batch.header.last_offset();
  return true;
}

Result<std::optional<RecordBatchView>> SegmentReader::next() {
  if (next_ >= end_) return std::optional<RecordBatchView>{};
  read_ahead();
  const Position at = next_;
  Bytes bytes = window(at, kHeaderSize);
  if (bytes.empty()) return std::optional<RecordBatchView>{};
  const auto header = decode_record_batch_header(bytes, at);
  if (!header) return bad_header(header.error(), bytes);

  legacy_met_ |= header->is_legacy();
  const std::uint64_t size = header->size_bytes();
  const bool whole = options_.payload != Payload::skip || header->is_control() || header->is_wrapper();
  const bool fits = size <= end_ - at;
  if (fits && whole) bytes = window(at, size);
  if (!fits || (whole && bytes.size() < size)) {
    return beyond_end({.code = DefectCode::bad_length,
                       .position = at + 8,
                       .offset = header->base_offset,
                       .expected = fmt::format("a batch of at most {} bytes", end_ - at),
                       .found = fmt::format("{} bytes", size)},
                      size);
  }

  RecordBatchView batch{.header = *header,
                        .position = at,
                        .bytes = bytes.first(whole ? size : std::min<std::uint64_t>(size, kHeaderSize))};
  const bool checked = whole && options_.payload != Payload::trust;
  if (checked) {
    if (auto defect = check_crc(batch)) {
      effort_ += size;
      return resume_after(std::move(*defect), at + size);
    }
  }
  if (auto defect = check_header(*header, at)) {
    // With a right crc the length is right too.
    return checked ? resume_at(std::move(*defect), at + size) : resume_after(std::move(*defect), at + size);
  }
  if (batch.header.is_wrapper()) {
    if (!decompressor_) decompressor_ = std::make_unique<Decompressor>();
    if (auto defect = complete_wrapper(batch, *decompressor_, uncompressed_))
      return resume_at(std::move(*defect), at + size);
  }
  next_ = at + size;
  if (!whole && size >= kLargeBatchBytes) chunk_bytes_ = std::min(chunk_bytes_, kHeaderChunkBytes);
  last_offset_ = batch.header.last_offset();
  sound_message_met_ |= batch.header.is_legacy();
  return std::optional(batch);
}

// `bytes` are what stands at next_, and decode_record_batch_header said `defect` about them.
Defect SegmentReader::bad_header(Defect defect, Bytes bytes) {
  const Position at = next_;
  const std::uint64_t left = end_ - at;
  if (all_zeros(bytes.first(std::min(bytes.size(), kHeaderSize))) && zeros_to_end(at)) {
    return resume_at({.code = DefectCode::torn_tail,
                      .position = at,
                      .expected = "a batch",
                      .found = fmt::format("zeros to the end ({} bytes)", left)},
                     end_);
  }
  if (defect.code == DefectCode::truncated) return beyond_end(std::move(defect), kHeaderSize);

  const Prefix prefix = Prefix::of(window(at, RecordBatchHeader::kMinPrefix));
  if (prefix.is_legacy()) {
    legacy_met_ = true;
    return resume_after(std::move(defect), std::nullopt);
  }
  if (left < kHeaderSize) return beyond_end(std::move(defect), kHeaderSize);
  const bool length_fits = prefix.length >= RecordBatchHeader::kMinLength && prefix.size_bytes() <= left;
  return resume_after(std::move(defect),
                      length_fits ? std::optional(at + prefix.size_bytes()) : std::nullopt);
}

// What stands at next_ wants to be `size_bytes` long and the file ends before: its torn tail, unless
// trusted batches follow, and the length itself is wrong.
Defect SegmentReader::beyond_end(Defect otherwise, std::uint64_t size_bytes) {
  const Position at = next_;
  const Position trusted = trusted_after(at, std::nullopt);
  if (trusted < end_) return resume_at(std::move(otherwise), trusted);
  return resume_at({.code = DefectCode::torn_tail,
                    .position = at,
                    .offset = otherwise.offset,
                    .expected = fmt::format("{} bytes", size_bytes),
                    .found = fmt::format("{} bytes", end_ - at)},
                   end_);
}

// Leaves next_, where `defect` is, for the next header to trust. `expected_next` is where the defective
// batch's own length leads to, if that lies in the file.
Defect SegmentReader::resume_after(Defect defect, std::optional<Position> expected_next) {
  return resume_at(std::move(defect), trusted_after(next_, expected_next));
}

Defect SegmentReader::resume_at(Defect defect, Position position) {
  next_ = position;
  if (effort_ > effort_limit_) {
    defect.found += fmt::format("{}too much damage, the rest is not read", defect.found.empty() ? "" : "; ");
    next_ = end_;
  }
  return defect;
}

Position SegmentReader::trusted_after(Position defective, std::optional<Position> expected_next) {
  const Position from = defective + 1;
  // What lies inside of a wrapper may be messages that lead to its end. But a batch that is out of place
  // looks like a message soon, and then so does what its length leads to.
  const bool is_message = Prefix::of(window(defective, RecordBatchHeader::kMinPrefix)).is_legacy();
  if (is_message && expected_next) {
    const bool leads_on =
        sound_message_met_ ? plausible_at(*expected_next).has_value() : trusted_at(*expected_next);
    if (*expected_next == end_ || leads_on) return *expected_next;
  }
  if (expected_next && (*expected_next == end_ || trusted_at(*expected_next))) {
    // A wrong length may have swallowed whole batches. Those lead exactly to where it leads; batches
    // inside of a record's value do not.
    for (Position inside = find_trusted(from, *expected_next); inside < *expected_next;) {
      const Position behind = follow_trusted(inside, *expected_next);
      if (behind == *expected_next) return inside;
      inside = find_trusted(behind, *expected_next);
    }
    return *expected_next;
  }
  // Searches never look at a byte twice: damaged batches in a row share what the first one found.
  if (known_trusted_ < from) known_trusted_ = find_trusted(from, end_);
  if (expected_next && *expected_next < known_trusted_ && plausible_at(*expected_next)) return *expected_next;
  return std::min(known_trusted_, end_);
}

// The first batch to trust that starts in [from, limit), else `limit`.
Position SegmentReader::find_trusted(Position from, Position limit) {
  const std::size_t least = legacy_met_ ? LegacyMessage::kSizeV0 : kHeaderSize;
  while (from < limit && end_ - from >= least) {
    const Bytes bytes = window(from, kHeaderSize);
    if (bytes.size() < least) break;
    const std::size_t starts = bytes.size() - least + 1;
    const std::size_t start = find_magic(bytes.subspan(RecordBatchHeader::kMagicPosition).first(starts));
    from = from + start;
    if (start == starts) continue;
    if (from < limit && trusted_at(from)) return from;
    from = from + 1;
  }
  return limit;
}

// Where the first byte stands that can be a magic, else how many there are. Zeros and ones are everywhere:
// they are looked at only where messages of these formats are.
std::size_t SegmentReader::find_magic(Bytes bytes) const {
  if (legacy_met_) {
    const auto* const at = std::find_if(bytes.data(), bytes.data() + bytes.size(),
                                        [](std::uint8_t byte) { return byte <= RecordBatchHeader::kMagic; });
    return static_cast<std::size_t>(at - bytes.data());
  }
  const void* const at = std::memchr(bytes.data(), RecordBatchHeader::kMagic, bytes.size());
  return at == nullptr ? bytes.size()
                       : static_cast<std::size_t>(static_cast<const std::uint8_t*>(at) - bytes.data());
}

// The end of the run of trusted batches that starts at `from`.
Position SegmentReader::follow_trusted(Position from, Position limit) {
  while (from < limit && trusted_at(from)) from = from + plausible_at(from)->size_bytes();
  return from;
}

// The header at `at` if it could be that of a batch behind the last good one, whole or not.
std::optional<RecordBatchHeader> SegmentReader::plausible_at(Position at) {
  if (at >= end_ || end_ - at < LegacyMessage::kSizeV0) return std::nullopt;
  const Bytes bytes = window(at, kHeaderSize);
  if (bytes.size() < LegacyMessage::kSizeV0) return std::nullopt;
  // First what costs nothing: searches come here for every byte 2.
  const Prefix prefix = Prefix::of(bytes);
  const bool is_batch =
      prefix.magic == RecordBatchHeader::kMagic && prefix.length >= RecordBatchHeader::kMinLength;
  if (!(is_batch || prefix.is_legacy()) || prefix.offset <= last_offset_) return std::nullopt;
  const auto header = decode_record_batch_header(bytes, at);
  if (!header || check_header(*header, at) ||
      header->record_count - std::int64_t{1} > header->last_offset_delta) {
    return std::nullopt;
  }
  if (last_offset_.value >= 0 && header->last_offset() - last_offset_ >= kMaxOffsetsInSegment)
    return std::nullopt;
  return *header;
}

bool SegmentReader::trusted_at(Position at) {
  const auto header = plausible_at(at);
  if (!header || header->size_bytes() > end_ - at || effort_ > effort_limit_) return false;
  const auto size = static_cast<std::size_t>(header->size_bytes());
  const Bytes bytes = window(at, size);
  if (bytes.size() < size) return false;
  effort_ += size;
  return RecordBatchView{.header = *header, .position = at, .bytes = bytes.first(size)}.computed_crc() ==
         header->crc;
}

bool SegmentReader::zeros_to_end(Position from) {
  while (from < end_) {
    const Bytes bytes = window(from, 1);
    if (!all_zeros(bytes)) return false;
    from = from + bytes.size();
  }
  return true;
}

}  // namespace kseg
