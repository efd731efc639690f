// Messages of formats 0 and 1, each by itself or as a wrapper around a compressed set of them. Layout and
// validity: formats/legacy_message.md.
//
// To whom reads a log each message that is not inside another one is a batch, with a RecordBatchHeader of
// magic 0 or 1: RecordReader yields its records as it does those of format 2.
#pragma once

#include <optional>

#include "formats/compression.h"
#include "formats/record_batch.h"

namespace kseg {

struct LegacyMessage {
  static constexpr std::size_t kSizeV0 = 26;  // bytes, offset and size included, key and value null
  static constexpr std::size_t kSizeV1 = 34;  // with a timestamp
  // Of a message of any format, behind its offset and size.
  static constexpr std::int32_t kMinLength = kSizeV0 - RecordBatchHeader::kLogOverhead;
  static constexpr std::size_t kCrcPosition = 12;  // CRC-32
  static constexpr std::size_t kCrcStart = 16;     // it covers magic … end

  std::int8_t magic = 1;
  Codec codec = Codec::none;
  TimestampType timestamp_type = TimestampType::create_time;  // magic 1
  Offset offset;                                              // as stored: in a wrapper perhaps relative
  std::int64_t timestamp_ms = kNoTimestamp;                   // magic 1
  std::optional<Bytes> key;                                   // null and empty differ
  std::optional<Bytes> value;                                 // null is a tombstone; of a wrapper: the set
  std::size_t size_bytes = 0;                                 // of the whole message, when it was decoded
};

// What its first bytes say of the message that `bytes` begin with. `at` is where it lies in the file. There
// is one record at the one offset, unless it is a wrapper: then base_offset is the last offset as well, and
// record_count kUnknownCount, until complete_wrapper().
// Errors: truncated, bad_length (a size below the least of its format).
Result<RecordBatchHeader> decode_legacy_header(Bytes bytes, Position at = {});

// The first 18 bytes as they are, of magic 1 and of magics that there are not 26, whatever they say: for
// showing what Kafka's reader shows. `bytes` holds that many; the size is not looked at.
RecordBatchHeader read_legacy_header(Bytes bytes);

// The whole message that `bytes` begin with; what follows it is left over. A negative length is null, and
// bytes behind the value are not looked at, as in Kafka. Positions count `bytes`.
// Errors: truncated, bad_length, unknown_magic, unknown_codec.
Result<LegacyMessage> decode_legacy_message(Bytes bytes);

// With its crc.
void encode_legacy_message(const LegacyMessage& message, ByteBuffer& out);

// Whether the crc of the message that `bytes` are is right.
bool legacy_crc_matches(Bytes bytes);

// The messages inside a wrapper. Positions in errors are positions in the file.
// Errors: those of decode_legacy_message and of decompression; bad_record (a null value).
Result<Decompressor::Output> uncompressed_messages(const RecordBatchView& wrapper, Decompressor& decompressor,
                                                   ByteBuffer& scratch);

// Fills in what a wrapper's header does not say: base offset, last offset delta, record count. A last message
// that is cut short does not count, as in Kafka.
// Errors: those of uncompressed_messages; record_count_mismatch (no message inside), bad_length (of one
// inside), record_offset (no ascending range of offsets).
std::optional<Defect> complete_wrapper(RecordBatchView& wrapper, Decompressor& decompressor,
                                       ByteBuffer& scratch);

}  // namespace kseg
