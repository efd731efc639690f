// What a broker remembers of the producers of a partition (log-format.md §1.9, compaction.md §11):
// from a snapshot, then from the batches behind it.
#pragma once

#include <optional>
#include <set>
#include <unordered_map>
#include <vector>

#include "formats/control_record.h"
#include "formats/producer_snapshot.h"
#include "formats/record_batch.h"

namespace kseg {

class ProducerState {
 public:
  ProducerState() = default;
  // Entries idle for `expiration_ms` at `now_ms`, without an open transaction, are left out.
  ProducerState(const std::vector<ProducerStateEntry>& snapshot, std::int64_t now_ms,
                std::int64_t expiration_ms);

  // A batch of the log, in order; `marker` is the first record of a control batch that has one.
  // Errors: producer_state (data outside the open transaction of its producer: no broker loads it),
  // bad_control_record.
  std::optional<Defect> apply(const RecordBatchView& batch, const std::optional<RecordView>& marker);
  // apply()'s errors, with nothing changed.
  std::optional<Defect> check(const RecordBatchView& batch, const std::optional<RecordView>& marker) const;

  // What a leader says against a data batch or a marker that a client or a coordinator sends: a producer
  // epoch below the known one, a sequence that does not continue (log-format.md §7.3). Error:
  // producer_state. Where the batch would lie is not looked at.
  std::optional<Defect> check_append(const RecordBatchHeader& batch) const;

  // Nothing if the producer is not known. Valid until the next change.
  const ProducerStateEntry* find(std::int64_t producer_id) const;

  // Drops producers that a running broker would have forgotten.
  void expire(std::int64_t now_ms, std::int64_t expiration_ms);

  // Whether the batch's header must stay: it holds the producer's last data, or the producer has no
  // data left and this is a control batch of its current epoch.
  bool is_last_of_producer(const RecordBatchHeader& batch) const;

  // The first offset of the oldest open transaction, without looking at all producers.
  std::optional<Offset> first_open_transaction() const;

  // Unordered.
  std::vector<ProducerStateEntry> entries() const;

 private:
  void set_transaction(ProducerStateEntry& entry, Offset first);  // negative: none is open

  std::unordered_map<std::int64_t, ProducerStateEntry> entries_;
  std::set<std::pair<Offset, std::int64_t>>
      open_;  // of each open transaction, where it began and whose it is
};

}  // namespace kseg
