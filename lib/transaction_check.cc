#include "lib/transaction_check.h"

#include <fmt/format.h>

#include <algorithm>

namespace kseg {

void TransactionCheck::begin_segment(Path index_file, std::vector<AbortedTxn> index,
                                     std::function<std::vector<AbortedTxn>()> reread) {
  index_file_ = std::move(index_file);
  index_ = std::move(index);
  reread_ = std::move(reread);
  next_ = 0;
  index_known_ = true;
  complete_ = true;
}

void TransactionCheck::unreadable() {
  forget();
  complete_ = false;
}

void TransactionCheck::entry_defect(std::size_t entry, std::string expected, std::string found) {
  report_.defect(index_file_, {.code = DefectCode::transaction_mismatch,
                               .position = {entry * AbortedTxn::kSize},
                               .offset = index_[entry].last_offset,
                               .expected = std::move(expected),
                               .found = std::move(found)});
}

void TransactionCheck::entry_without_marker(std::size_t entry, std::string found) {
  if (!complete_) return;
  const AbortedTxn& txn = index_[entry];
  std::string expected =
      fmt::format("an ABORT marker of producer {} at offset {}", txn.producer_id, txn.last_offset);
  const auto producer = producers_.find(txn.producer_id);
  if (producer != producers_.end() && producer->second.open_since) {
    return entry_defect(entry, std::move(expected), std::move(found));
  }
  report_.warning(index_file_, {.code = DefectCode::transaction_mismatch,
                                .position = {entry * AbortedTxn::kSize},
                                .offset = txn.last_offset,
                                .expected = std::move(expected),
                                .found = std::move(found)});
}

void TransactionCheck::pass_entries_below(Offset offset) {
  for (; next_ < index_.size() && index_[next_].last_offset < offset; ++next_) {
    entry_without_marker(next_, "no batch with that offset");
  }
}

void TransactionCheck::batch(const CheckedBatch& batch, const Path& log) {
  const RecordBatchHeader& header = batch.header();
  pass_entries_below(header.base_offset);
  const bool is_abort = batch.control == ControlType::abort;
  const bool is_marker = is_abort || batch.control == ControlType::commit;
  if (!is_abort) {
    for (; next_ < index_.size() && index_[next_].last_offset <= header.last_offset(); ++next_) {
      if (header.is_control() && !batch.control) {
        entry_without_marker(next_, "a control batch without its record");
      } else {
        entry_defect(next_, fmt::format("an ABORT marker of producer {}", index_[next_].producer_id),
                     is_marker ? "a COMMIT marker" : "another batch");
      }
    }
  }
  if (!header.has_producer() || (header.is_control() && !is_marker)) return;

  Producer& producer = producers_[header.producer_id];
  if (is_marker) {
    if (is_abort) abort(batch, producer, log);
    open_.end(header.producer_id);
    producer = {.open_since = std::nullopt, .last_marker = header.base_offset};
  } else if (header.is_transactional()) {
    if (!producer.open_since) producer.open_since = header.base_offset;
    open_.add(header.producer_id, header.base_offset);
  } else if (producer.open_since) {
    report_.defect(
        log, {.code = DefectCode::producer_state,
              .position = batch.batch.position,
              .offset = header.base_offset,
              .expected = fmt::format("a transactional batch: producer {} began a transaction at offset {}",
                                      header.producer_id, *producer.open_since),
              .found = "a batch outside of transactions"});
  }
}

void TransactionCheck::abort(const CheckedBatch& batch, Producer& producer, const Path& log) {
  const RecordBatchHeader& header = batch.header();
  if (next_ >= index_.size() && producer.open_since && index_known_ && reread_) {
    auto grown = reread_();
    if (grown.size() >= index_.size()) index_ = std::move(grown);
  }
  if (next_ >= index_.size() || index_[next_].last_offset > header.last_offset()) {
    if (!producer.open_since || !index_known_ || header.base_offset < log_start_) return;
    report_.defect(
        log, {.code = DefectCode::transaction_mismatch,
              .position = batch.batch.position,
              .offset = header.base_offset,
              .expected = fmt::format("an entry in the transaction index for producer {}, whose data begins "
                                      "at offset {}",
                                      header.producer_id, *producer.open_since),
              .found = "none"});
    return;
  }
  const std::size_t entry = next_++;
  const AbortedTxn& txn = index_[entry];
  if (txn.producer_id != header.producer_id) {
    entry_defect(entry, fmt::format("producer {}, whose ABORT marker this is", header.producer_id),
                 fmt::format("producer {}", txn.producer_id));
  } else if (producer.open_since && txn.first_offset > *producer.open_since) {
    entry_defect(entry,
                 fmt::format("a first offset of at most {}, where the transaction's data begins",
                             *producer.open_since),
                 fmt::format("{}", txn.first_offset));
  } else if (producer.last_marker && txn.first_offset <= *producer.last_marker) {
    entry_defect(entry,
                 fmt::format("a first offset above {}, the producer's marker before", *producer.last_marker),
                 fmt::format("{}", txn.first_offset));
  } else if (const Offset most = open_.highest_last_stable(header.producer_id, header.last_offset() + 1);
             txn.last_stable_offset > most) {
    entry_defect(entry,
                 fmt::format("a last stable offset of at most {}: readers look no further than an entry "
                             "behind their end",
                             most),
                 fmt::format("{}", txn.last_stable_offset));
  }
}

void TransactionCheck::finish_segment(const SegmentEnd& end) {
  if (end.active) {
    if (end.last_offset) pass_entries_below(*end.last_offset + 1);
    return;
  }
  for (; next_ < index_.size(); ++next_) entry_without_marker(next_, "no batch with that offset");
}

std::vector<std::pair<std::int64_t, Offset>> TransactionCheck::open_transactions() const {
  std::vector<std::pair<std::int64_t, Offset>> open;
  for (const auto& [id, producer] : producers_) {
    if (producer.open_since) open.emplace_back(id, *producer.open_since);
  }
  std::sort(open.begin(), open.end(), [](const auto& a, const auto& b) { return a.second < b.second; });
  return open;
}

}  // namespace kseg
