#include "lib/producer_state.h"

#include <fmt/format.h>

#include <algorithm>

namespace kseg {
namespace {

bool is_expired(const ProducerStateEntry& entry, std::int64_t now_ms, std::int64_t expiration_ms) {
  const auto idle_ms = static_cast<std::int64_t>(static_cast<std::uint64_t>(now_ms) -
                                                 static_cast<std::uint64_t>(entry.timestamp_ms));
  return entry.current_txn_first_offset.value < 0 && idle_ms >= expiration_ms;
}

// A new epoch makes a broker forget the producer's batches.
void set_epoch(ProducerStateEntry& entry, std::int16_t epoch) {
  if (entry.producer_epoch == epoch) return;
  entry.producer_epoch = epoch;
  entry.last_sequence = kNoSequence;
  entry.last_offset = Offset{-1};
  entry.offset_delta = 0;
}

}  // namespace

ProducerState::ProducerState(const std::vector<ProducerStateEntry>& snapshot, std::int64_t now_ms,
                             std::int64_t expiration_ms) {
  for (const ProducerStateEntry& entry : snapshot) {
    if (!is_expired(entry, now_ms, expiration_ms)) entries_[entry.producer_id] = entry;
  }
  for (const auto& [producer_id, entry] : entries_) {
    const Offset begin = entry.current_txn_first_offset;
    if (begin.value >= 0) open_.emplace(begin, producer_id);
  }
}

void ProducerState::set_transaction(ProducerStateEntry& entry, Offset first) {
  open_.erase({entry.current_txn_first_offset, entry.producer_id});
  entry.current_txn_first_offset = first;
  if (first.value >= 0) open_.emplace(first, entry.producer_id);
}

std::optional<Defect> ProducerState::check(const RecordBatchView& batch,
                                           const std::optional<RecordView>& marker) const {
  const RecordBatchHeader& header = batch.header;
  if (!header.has_producer()) return std::nullopt;
  if (header.is_control()) {
    const auto value = marker ? decode_end_transaction_marker(*marker) : EndTransactionMarker{};
    if (value) return std::nullopt;
    Defect defect = value.error();
    defect.position = batch.position;
    return defect;
  }
  const ProducerStateEntry* const entry = find(header.producer_id);
  if (entry == nullptr || entry->current_txn_first_offset.value < 0 || header.is_transactional()) {
    return std::nullopt;
  }
  return Defect{
      .code = DefectCode::producer_state,
      .position = batch.position,
      .offset = header.base_offset,
      .expected = fmt::format("a transactional batch in the transaction that producer {} began at {}",
                              header.producer_id, entry->current_txn_first_offset),
      .found = "a batch outside of it"};
}

std::optional<Defect> ProducerState::apply(const RecordBatchView& batch,
                                           const std::optional<RecordView>& marker) {
  if (auto defect = check(batch, marker)) return defect;
  const RecordBatchHeader& header = batch.header;
  if (!header.has_producer()) return std::nullopt;

  const auto [found, is_new] = entries_.try_emplace(header.producer_id);
  ProducerStateEntry& entry = found->second;
  entry.producer_id = header.producer_id;
  // A control batch without a record says nothing but that there is such a producer.
  if (header.is_control() && !marker) return std::nullopt;
  if (is_new) entry.producer_epoch = header.producer_epoch;
  set_epoch(entry, header.producer_epoch);

  if (header.is_control()) {
    entry.coordinator_epoch = decode_end_transaction_marker(*marker)->coordinator_epoch;
    entry.timestamp_ms = marker->timestamp_ms;
    set_transaction(entry, Offset{-1});
    return std::nullopt;
  }

  const bool in_transaction = entry.current_txn_first_offset.value >= 0;
  entry.last_sequence = header.last_sequence();
  entry.last_offset = header.last_offset();
  entry.offset_delta = header.last_offset_delta;
  entry.timestamp_ms = header.max_timestamp;
  if (header.is_transactional() && !in_transaction) set_transaction(entry, header.base_offset);
  return std::nullopt;
}

std::optional<Defect> ProducerState::check_append(const RecordBatchHeader& batch) const {
  const ProducerStateEntry* const entry = find(batch.producer_id);
  if (entry == nullptr || entry->producer_epoch == kNoProducerEpoch) return std::nullopt;
  const auto refuse = [&](std::string expected, std::string found) {
    return Defect{.code = DefectCode::producer_state,
                  .position = {},
                  .offset = batch.base_offset,
                  .expected = std::move(expected),
                  .found = std::move(found)};
  };
  if (batch.producer_epoch < entry->producer_epoch) {
    return refuse(
        fmt::format("an epoch of producer {} of at least {}", batch.producer_id, entry->producer_epoch),
        fmt::format("{}", batch.producer_epoch));
  }
  if (batch.is_control()) return std::nullopt;
  const bool goes_on = batch.producer_epoch == entry->producer_epoch && entry->last_sequence >= 0;
  RecordBatchHeader one_further{.last_offset_delta = 1, .base_sequence = entry->last_sequence};
  const std::int32_t expected = goes_on ? one_further.last_sequence() : 0;
  if (batch.base_sequence == expected) return std::nullopt;
  return refuse(
      fmt::format("sequence {} of producer {}, epoch {}", expected, batch.producer_id, batch.producer_epoch),
      fmt::format("{}", batch.base_sequence));
}

const ProducerStateEntry* ProducerState::find(std::int64_t producer_id) const {
  const auto found = entries_.find(producer_id);
  return found == entries_.end() ? nullptr : &found->second;
}

void ProducerState::expire(std::int64_t now_ms, std::int64_t expiration_ms) {
  std::erase_if(entries_, [&](const auto& entry) { return is_expired(entry.second, now_ms, expiration_ms); });
}

bool ProducerState::is_last_of_producer(const RecordBatchHeader& batch) const {
  if (!batch.has_producer()) return false;
  const auto found = entries_.find(batch.producer_id);
  if (found == entries_.end()) return false;
  const ProducerStateEntry& entry = found->second;
  if (entry.last_offset.value >= 0) return entry.last_offset == batch.last_offset();
  return batch.is_control() && entry.producer_epoch == batch.producer_epoch;
}

std::optional<Offset> ProducerState::first_open_transaction() const {
  if (open_.empty()) return std::nullopt;
  return open_.begin()->first;
}

std::vector<ProducerStateEntry> ProducerState::entries() const {
  std::vector<ProducerStateEntry> entries;
  for (const auto& [producer_id, entry] : entries_) entries.push_back(entry);
  return entries;
}

}  // namespace kseg
