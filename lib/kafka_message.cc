#include "lib/kafka_message.h"

#include <fmt/format.h>

#include <algorithm>

#include "formats/crc32.h"
#include "formats/cursor.h"
#include "formats/record_batch.h"

namespace kseg {
namespace {

constexpr std::size_t kMagicPosition = 4;
constexpr std::size_t kAttributesPosition = 5;
constexpr std::size_t kTimestampPosition = 6;  // format 1
constexpr std::size_t kKeySizePositionV0 = 6;
constexpr std::size_t kKeySizePositionV1 = 14;

Defect outside(std::string in_javas_words) {
  return {.code = DefectCode::truncated,
          .position = {},
          .expected = "fields inside the message",
          .found = std::move(in_javas_words)};
}

}  // namespace

std::uint32_t KafkaMessage::crc() const {
  return Cursor(bytes_).u32();
}

bool KafkaMessage::is_valid() const {
  return crc() == crc32(bytes_.subspan(kMagicPosition));
}

std::int8_t KafkaMessage::magic() const {
  return static_cast<std::int8_t>(bytes_[kMagicPosition]);
}

bool KafkaMessage::is_compressed() const {
  return (bytes_[kAttributesPosition] & RecordBatchHeader::kCodecMask) != 0;
}

Result<std::int64_t> KafkaMessage::timestamp_ms() const {
  if (magic() == 0) return kNoTimestamp;
  Cursor in(bytes_.subspan(kTimestampPosition));
  const std::int64_t timestamp_ms = in.i64();
  if (!in.ok()) return outside("null");
  return timestamp_ms;
}

std::size_t KafkaMessage::key_size_position() const {
  return magic() == 0 ? kKeySizePositionV0 : kKeySizePositionV1;
}

Result<std::int32_t> KafkaMessage::size_at(std::size_t position) const {
  Cursor in(bytes_.subspan(std::min(position, bytes_.size())));
  const std::int32_t size = in.i32();
  if (!in.ok()) return outside("null");
  return size;
}

Result<std::optional<Bytes>> KafkaMessage::sized_at(std::size_t position) const {
  const auto size = size_at(position);
  if (!size) return size.error();
  if (*size < 0) return std::optional<Bytes>();
  Cursor in(bytes_.subspan(position + sizeof(std::int32_t)));
  const std::size_t left = in.remaining();
  const Bytes bytes = in.bytes(*size);
  if (!in.ok()) return outside(fmt::format("newLimit > capacity: ({} > {})", *size, left));
  return std::optional(bytes);
}

Result<std::size_t> KafkaMessage::value_size_position() const {
  const auto size = key_size();
  if (!size) return size.error();
  return key_size_position() + sizeof(std::int32_t) + static_cast<std::size_t>(std::max(0, *size));
}

Result<std::int32_t> KafkaMessage::key_size() const {
  return size_at(key_size_position());
}

Result<std::int32_t> KafkaMessage::value_size() const {
  const auto position = value_size_position();
  if (!position) return position.error();
  return size_at(*position);
}

Result<std::optional<Bytes>> KafkaMessage::key() const {
  return sized_at(key_size_position());
}

Result<std::optional<Bytes>> KafkaMessage::value() const {
  const auto position = value_size_position();
  if (!position) return position.error();
  return sized_at(*position);
}

}  // namespace kseg
