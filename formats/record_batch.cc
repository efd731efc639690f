#include "formats/record_batch.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "formats/big_endian.h"
#include "formats/byte_writer.h"
#include "formats/check.h"
#include "formats/crc32.h"
#include "formats/crc32c.h"
#include "formats/cursor.h"
#include "formats/legacy_message.h"

namespace kseg {
namespace {

constexpr std::size_t kCrcPosition = 17;

// Where the field starts that `size` bytes, fewer than a header, do not hold whole.
std::size_t first_field_cut(std::size_t size) {
  constexpr std::size_t kFields[] = {0, 8, 12, 16, 17, 21, 23, 27, 35, 43, 51, 53, 57};
  return *(std::upper_bound(std::begin(kFields), std::end(kFields), size) - 1);
}

RecordBatchHeader fields(const std::uint8_t* at) {
  const auto i16 = [at](std::size_t i) {
    return static_cast<std::int16_t>(load_big_endian<std::uint16_t>(at + i));
  };
  const auto i32 = [at](std::size_t i) {
    return static_cast<std::int32_t>(load_big_endian<std::uint32_t>(at + i));
  };
  const auto i64 = [at](std::size_t i) {
    return static_cast<std::int64_t>(load_big_endian<std::uint64_t>(at + i));
  };
  return {.base_offset = {i64(0)},
          .batch_length = i32(8),
          .partition_leader_epoch = i32(12),
          .magic = static_cast<std::int8_t>(at[RecordBatchHeader::kMagicPosition]),
          .crc = load_big_endian<std::uint32_t>(at + kCrcPosition),
          .attributes = i16(21),
          .last_offset_delta = i32(23),
          .base_timestamp = i64(27),
          .max_timestamp = i64(35),
          .producer_id = i64(43),
          .producer_epoch = i16(51),
          .base_sequence = i32(53),
          .record_count = i32(57)};
}

}  // namespace

std::string_view timestamp_type_name(const RecordBatchHeader& batch) {
  if (batch.magic == 0) return "NoTimestampType";
  switch (batch.timestamp_type()) {
    case TimestampType::create_time: return "CreateTime";
    case TimestampType::log_append_time: return "LogAppendTime";
  }
  return "";
}

std::int32_t RecordBatchHeader::last_sequence() const {
  if (base_sequence < 0) return kNoSequence;
  const std::uint32_t sum =
      static_cast<std::uint32_t>(base_sequence) + static_cast<std::uint32_t>(last_offset_delta);
  return static_cast<std::int32_t>(sum & 0x7fffffffU);
}

std::uint32_t RecordBatchView::computed_crc() const {
  return header.is_legacy() ? crc32(bytes.subspan(LegacyMessage::kCrcStart))
                            : crc32c(bytes.subspan(RecordBatchHeader::kCrcStart));
}

Result<RecordBatchHeader> decode_record_batch_header(Bytes bytes, Position at) {
  if (bytes.size() >= RecordBatchHeader::kMinPrefix) {
    const auto magic = static_cast<std::int8_t>(bytes[RecordBatchHeader::kMagicPosition]);
    if (magic == 0 || magic == 1) return decode_legacy_header(bytes, at);
    if (magic != RecordBatchHeader::kMagic) {
      Cursor prefix(bytes, at);
      return Defect{.code = DefectCode::unknown_magic,
                    .position = at + RecordBatchHeader::kMagicPosition,
                    .offset = Offset{prefix.i64()},
                    .expected = "magic 0, 1 or 2",
                    .found = fmt::format("magic {}", magic)};
    }
  }
  if (bytes.size() < RecordBatchHeader::kSize) {
    return Defect{.code = DefectCode::truncated, .position = at + first_field_cut(bytes.size())};
  }
  const RecordBatchHeader header = fields(bytes.data());
  if (header.batch_length < RecordBatchHeader::kMinLength) {
    return Defect{.code = DefectCode::bad_length,
                  .position = at + 8,
                  .offset = header.base_offset,
                  .expected = fmt::format("batch length of at least {}", RecordBatchHeader::kMinLength),
                  .found = fmt::format("{}", header.batch_length)};
  }
  return header;
}

bool decode_usual_header(Bytes bytes, RecordBatchHeader& into) {
  if (bytes.size() < RecordBatchHeader::kSize) return false;
  into = fields(bytes.data());
  return into.magic == RecordBatchHeader::kMagic && into.batch_length >= RecordBatchHeader::kMinLength &&
         !check_header(into, {}).has_value();
}

RecordBatchHeader read_record_batch_header(Bytes bytes) {
  check(bytes.size() >= RecordBatchHeader::kSize, "a header of fewer than 61 bytes");
  return fields(bytes.data());
}

void encode_record_batch_header(const RecordBatchHeader& header, ByteBuffer& out) {
  ByteWriter to(out);
  to.i64(header.base_offset.value);
  to.i32(header.batch_length);
  to.i32(header.partition_leader_epoch);
  to.i8(header.magic);
  to.u32(header.crc);
  to.i16(header.attributes);
  to.i32(header.last_offset_delta);
  to.i64(header.base_timestamp);
  to.i64(header.max_timestamp);
  to.i64(header.producer_id);
  to.i16(header.producer_epoch);
  to.i32(header.base_sequence);
  to.i32(header.record_count);
}

void seal_batch(ByteBuffer& out, std::size_t start) {
  store_big_endian(&out[start + kCrcPosition],
                   crc32c(Bytes{out}.subspan(start + RecordBatchHeader::kCrcStart)));
}

std::optional<Defect> check_crc(const RecordBatchView& batch) {
  const std::uint32_t computed = batch.computed_crc();
  if (computed == batch.header.crc) return std::nullopt;
  return Defect{.code = DefectCode::crc_mismatch,
                .position = batch.position,
                .offset = batch.header.base_offset,
                .expected = fmt::format("{:08x}", batch.header.crc),
                .found = fmt::format("{:08x}", computed)};
}

std::optional<Defect> check_header(const RecordBatchHeader& header, Position at) {
  if (!header.codec_known()) {
    return Defect{
        .code = DefectCode::unknown_codec,
        .position = at + (header.is_legacy() ? 17 : 21),
        .offset = header.base_offset,
        .expected = header.is_legacy() ? "codec 0 to 3 in a message of format 0 or 1" : "codec 0 to 4",
        .found = fmt::format("{}", header.attributes & RecordBatchHeader::kCodecMask)};
  }
  if (header.base_offset.value < 0 || header.last_offset_delta < 0 ||
      header.next_offset() < header.base_offset) {
    return Defect{.code = DefectCode::record_offset,
                  .position = at,
                  .offset = header.base_offset,
                  .expected = "an ascending range of offsets",
                  .found = fmt::format("base offset {}, last offset delta {}", header.base_offset,
                                       header.last_offset_delta)};
  }
  const bool unknown = header.is_wrapper() && header.record_count == RecordBatchHeader::kUnknownCount;
  if (header.record_count < 0 && !unknown) {
    return Defect{.code = DefectCode::record_count_mismatch,
                  .position = at + 57,
                  .offset = header.base_offset,
                  .expected = "0 or more records",
                  .found = fmt::format("{}", header.record_count)};
  }
  return std::nullopt;
}

void encode_empty_batch(const RecordBatchHeader& source, ByteBuffer& out) {
  RecordBatchHeader header = source;
  header.batch_length = RecordBatchHeader::kMinLength;
  header.attributes &= RecordBatchHeader::kLogAppendTimeBit | RecordBatchHeader::kTransactionalBit |
                       RecordBatchHeader::kControlBit;
  header.base_timestamp = kNoTimestamp;
  header.record_count = 0;
  const std::size_t start = out.size();
  encode_record_batch_header(header, out);
  seal_batch(out, start);
}

}  // namespace kseg
