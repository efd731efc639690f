// What became of transactional data, told by the markers of the log alone: the next marker of a
// producer decides its data. For readers, who have no round to plan; what a cleaner must compare
// with the transaction index besides is in transaction_tracker.h.
#pragma once

#include <optional>
#include <unordered_map>
#include <vector>

#include "formats/control_record.h"
#include "formats/record_batch.h"

namespace kseg {

enum class TransactionFate {
  committed,  // or in no transaction
  aborted,
  undecided,  // no marker has come
};

class TransactionFates {
 public:
  // Batches in log order, each once; `control_type` is that of a control batch's first record. Says
  // of an end marker whether data of its transaction is still there (an empty batch counts).
  bool follow(const RecordBatchHeader& batch, std::optional<ControlType> control_type);

  // Of a data batch, once all batches were followed.
  TransactionFate of(const RecordBatchHeader& batch) const;

 private:
  struct Aborted {
    Offset first;
    Offset marker;
  };
  std::unordered_map<std::int64_t, std::vector<Aborted>> aborted_;  // by producer, ascending
  std::unordered_map<std::int64_t, Offset> open_;                   // first offset
};

}  // namespace kseg
