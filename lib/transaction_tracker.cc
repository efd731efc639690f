#include "lib/transaction_tracker.h"

#include <fmt/format.h>

#include <algorithm>

namespace kseg {
namespace {

Defect mismatch(const RecordBatchView& marker, std::string expected, std::string found) {
  return Defect{.code = DefectCode::transaction_mismatch,
                .position = marker.position,
                .offset = marker.header.base_offset,
                .expected = std::move(expected),
                .found = std::move(found)};
}

}  // namespace

TransactionTracker::TransactionTracker(std::vector<AbortedTxn> aborted, Offset log_start)
    : queue_(std::move(aborted)), log_start_(log_start) {
  std::erase_if(queue_, [&](const AbortedTxn& txn) { return txn.last_offset < log_start; });
  std::stable_sort(queue_.begin(), queue_.end(),
                   [](const AbortedTxn& a, const AbortedTxn& b) { return a.first_offset > b.first_offset; });
}

Result<TransactionTracker::Verdict> TransactionTracker::next(const RecordBatchView& batch,
                                                             std::optional<ControlType> control_type) {
  while (!queue_.empty() && queue_.back().first_offset <= batch.header.last_offset()) {
    open_aborted_.try_emplace(queue_.back().producer_id, OpenAborted{.entry = queue_.back()});
    queue_.pop_back();
  }

  if (batch.header.is_control()) {
    if (!control_type) return Verdict{.discardable = true};
    if (*control_type != ControlType::abort && *control_type != ControlType::commit) return Verdict{};
    auto verdict = *control_type == ControlType::abort ? end_aborted(batch) : end_committed(batch);
    open_.end(batch.header.producer_id);
    return verdict;
  }
  if (!batch.header.is_transactional()) return Verdict{};
  open_.add(batch.header.producer_id, batch.header.base_offset);
  if (const auto open = open_aborted_.find(batch.header.producer_id); open != open_aborted_.end()) {
    open->second.seen = true;
    return Verdict{.discardable = true};
  }
  open_committed_[batch.header.producer_id] = true;
  return Verdict{};
}

std::vector<AbortedTxn> TransactionTracker::without_marker() const {
  std::vector<AbortedTxn> entries;
  for (const auto& [producer_id, open] : open_aborted_) {
    if (open.seen) entries.push_back(open.entry);
  }
  std::sort(entries.begin(), entries.end(),
            [](const AbortedTxn& a, const AbortedTxn& b) { return a.last_offset < b.last_offset; });
  return entries;
}

Result<TransactionTracker::Verdict> TransactionTracker::end_aborted(const RecordBatchView& marker) {
  const std::int64_t producer_id = marker.header.producer_id;
  const auto open = open_aborted_.find(producer_id);
  if (open == open_aborted_.end()) {
    const auto data = open_committed_.find(producer_id);
    if (data == open_committed_.end()) return Verdict{.discardable = true};
    if (data->second && marker.header.base_offset >= log_start_) {
      return mismatch(marker,
                      fmt::format("an index entry for the aborted transaction of producer {}", producer_id),
                      "none");
    }
    data->second = false;
    return Verdict{.discardable = true};
  }
  const OpenAborted ended = open->second;
  open_aborted_.erase(open);
  if (ended.entry.last_offset != marker.header.base_offset) {
    return mismatch(marker,
                    fmt::format("the ABORT marker of producer {} at offset {}, as the index says",
                                producer_id, ended.entry.last_offset),
                    fmt::format("one at offset {}", marker.header.base_offset));
  }
  if (!ended.seen) return Verdict{.discardable = true};
  const Offset most = open_.highest_last_stable(producer_id, marker.header.last_offset() + 1);
  if (ended.entry.last_stable_offset > most) {
    return mismatch(marker, fmt::format("a last stable offset of at most {} in its index entry", most),
                    fmt::format("{}", ended.entry.last_stable_offset));
  }
  return Verdict{.kept_entry = ended.entry};
}

Result<TransactionTracker::Verdict> TransactionTracker::end_committed(const RecordBatchView& marker) {
  const std::int64_t producer_id = marker.header.producer_id;
  if (const auto open = open_aborted_.find(producer_id); open != open_aborted_.end()) {
    return mismatch(marker,
                    fmt::format("the ABORT marker of producer {} at offset {}, as the index says",
                                producer_id, open->second.entry.last_offset),
                    fmt::format("a COMMIT marker at offset {}", marker.header.base_offset));
  }
  return Verdict{.discardable = open_committed_.erase(producer_id) == 0};
}

}  // namespace kseg
