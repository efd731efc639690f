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

std::uint8_t* put_bytes(std::uint8_t* to, Bytes bytes) {
  return std::copy(bytes.begin(), bytes.end(), to);
}

std::uint8_t* put_nullable(std::uint8_t* to, const std::optional<Bytes>& bytes) {
  if (!bytes) return put_varint(to, -1);
  return put_bytes(put_varint(to, static_cast<std::int32_t>(bytes->size())), *bytes);
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
  records_size_ = 0;
}

void RecordBatchBuilder::encode_header(const RecordHeaderView& header, ByteBuffer& out) {
  const std::size_t start = out.size();
  const auto key_size = static_cast<std::int32_t>(header.key.size());
  out.resize(start + varint_size(key_size) + header.key.size() + nullable_size(header.value));
  std::uint8_t* const to = put_varint(out.data() + start, key_size);
  put_nullable(put_bytes(to, header.key), header.value);
}

// The headers of `record` as they are to be written: as a rule as they are.
Bytes RecordBatchBuilder::encoded_headers(const RecordView& record) {
  std::size_t size = 0;
  bool all_utf8 = true;
  RecordHeaderReader headers(record);
  for (RecordHeaderView header; headers.next(header);) {
    all_utf8 &= is_utf8(header.key);
    size += varint_size(static_cast<std::int32_t>(header.key.size())) + header.key.size() +
            nullable_size(header.value);
  }
  // Lengths that took more bytes than they need have become shorter.
  if (all_utf8 && size == record.headers.size()) return record.headers;

  headers_.clear();
  headers = RecordHeaderReader(record);
  for (RecordHeaderView header; headers.next(header);) {
    ByteBuffer key;
    append_as_utf8(header.key, key);
    encode_header({.key = key, .value = header.value}, headers_);
  }
  return headers_;
}

void RecordBatchBuilder::add(const RecordView& record) {
  if (!base_timestamp_set_) {
    header_.base_timestamp = record.timestamp_ms;
    base_timestamp_set_ = true;
  }
  if (header_.timestamp_type() == TimestampType::create_time) {
    header_.max_timestamp = std::max(header_.max_timestamp, record.timestamp_ms);
  }

  const Bytes headers = record.header_count == 0 ? Bytes{} : encoded_headers(record);
  const auto timestamp_delta = static_cast<std::int64_t>(static_cast<std::uint64_t>(record.timestamp_ms) -
                                                         static_cast<std::uint64_t>(header_.base_timestamp));
  const auto offset_delta = static_cast<std::int32_t>(record.offset - header_.base_offset);
  const std::size_t size = 1 + varlong_size(timestamp_delta) + varint_size(offset_delta) +
                           nullable_size(record.key) + nullable_size(record.value) +
                           varint_size(record.header_count) + headers.size();
  const std::size_t most = records_size_ + kMaxVarintSize + size;
  if (records_.size() < most) records_.resize(std::max(most, 2 * records_.size()));
  std::uint8_t* to = put_varint(records_.data() + records_size_, static_cast<std::int32_t>(size));
  *to++ = 0;  // attributes
  to = put_varlong(to, timestamp_delta);
  to = put_varint(to, offset_delta);
  to = put_nullable(to, record.key);
  to = put_nullable(to, record.value);
  to = put_varint(to, record.header_count);
  to = put_bytes(to, headers);
  records_size_ = static_cast<std::size_t>(to - records_.data());
  ++header_.record_count;
}

std::optional<Defect> RecordBatchBuilder::finish(Compressor& compressor, ByteBuffer& out) {
  check(header_.record_count > 0, "a batch without records is encode_empty_batch's");
  Bytes section = Bytes{records_}.first(records_size_);
  if (header_.codec() != Codec::none) {
    compressed_.clear();
    compressor.compress(header_.codec(), section, compressed_);
    section = compressed_;
  }
  const std::size_t length = RecordBatchHeader::kMinLength + section.size();
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
