#include "formats/record_batch_builder.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "formats/byte_writer.h"
#include "formats/crc32c.h"

namespace kseg {
namespace {

std::size_t nullable_size(const std::optional<Bytes>& bytes) {
  return bytes ? varint_size(static_cast<std::int32_t>(bytes->size())) + bytes->size() : 1;
}

void put_nullable(ByteWriter& to, const std::optional<Bytes>& bytes) {
  if (!bytes) return to.varint(-1);
  to.varint(static_cast<std::int32_t>(bytes->size()));
  to.bytes(*bytes);
}

}  // namespace

void RecordBatchBuilder::begin(const RecordBatchHeader& like, std::optional<std::int64_t> delete_horizon_ms) {
  const bool has_horizon = delete_horizon_ms && *delete_horizon_ms >= 0;
  header_ = like;
  header_.magic = RecordBatchHeader::kMagic;
  header_.attributes &= RecordBatchHeader::kCodecMask | RecordBatchHeader::kLogAppendTimeBit |
                        RecordBatchHeader::kTransactionalBit | RecordBatchHeader::kControlBit;
  if (has_horizon) header_.attributes |= RecordBatchHeader::kDeleteHorizonBit;
  header_.base_timestamp = has_horizon ? *delete_horizon_ms : kNoTimestamp;
  if (like.timestamp_type() == TimestampType::create_time) header_.max_timestamp = kNoTimestamp;
  header_.record_count = 0;
  base_timestamp_set_ = has_horizon;
  records_.clear();
}

void RecordBatchBuilder::encode_header(const RecordHeaderView& header, ByteBuffer& out) {
  ByteWriter to(out);
  to.varint(static_cast<std::int32_t>(header.key.size()));
  to.bytes(header.key);
  put_nullable(to, header.value);
}

void RecordBatchBuilder::add(const RecordView& record) {
  if (!base_timestamp_set_) {
    header_.base_timestamp = record.timestamp_ms;
    base_timestamp_set_ = true;
  }
  if (header_.timestamp_type() == TimestampType::create_time) {
    header_.max_timestamp = std::max(header_.max_timestamp, record.timestamp_ms);
  }

  headers_.clear();
  RecordHeaderReader headers(record);
  for (RecordHeaderView header; headers.next(header);) {
    if (is_utf8(header.key)) {
      encode_header(header, headers_);
      continue;
    }
    ByteBuffer key;
    append_as_utf8(header.key, key);
    encode_header({.key = key, .value = header.value}, headers_);
  }

  const auto timestamp_delta = static_cast<std::int64_t>(static_cast<std::uint64_t>(record.timestamp_ms) -
                                                         static_cast<std::uint64_t>(header_.base_timestamp));
  const auto offset_delta = static_cast<std::int32_t>(record.offset - header_.base_offset);
  const std::size_t size = 1 + varlong_size(timestamp_delta) + varint_size(offset_delta) +
                           nullable_size(record.key) + nullable_size(record.value) +
                           varint_size(record.header_count) + headers_.size();
  ByteWriter to(records_);
  to.varint(static_cast<std::int32_t>(size));
  to.i8(0);
  to.varlong(timestamp_delta);
  to.varint(offset_delta);
  put_nullable(to, record.key);
  put_nullable(to, record.value);
  to.varint(record.header_count);
  to.bytes(headers_);
  ++header_.record_count;
}

std::optional<Defect> RecordBatchBuilder::finish(Compressor& compressor, ByteBuffer& out) {
  check(header_.record_count > 0, "a batch without records is encode_empty_batch's");
  Bytes section = records_;
  if (header_.codec() != Codec::none) {
    compressed_.clear();
    compressor.compress(header_.codec(), records_, compressed_);
    section = compressed_;
  }
  const std::size_t length = RecordBatchHeader::kSize - RecordBatchHeader::kLogOverhead + section.size();
  if (length >
      static_cast<std::size_t>(std::numeric_limits<std::int32_t>::max()) - RecordBatchHeader::kLogOverhead) {
    return Defect{.code = DefectCode::bad_length,
                  .position = {},
                  .offset = header_.base_offset,
                  .expected = "a rebuilt batch below 2^31 bytes",
                  .found = fmt::format("{} bytes", length)};
  }
  header_.batch_length = static_cast<std::int32_t>(length);
  header_.crc = 0;
  const std::size_t start = out.size();
  encode_record_batch_header(header_, out);
  append(out, section);
  seal_batch(out, start);
  return std::nullopt;
}

std::optional<Defect> check_rebuildable(const RecordBatchHeader& header, Position at) {
  const auto refuse = [&](std::string expected, std::string found) {
    return Defect{.code = DefectCode::bad_producer,
                  .position = at,
                  .offset = header.base_offset,
                  .expected = std::move(expected),
                  .found = std::move(found)};
  };
  if (header.has_producer() && header.producer_epoch < 0) {
    return refuse("an epoch with the producer id", fmt::format("epoch {}", header.producer_epoch));
  }
  if (header.has_producer() && header.base_sequence < 0 && !header.is_control()) {
    return refuse("a sequence with the producer id", fmt::format("base sequence {}", header.base_sequence));
  }
  if (!header.has_producer() && header.is_transactional()) {
    return refuse("a producer id in a transactional batch", fmt::format("{}", header.producer_id));
  }
  return std::nullopt;
}

}  // namespace kseg
