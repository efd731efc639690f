#include "tests/support/log_model.h"

#include <map>

#include "formats/byte_writer.h"
#include "formats/legacy_message.h"
#include "formats/record.h"
#include "formats/record_batch_builder.h"
#include "formats/wrapper_builder.h"

namespace kseg {
namespace {

std::optional<Bytes> view(const std::optional<ByteBuffer>& bytes) {
  return bytes ? std::optional<Bytes>{*bytes} : std::nullopt;
}

std::optional<ByteBuffer> owned(const std::optional<Bytes>& bytes) {
  return bytes ? std::optional<ByteBuffer>{std::in_place, bytes->begin(), bytes->end()} : std::nullopt;
}

RecordModel owned(const RecordView& record) {
  RecordModel model{.offset = record.offset,
                    .timestamp_ms = record.timestamp_ms,
                    .key = owned(record.key),
                    .value = owned(record.value)};
  RecordHeaderReader headers(record);
  for (RecordHeaderView header; headers.next(header);) {
    model.headers.push_back({.key = {header.key.begin(), header.key.end()}, .value = owned(header.value)});
  }
  return model;
}

void change(std::map<std::int64_t, ProducerStateEntry>& producers, const BatchModel& batch) {
  const RecordBatchHeader& header = batch.header;
  if (!header.has_producer()) return;
  ProducerStateEntry& producer = producers.try_emplace(header.producer_id).first->second;
  producer.producer_id = header.producer_id;
  if (header.is_control() && batch.records.empty()) return;
  if (producer.producer_epoch != header.producer_epoch) {
    producer.producer_epoch = header.producer_epoch;
    producer.last_sequence = kNoSequence;
    producer.last_offset = {-1};
    producer.offset_delta = 0;
  }
  if (!header.is_control()) {
    producer.last_sequence = header.last_sequence();
    producer.last_offset = header.last_offset();
    producer.offset_delta = header.last_offset_delta;
    producer.timestamp_ms = header.max_timestamp;
    if (header.is_transactional() && producer.current_txn_first_offset.value < 0) {
      producer.current_txn_first_offset = header.base_offset;
    }
    return;
  }
  const RecordModel& marker = batch.records.front();
  const auto value = decode_end_transaction_marker({.offset = marker.offset, .value = view(marker.value)});
  if (value) producer.coordinator_epoch = value->coordinator_epoch;
  producer.timestamp_ms = marker.timestamp_ms;
  producer.current_txn_first_offset = {-1};
}

}  // namespace

std::uint64_t SegmentModel::size_bytes() const {
  std::uint64_t size = 0;
  for (const BatchModel& batch : batches) size += batch.bytes.size();
  return size;
}

Offset SegmentModel::next_offset() const {
  return batches.empty() ? base : batches.back().header.next_offset();
}

Offset LogModel::end_offset() const {
  return segments.empty() ? Offset{0} : segments.back().next_offset();
}

namespace {

void encode_legacy(const RecordBatchHeader& like, const std::vector<RecordModel>& records, ByteBuffer& out) {
  if (!like.is_wrapper()) {
    check(records.size() == 1, "a message of format 0 or 1 is one record");
    const RecordModel& record = records.front();
    encode_legacy_message({.magic = like.magic,
                           .timestamp_type = like.timestamp_type(),
                           .offset = record.offset,
                           .timestamp_ms = record.timestamp_ms,
                           .key = view(record.key),
                           .value = view(record.value)},
                          out);
    return;
  }
  static thread_local Compressor compressor;
  WrapperBuilder builder;
  builder.begin(like);
  for (const RecordModel& record : records) {
    builder.add({.offset = record.offset,
                 .timestamp_ms = record.timestamp_ms,
                 .key = view(record.key),
                 .value = view(record.value)});
  }
  check(!builder.finish(compressor, out), "a test's wrapper is too long");
}

}  // namespace

BatchModel make_batch(const RecordBatchHeader& like, const std::vector<RecordModel>& records,
                      std::optional<std::int64_t> horizon_ms) {
  ByteBuffer bytes;
  if (like.is_legacy()) {
    encode_legacy(like, records, bytes);
  } else if (records.empty()) {
    encode_empty_batch(like, bytes);
  } else {
    static thread_local Compressor compressor;
    RecordBatchBuilder builder;
    builder.begin(like, horizon_ms);
    for (const RecordModel& record : records) {
      ByteBuffer headers;
      for (const HeaderModel& header : record.headers) {
        RecordBatchBuilder::encode_header({.key = header.key, .value = view(header.value)}, headers);
      }
      builder.add({.offset = record.offset,
                   .timestamp_ms = record.timestamp_ms,
                   .key = view(record.key),
                   .value = view(record.value),
                   .header_count = static_cast<std::int32_t>(record.headers.size()),
                   .headers = headers});
    }
    check(!builder.finish(compressor, bytes), "a test's batch is too long");
  }
  auto batch = decode_batch(bytes);
  check(static_cast<bool>(batch), "a test's batch cannot be read back");
  return std::move(*batch);
}

BatchModel make_control_batch(Offset offset, ControlType type, std::int64_t producer_id, std::int16_t epoch,
                              std::int32_t leader_epoch, std::optional<std::int64_t> horizon_ms) {
  RecordBatchHeader header{.base_offset = offset,
                           .partition_leader_epoch = leader_epoch,
                           .attributes = RecordBatchHeader::kControlBit,
                           .producer_id = producer_id,
                           .producer_epoch = epoch};
  RecordModel record{
      .offset = offset, .timestamp_ms = offset.value, .key = ByteBuffer{}, .value = ByteBuffer{}};
  encode_control_key(type, *record.key);
  if (type == ControlType::abort || type == ControlType::commit) {
    header.attributes |= RecordBatchHeader::kTransactionalBit;
    encode_end_transaction_marker({}, *record.value);
  } else {
    ByteWriter to(
        *record.value);  // LeaderChangeMessage: version, leader id, no voters, none granting, no tags
    to.i16(0);
    to.i32(1);
    to.i8(1);
    to.i8(1);
    to.i8(0);
  }
  return make_batch(header, {record}, horizon_ms);
}

Result<BatchModel> decode_batch(Bytes bytes, Position at) {
  const auto header = decode_record_batch_header(bytes, at);
  if (!header) return header.error();
  if (header->size_bytes() > bytes.size()) {
    return Defect{.code = DefectCode::truncated, .position = at, .offset = header->base_offset};
  }
  const Bytes whole = bytes.first(static_cast<std::size_t>(header->size_bytes()));
  BatchModel batch{.header = *header, .bytes = {whole.begin(), whole.end()}};

  static thread_local Decompressor decompressor;
  ByteBuffer scratch;
  RecordBatchView view{.header = *header, .position = at, .bytes = whole};
  if (header->is_wrapper()) {
    if (auto defect = complete_wrapper(view, decompressor, scratch)) return *defect;
    batch.header = view.header;
  }
  const auto records = uncompressed_records(view, decompressor, scratch);
  if (!records) return records.error();
  RecordReader reader(view.header, records->bytes);
  for (RecordView record; reader.next(record);) {
    batch.records.push_back(owned(record));
    if (view.header.is_wrapper()) batch.mixes_formats |= reader.magic() != view.header.magic;
  }
  if (reader.defect()) return *reader.defect();
  return batch;
}

std::optional<ControlType> control_type(const BatchModel& batch) {
  if (!batch.header.is_control() || batch.records.empty()) return std::nullopt;
  const auto type = decode_control_type({.key = view(batch.records.front().key)});
  if (!type) return std::nullopt;
  return *type;
}

std::vector<ProducerStateEntry> replay_producers(const LogModel& log, Offset from) {
  std::map<std::int64_t, ProducerStateEntry> producers;
  for (const SegmentModel& segment : log.segments) {
    for (const BatchModel& batch : segment.batches) {
      if (batch.header.last_offset() >= from) change(producers, batch);
    }
  }
  std::vector<ProducerStateEntry> entries;
  for (const auto& [id, producer] : producers) entries.push_back(producer);
  return entries;
}

void mark_rebuilt(const LogModel& before, LogModel& after) {
  std::set<ByteBuffer> known;
  for (const SegmentModel& segment : before.segments) {
    for (const BatchModel& batch : segment.batches) known.insert(batch.bytes);
  }
  for (SegmentModel& segment : after.segments) {
    for (BatchModel& batch : segment.batches) batch.rebuilt = !known.contains(batch.bytes);
  }
}

}  // namespace kseg
