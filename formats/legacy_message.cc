#include "formats/legacy_message.h"

#include <fmt/format.h>

#include <limits>

#include "formats/big_endian.h"
#include "formats/byte_writer.h"
#include "formats/crc32.h"
#include "formats/cursor.h"

namespace kseg {
namespace {

constexpr std::size_t kPrefixSize = RecordBatchHeader::kLogOverhead;  // offset and size

constexpr std::size_t kAttributesEnd = 18;

RecordBatchHeader fields(Cursor& in) {
  RecordBatchHeader header{.base_offset = {in.i64()}, .batch_length = in.i32(), .crc = in.u32()};
  header.magic = in.i8();
  const std::int8_t attributes = in.i8();
  if (header.magic != 0) {
    header.max_timestamp = in.i64();
    header.base_timestamp = header.max_timestamp;
  }
  header.attributes =
      static_cast<std::int16_t>(attributes & (header.magic == 0 ? RecordBatchHeader::kCodecMask
                                                                : RecordBatchHeader::kCodecMask |
                                                                      RecordBatchHeader::kLogAppendTimeBit));
  header.record_count = header.is_wrapper() ? RecordBatchHeader::kUnknownCount : 1;
  return header;
}

std::int32_t least_size(std::int8_t magic) {
  const std::size_t whole = magic == 0 ? LegacyMessage::kSizeV0 : LegacyMessage::kSizeV1;
  return static_cast<std::int32_t>(whole - kPrefixSize);
}

std::optional<Bytes> nullable(Cursor& in) {
  const std::int32_t size = in.i32();
  return size < 0 ? std::nullopt : std::optional(in.bytes(size));
}

void put_nullable(const std::optional<Bytes>& bytes, ByteWriter& to) {
  to.i32(bytes ? static_cast<std::int32_t>(bytes->size()) : -1);
  if (bytes) to.bytes(*bytes);
}

Framing framing_of(std::int8_t magic) {
  return magic == 0 ? Framing::of_magic_0 : Framing::standard;
}

}  // namespace

RecordBatchHeader read_legacy_header(Bytes bytes) {
  Cursor in(bytes);
  return fields(in);
}

Result<RecordBatchHeader> decode_legacy_header(Bytes bytes, Position at) {
  Cursor in(bytes, at);
  const RecordBatchHeader header = fields(in);
  const bool has_size = bytes.size() >= kAttributesEnd;
  if (has_size && header.batch_length < least_size(header.magic)) {
    return Defect{.code = DefectCode::bad_length,
                  .position = at + 8,
                  .offset = header.base_offset,
                  .expected = fmt::format("a message of at least {} bytes", least_size(header.magic)),
                  .found = fmt::format("{}", header.batch_length)};
  }
  if (!in.ok()) return *in.defect();
  return header;
}

Result<LegacyMessage> decode_legacy_message(Bytes bytes) {
  Cursor in(bytes);
  LegacyMessage message{.offset = {in.i64()}};
  const std::int32_t size = in.i32();
  const Position body_at = in.position();
  Cursor fields(in.bytes(size), body_at);
  if (!in.ok()) return *in.defect();
  message.size_bytes = in.position().value;
  fields.u32();  // crc
  message.magic = fields.i8();
  const std::int8_t attributes = fields.i8();
  if (message.magic != 0 && message.magic != 1) {
    return Defect{.code = DefectCode::unknown_magic,
                  .position = body_at + 4,
                  .offset = message.offset,
                  .expected = "magic 0 or 1",
                  .found = fmt::format("magic {}", message.magic)};
  }
  message.codec = static_cast<Codec>(attributes & RecordBatchHeader::kCodecMask);
  if (message.codec > Codec::lz4) {
    return Defect{.code = DefectCode::unknown_codec,
                  .position = body_at + 5,
                  .offset = message.offset,
                  .expected = "codec 0 to 3 in a message of format 0 or 1",
                  .found = fmt::format("{}", attributes & RecordBatchHeader::kCodecMask)};
  }
  if (message.magic == 1) {
    if ((attributes & RecordBatchHeader::kLogAppendTimeBit) != 0)
      message.timestamp_type = TimestampType::log_append_time;
    message.timestamp_ms = fields.i64();
  }
  message.key = nullable(fields);
  message.value = nullable(fields);
  if (fields.ok()) return message;
  Defect defect = *fields.defect();
  defect.offset = message.offset;
  defect.expected = fmt::format("a message of {} bytes", size);
  return defect;
}

void encode_legacy_message(const LegacyMessage& message, ByteBuffer& out) {
  const std::size_t start = out.size();
  ByteWriter to(out);
  to.i64(message.offset.value);
  to.i32(0);  // size and crc are known at the end
  to.u32(0);
  to.i8(message.magic);
  const bool append_time = message.magic == 1 && message.timestamp_type == TimestampType::log_append_time;
  to.i8(static_cast<std::int8_t>(static_cast<int>(message.codec) |
                                 (append_time ? RecordBatchHeader::kLogAppendTimeBit : 0)));
  if (message.magic == 1) to.i64(message.timestamp_ms);
  put_nullable(message.key, to);
  put_nullable(message.value, to);
  store_big_endian(&out[start + 8], static_cast<std::uint32_t>(out.size() - start - kPrefixSize));
  store_big_endian(&out[start + LegacyMessage::kCrcPosition],
                   crc32(Bytes{out}.subspan(start + LegacyMessage::kCrcStart)));
}

bool legacy_crc_matches(Bytes bytes) {
  Cursor stored(bytes.subspan(LegacyMessage::kCrcPosition));
  return stored.u32() == crc32(bytes.subspan(LegacyMessage::kCrcStart));
}

Result<Decompressor::Output> uncompressed_messages(const RecordBatchView& wrapper, Decompressor& decompressor,
                                                   ByteBuffer& scratch) {
  const auto in_file = [&](Defect defect) {
    defect.position = wrapper.position + defect.position.value;
    defect.offset = wrapper.header.last_offset();
    return defect;
  };
  const auto message = decode_legacy_message(wrapper.bytes);
  if (!message) return in_file(message.error());
  if (!message->value) {
    return in_file({.code = DefectCode::bad_record,
                    .position = {},
                    .expected = "a compressed set of messages",
                    .found = "null"});
  }
  const auto value_at = static_cast<std::uint64_t>(message->value->data() - wrapper.bytes.data());
  auto output = decompressor.decompress(message->codec, *message->value, scratch, kDecompressionLimit,
                                        framing_of(message->magic));
  if (output) return output;
  Defect defect = output.error();
  defect.position = {value_at + defect.position.value};
  return in_file(std::move(defect));
}

std::optional<Defect> complete_wrapper(RecordBatchView& wrapper, Decompressor& decompressor,
                                       ByteBuffer& scratch) {
  const auto messages = uncompressed_messages(wrapper, decompressor, scratch);
  if (!messages) return messages.error();
  RecordBatchHeader& header = wrapper.header;
  const Offset last = header.base_offset;
  const auto bad = [&](DefectCode code, std::string expected, std::string found) {
    return Defect{.code = code,
                  .position = wrapper.position,
                  .offset = last,
                  .expected = std::move(expected),
                  .found = std::move(found)};
  };

  std::optional<Offset> first_stored;
  Offset last_stored;
  std::int32_t count = 0;
  for (Cursor in(messages->bytes); in.remaining() > 0; ++count) {
    const Offset stored{in.i64()};
    const std::int32_t size = in.i32();
    if (!in.ok()) break;
    if (size < LegacyMessage::kMinLength) {
      return bad(DefectCode::bad_length,
                 fmt::format("messages of at least {} bytes inside", LegacyMessage::kMinLength),
                 fmt::format("{}", size));
    }
    in.bytes(size);
    if (!in.ok()) break;
    if (!first_stored) first_stored = stored;
    last_stored = stored;
  }
  if (!first_stored) return bad(DefectCode::record_count_mismatch, "messages inside", "none");

  // Relative to the first one that was ever in it, unless an old producer left the wrapper's offset at 0.
  const bool relative = header.magic == 1 && last.value != 0;
  if (relative && last < last_stored) {
    return bad(DefectCode::record_offset, "an offset not below that of the last message inside",
               fmt::format("{}, {} inside", last, last_stored));
  }
  const Offset first = relative ? last - (last_stored - *first_stored) : *first_stored;
  if (first.value < 0 || first > last || last - first > std::numeric_limits<std::int32_t>::max()) {
    return bad(DefectCode::record_offset, fmt::format("an ascending range of offsets that ends at {}", last),
               fmt::format("{}", first));
  }
  header.base_offset = first;
  header.last_offset_delta = static_cast<std::int32_t>(last - first);
  header.record_count = count;
  return std::nullopt;
}

}  // namespace kseg
