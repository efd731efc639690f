// A record batch of message format 2: its 61-byte header. Layout and validity: formats/record_batch.md. A
// message of format 0 or 1 counts as a batch too: formats/legacy_message.h.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "formats/bytes.h"
#include "formats/compression.h"
#include "formats/offset.h"
#include "formats/result.h"

namespace kseg {

enum class TimestampType : std::uint8_t { create_time = 0, log_append_time = 1 };

constexpr std::int64_t kNoTimestamp = -1;
constexpr std::int64_t kNoProducerId = -1;
constexpr std::int16_t kNoProducerEpoch = -1;
constexpr std::int32_t kNoSequence = -1;

struct RecordBatchHeader {
  static constexpr std::size_t kSize = 61;         // bytes
  static constexpr std::size_t kLogOverhead = 12;  // base offset and length, not counted by batch_length
  static constexpr std::int32_t kMinLength = kSize - kLogOverhead;  // of batch_length: no records
  static constexpr std::size_t kMagicPosition = 16;
  static constexpr std::size_t kMinPrefix = 17;  // what must be there to know length and magic
  static constexpr std::size_t kCrcStart = 21;   // the crc covers attributes … end
  static constexpr std::int8_t kMagic = 2;
  static constexpr std::int32_t kUnknownCount = -1;  // of records in a wrapper that was not looked into

  static constexpr std::int16_t kCodecMask = 0x07;
  static constexpr std::int16_t kLogAppendTimeBit = 0x08;
  static constexpr std::int16_t kTransactionalBit = 0x10;
  static constexpr std::int16_t kControlBit = 0x20;
  static constexpr std::int16_t kDeleteHorizonBit = 0x40;

  Offset base_offset;
  std::int32_t batch_length = 0;  // bytes behind this field
  std::int32_t partition_leader_epoch = -1;
  std::int8_t magic = kMagic;
  std::uint32_t crc = 0;  // as stored
  std::int16_t attributes = 0;
  std::int32_t last_offset_delta = 0;          // records
  std::int64_t base_timestamp = kNoTimestamp;  // ms; the delete horizon if bit 6 is set
  std::int64_t max_timestamp = kNoTimestamp;   // ms
  std::int64_t producer_id = kNoProducerId;
  std::int16_t producer_epoch = kNoProducerEpoch;
  std::int32_t base_sequence = kNoSequence;
  std::int32_t record_count = 0;  // records physically present

  // Messages of formats 0 and 1 have no leader epoch, no producer and no headers; they are never control
  // records or part of a transaction. A wrapper is one whose value is a compressed set of messages.
  bool is_legacy() const { return magic < kMagic; }
  bool is_wrapper() const { return is_legacy() && codec() != Codec::none; }

  std::uint64_t size_bytes() const { return static_cast<std::uint64_t>(batch_length) + kLogOverhead; }
  Offset last_offset() const { return base_offset + last_offset_delta; }
  Offset next_offset() const { return last_offset() + 1; }
  std::int32_t last_sequence() const;  // wraps from 2^31-1 to 0; kNoSequence if there is none

  // Bits 0-2; 5 to 7 name no codec, ask codec_known() first.
  Codec codec() const { return static_cast<Codec>(attributes & kCodecMask); }
  bool codec_known() const {
    return (attributes & kCodecMask) <= static_cast<int>(is_legacy() ? Codec::lz4 : Codec::zstd);
  }
  TimestampType timestamp_type() const {
    return (attributes & kLogAppendTimeBit) != 0 ? TimestampType::log_append_time
                                                 : TimestampType::create_time;
  }
  bool is_transactional() const { return (attributes & kTransactionalBit) != 0; }
  bool is_control() const { return (attributes & kControlBit) != 0; }
  bool has_producer() const { return producer_id >= 0; }
  std::optional<std::int64_t> delete_horizon_ms() const {
    if ((attributes & kDeleteHorizonBit) == 0) return std::nullopt;
    return base_timestamp;
  }

  friend bool operator==(const RecordBatchHeader&, const RecordBatchHeader&) = default;
};

// "CreateTime", "LogAppendTime", of format 0 "NoTimestampType", as Kafka's tools print them.
std::string_view timestamp_type_name(const RecordBatchHeader& batch);

// A whole batch as it lies in a file. Borrows.
struct RecordBatchView {
  RecordBatchHeader header;
  Position position;  // of its first byte in the file
  Bytes bytes;        // header.size_bytes() of them

  Bytes records() const {
    return bytes.subspan(RecordBatchHeader::kSize);
  }  // of format 2; compressed if codec() says so
  std::uint32_t computed_crc() const;
};

// Decodes the first 61 bytes of `bytes`, of a message of format 0 or 1 the first 18 or 26; what follows is
// not looked at. A wrapper is to be completed: formats/legacy_message.h. Errors: truncated (fewer bytes),
// bad_length (batch_length < 49), unknown_magic.
Result<RecordBatchHeader> decode_record_batch_header(Bytes bytes, Position at = {});

// The short way to a header of format 2 about which neither decode_record_batch_header() nor check_header()
// has anything to say: fills `into`. False: go the long way.
bool decode_usual_header(Bytes bytes, RecordBatchHeader& into);

// For whoever walks from header to header. Where they lie close together, the walk would wait for memory at
// each: asks for the lines that a walk comes to a few batches behind the first one of `from`.
inline void prefetch_behind(Bytes from, std::uint64_t size_bytes) {
  constexpr std::uint64_t kLine = 64;
  constexpr std::uint64_t kAhead = 1024;
  if (size_bytes > kAhead || from.size() < 2 * kAhead) return;
  for (std::uint64_t i = 0; i < size_bytes; i += kLine) __builtin_prefetch(&from[kAhead + i]);
}

// The 61 bytes as they are, whatever they say: for showing what Kafka's reader shows, which takes every
// magic from 2 on for this layout. `bytes` holds that many.
RecordBatchHeader read_record_batch_header(Bytes bytes);

// Appends the 61 bytes, crc as given.
void encode_record_batch_header(const RecordBatchHeader& header, ByteBuffer& out);

// Computes the crc of the batch that `out` ends with, from `start` on, and puts it in its place.
void seal_batch(ByteBuffer& out, std::size_t start);

// crc_mismatch, or nothing.
std::optional<Defect> check_crc(const RecordBatchView& batch);

// What a header says about itself, whatever its crc: unknown_codec (zstd is one below magic 2), negative
// last_offset_delta, negative count, last offset past 2^63-1.
std::optional<Defect> check_header(const RecordBatchHeader& header, Position at);

// Appends the 61-byte batch that stands in for one whose records are all gone (compaction.md §12.3):
// offsets, producer and maxTimestamp stay; no codec, no horizon, baseTimestamp -1, crc made anew.
void encode_empty_batch(const RecordBatchHeader& source, ByteBuffer& out);

}  // namespace kseg
