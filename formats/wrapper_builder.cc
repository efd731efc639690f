#include "formats/wrapper_builder.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "formats/legacy_message.h"

namespace kseg {

void WrapperBuilder::begin(const RecordBatchHeader& like) {
  like_ = like;
  first_.reset();
  max_timestamp_ms_ = kNoTimestamp;
  messages_.clear();
}

void WrapperBuilder::add(const RecordView& record) {
  if (!first_) first_ = record.offset;
  last_ = record.offset;
  max_timestamp_ms_ = std::max(max_timestamp_ms_, record.timestamp_ms);
  const Offset stored = like_.magic == 0 ? record.offset : Offset{record.offset - *first_};
  encode_legacy_message({.magic = like_.magic,
                         .timestamp_type = like_.timestamp_type(),
                         .offset = stored,
                         .timestamp_ms = record.timestamp_ms,
                         .key = record.key,
                         .value = record.value},
                        messages_);
}

std::optional<Defect> WrapperBuilder::finish(Compressor& compressor, ByteBuffer& out) {
  check(first_.has_value(), "a wrapper without messages");
  compressed_.clear();
  compressor.compress(like_.codec(), messages_, compressed_,
                      like_.magic == 0 ? Framing::of_magic_0 : Framing::standard);
  constexpr std::size_t kMost = std::numeric_limits<std::int32_t>::max() - LegacyMessage::kSizeV1;
  if (compressed_.size() > kMost) {
    return Defect{.code = DefectCode::bad_length,
                  .position = {},
                  .offset = last_,
                  .expected = "a rebuilt wrapper below 2^31 bytes",
                  .found = fmt::format("{} bytes of messages", compressed_.size())};
  }
  const bool append_time = like_.timestamp_type() == TimestampType::log_append_time;
  encode_legacy_message({.magic = like_.magic,
                         .codec = like_.codec(),
                         .timestamp_type = like_.timestamp_type(),
                         .offset = last_,
                         .timestamp_ms = append_time ? like_.max_timestamp : max_timestamp_ms_,
                         .key = std::nullopt,
                         .value = compressed_},
                        out);
  return std::nullopt;
}

}  // namespace kseg
