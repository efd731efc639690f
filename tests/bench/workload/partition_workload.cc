#include "tests/bench/workload/partition_workload.h"

#include <algorithm>

#include "formats/check.h"
#include "formats/checkpoint_file.h"
#include "formats/control_record.h"
#include "formats/partition_metadata.h"

namespace kseg {
namespace {

constexpr std::int64_t kFirstTimestampMs = 1'767'225'600'000;  // 2026-01-01
constexpr std::int64_t kRecordsPerMs = 8;
constexpr std::int64_t kFirstProducerId = 1000;
constexpr std::int64_t kProducers = 8;
constexpr int kBatchIsLastPercent = 20;  // of a transaction
constexpr int kSurvivorPercent = 60;     // of the offsets of a batch that is compacted already
constexpr std::int64_t kCommitsOfBatch = 10;
constexpr std::int16_t kTransactional = RecordBatchHeader::kTransactionalBit;
constexpr std::int16_t kMarker = RecordBatchHeader::kTransactionalBit | RecordBatchHeader::kControlBit;

std::int64_t timestamp_ms(Offset offset) {
  return kFirstTimestampMs + offset.value / kRecordsPerMs;
}

RecordHeaderView trace_header() {
  return {.key = as_bytes("trace-id"), .value = as_bytes("00-7b1d4c02aa95e6f3")};
}

}  // namespace

PartitionWorkload::PartitionWorkload(const Preset& preset, Path folder, std::uint64_t seed)
    : preset_(preset), folder_(std::move(folder)), dice_(seed), keys_(preset), content_(preset) {}

void PartitionWorkload::write(const Uuid& topic_id) {
  roll();
  const std::uint64_t cleaned_bytes =
      preset_.log_bytes / 100 * static_cast<std::uint64_t>(preset_.cleaned_percent);
  while (log_bytes_ < cleaned_bytes) data_batch(Part::cleaned, kNoProducerId);
  if (cleaned_bytes > 0) {
    first_dirty_ = end_;
    roll();
  }
  while (log_bytes_ < preset_.log_bytes) {
    if (dice_.chance(preset_.transactional_percent)) {
      transactional_batch();
    } else {
      data_batch(Part::dirty, kNoProducerId);
    }
  }
  for (std::int64_t i = 0; i < kProducers; ++i) end_transaction(kFirstProducerId + i);
  roll();
  data_batch(Part::dirty, kNoProducerId);
  close_segment();
  write_snapshot();
  write_side_files(topic_id);
}

void PartitionWorkload::data_batch(Part part, std::int64_t producer_id) {
  RecordBatchHeader like{.base_offset = end_,
                         .partition_leader_epoch = 0,
                         .attributes = static_cast<std::int16_t>(preset_.codec)};
  if (producer_id >= 0) {
    const ProducerStateEntry* const producer = producers_.find(producer_id);
    like.attributes = static_cast<std::int16_t>(like.attributes | kTransactional);
    like.producer_id = producer_id;
    like.producer_epoch = 0;
    like.base_sequence = producer == nullptr ? 0 : producer->last_sequence + 1;
  }
  builder_.begin(like, std::nullopt);

  ByteBuffer header;
  if (preset_.header) RecordBatchBuilder::encode_header(trace_header(), header);
  const std::int64_t first_key = first_key_of_batch();
  Offset offset = end_;
  for (std::int32_t n = 0; n < preset_.batch_records && builder_.records_bytes() < preset_.batch_bytes; ++n) {
    while (part == Part::cleaned && n > 0 && !dice_.chance(kSurvivorPercent)) offset = offset + 1;
    const std::int64_t number = key(part, first_key, n);
    RecordView record{.offset = offset,
                      .timestamp_ms = timestamp_ms(offset) + dice_.below(4),
                      .key = content_.key(number),
                      .header_count = preset_.header ? 1 : 0,
                      .headers = header};
    if (!dice_.chance(preset_.tombstone_percent)) {
      record.value = content_.value(number, offset, record.timestamp_ms, dice_);
    }
    builder_.set_last_offset_delta(static_cast<std::int32_t>(offset - end_));
    builder_.add(record);
    offset = offset + 1;
  }
  append_batch(std::nullopt);
}

void PartitionWorkload::transactional_batch() {
  const std::int64_t producer_id = kFirstProducerId + dice_.below(kProducers);
  data_batch(Part::dirty, producer_id);
  if (dice_.chance(kBatchIsLastPercent)) end_transaction(producer_id);
}

void PartitionWorkload::end_transaction(std::int64_t producer_id) {
  const ProducerStateEntry* const producer = producers_.find(producer_id);
  if (producer == nullptr || producer->current_txn_first_offset.value < 0) return;
  AbortedTxn txn{.producer_id = producer_id,
                 .first_offset = producer->current_txn_first_offset,
                 .last_offset = end_,
                 .last_stable_offset = {}};
  const bool aborted = dice_.chance(preset_.aborted_percent);

  ByteBuffer key, value;
  encode_control_key(aborted ? ControlType::abort : ControlType::commit, key);
  encode_end_transaction_marker({.coordinator_epoch = 0}, value);
  const RecordView marker{.offset = end_, .timestamp_ms = timestamp_ms(end_), .key = key, .value = value};
  builder_.begin({.base_offset = end_,
                  .partition_leader_epoch = 0,
                  .attributes = kMarker,
                  .producer_id = producer_id,
                  .producer_epoch = 0},
                 std::nullopt);
  builder_.add(marker);
  append_batch(marker);
  if (!aborted) return;
  txn.last_stable_offset = producers_.first_open_transaction().value_or(end_);
  segment_->append(txn);
}

// Offset commits of a batch are of one group: neighbours. Other batches have no such key.
std::int64_t PartitionWorkload::first_key_of_batch() {
  if (preset_.records != Preset::Records::offset_commits) return 0;
  return keys_.next(dice_) / kCommitsOfBatch * kCommitsOfBatch;
}

std::int64_t PartitionWorkload::key(Part part, std::int64_t first_key, std::int32_t record) {
  if (preset_.records == Preset::Records::offset_commits) return first_key + record;
  return part == Part::cleaned ? keys_.fresh() : keys_.next(dice_);
}

void PartitionWorkload::append_batch(const std::optional<RecordView>& marker) {
  batch_.clear();
  check(!builder_.finish(compressor_, batch_), "a batch that can be built");
  const auto header = decode_record_batch_header(batch_);
  check(static_cast<bool>(header), "a batch that can be read");
  if (segment_->size_bytes() > 0 && segment_->fitting({&*header, 1}) == 0) roll();
  check(!segment_->append(*header, batch_), "a batch that fits into an empty segment");
  check(!producers_.apply({.header = *header, .position = {}, .bytes = batch_}, marker),
        "a sound transaction");

  newest_timestamp_ms_ = std::max(newest_timestamp_ms_, header->max_timestamp);
  end_ = header->next_offset();
  log_bytes_ += batch_.size();
  record_count_ += header->record_count;
}

void PartitionWorkload::roll() {
  if (segment_) {
    close_segment();
    write_snapshot();
  }
  segment_ = std::make_unique<SegmentWriter>(posix_file_system(),
                                             SegmentWriter::Options{.folder = folder_,
                                                                    .base_offset = end_,
                                                                    .state = FileState::current,
                                                                    .max_bytes = preset_.segment_bytes});
}

void PartitionWorkload::close_segment() {
  segment_->finish(newest_timestamp_ms_ * 1'000'000);
  segment_->keep();
}

void PartitionWorkload::write_snapshot() {
  std::vector<ProducerStateEntry> producers = producers_.entries();
  std::sort(producers.begin(), producers.end(),
            [](const auto& a, const auto& b) { return a.producer_id < b.producer_id; });
  ByteBuffer snapshot;
  encode_producer_snapshot(producers, snapshot);
  const SegmentFileName name{SegmentFileKind::producer_snapshot, end_};
  replace_file(posix_file_system(), folder_ / to_string(name), snapshot);
}

void PartitionWorkload::write_side_files(const Uuid& topic_id) {
  const auto write = [&](std::string_view name, const std::string& text) {
    replace_file(posix_file_system(), folder_ / name, as_bytes(text));
  };
  write(kLeaderEpochCheckpoint, encode_leader_epoch_checkpoint({{.epoch = 0, .start_offset = {}}}));
  write(kPartitionMetadata, encode_partition_metadata({.topic_id = topic_id}));
}

}  // namespace kseg
