#include "lib/kafka_log_walk.h"

#include <fmt/format.h>

#include <algorithm>

#include "formats/cursor.h"
#include "formats/legacy_message.h"

namespace kseg {
namespace {

constexpr std::uint64_t kLeftOver = 17;           // bytes that Kafka takes for no batch, whatever they are
constexpr std::size_t kMessageHeaderSizeV0 = 18;  // up to the attributes
constexpr std::size_t kMessageHeaderSizeV1 = 26;  // up to the timestamp
constexpr std::int32_t kMinimumLength = 14;       // of a message of format 0, asked of all

}  // namespace

Result<RecordBatchHeader> KafkaBatch::header() const {
  const std::size_t size = magic == 0                          ? kMessageHeaderSizeV0
                           : magic < RecordBatchHeader::kMagic ? kMessageHeaderSizeV1
                                                               : RecordBatchHeader::kSize;
  if (bytes.size() < size) {
    return Defect{.code = DefectCode::truncated,
                  .position = position,
                  .offset = offset,
                  .expected = fmt::format("a header of {} bytes", size),
                  .found = fmt::format("{} bytes to the end of the file", bytes.size())};
  }
  return magic < RecordBatchHeader::kMagic ? read_legacy_header(bytes) : read_record_batch_header(bytes);
}

Result<Offset> KafkaBatch::last_offset() const {
  if (magic < RecordBatchHeader::kMagic) return offset;
  const auto decoded = header();
  if (!decoded) return decoded.error();
  return decoded->last_offset();
}

Result<const KafkaBatch*> KafkaLogWalk::next() {
  if (next_ >= end_ || end_ - next_ <= kLeftOver) return nullptr;
  Bytes bytes = chunk_.at(next_, RecordBatchHeader::kSize);
  Cursor in(bytes, next_);
  batch_ = {.position = next_, .offset = {in.i64()}};
  const std::int32_t length = in.i32();
  in.i32();
  batch_.magic = in.i8();
  if (!in.ok()) return *in.defect();
  if (length < kMinimumLength) {
    return Defect{.code = DefectCode::bad_length,
                  .position = next_ + 8,
                  .offset = batch_.offset,
                  .expected = fmt::format("batch length of at least {}", kMinimumLength),
                  .found = fmt::format("{}", length)};
  }
  batch_.size_bytes = static_cast<std::uint64_t>(length) + RecordBatchHeader::kLogOverhead;
  if (batch_.size_bytes > end_ - next_) return nullptr;
  if (payload_ == Payload::read && bytes.size() < batch_.size_bytes) {
    bytes = chunk_.at(next_, batch_.size_bytes);
    if (bytes.size() < batch_.size_bytes) {
      return Defect{.code = DefectCode::truncated,
                    .position = next_,
                    .offset = batch_.offset,
                    .expected = fmt::format("{} bytes", batch_.size_bytes),
                    .found = fmt::format("{}, the file was longer when it was opened", bytes.size())};
    }
  }
  batch_.bytes = bytes;
  next_ = next_ + batch_.size_bytes;
  return &batch_;
}

}  // namespace kseg
