// Follows transactions through the batches of a log, in order: which data is aborted, which markers
// still have data (compaction.md §10). Unlike the broker's it trusts neither markers nor index alone:
// a marker and an index entry that contradict each other are a defect, and so is an entry that hides others
// from readers (transaction_check.h).
#pragma once

#include <optional>
#include <unordered_map>
#include <vector>

#include "formats/control_record.h"
#include "formats/record_batch.h"
#include "formats/transaction_index.h"
#include "lib/open_transactions.h"

namespace kseg {

class TransactionTracker {
 public:
  // `aborted`: the entries of all the log's transaction indexes. Those that end below `log_start` are
  // left out, as a broker does.
  TransactionTracker(std::vector<AbortedTxn> aborted, Offset log_start);

  struct Verdict {
    bool discardable = false;              // see BatchFacts
    std::optional<AbortedTxn> kept_entry;  // the index entry that must stay beside this marker
  };

  // Batches in log order, each once. `control_type` is that of the first record of a control batch,
  // nothing for one without records. Errors: transaction_mismatch.
  Result<Verdict> next(const RecordBatchView& batch, std::optional<ControlType> control_type);

  // Once all batches were followed: the entries whose data was met and whose marker was not, ascending by
  // where it should be. Nothing in the log says that this data is aborted.
  std::vector<AbortedTxn> without_marker() const;

 private:
  struct OpenAborted {
    AbortedTxn entry;
    bool seen = false;  // a data batch of it, be it an empty header, was met
  };

  Result<Verdict> end_aborted(const RecordBatchView& marker);
  Result<Verdict> end_committed(const RecordBatchView& marker);

  std::vector<AbortedTxn> queue_;  // descending first offset: the next one is at the back
  Offset log_start_;
  std::unordered_map<std::int64_t, OpenAborted> open_aborted_;
  // Producers with transactional data that no COMMIT marker has ended, as a broker counts it: an ABORT
  // marker ends it only if it has an index entry. True while no marker at all came behind the data.
  std::unordered_map<std::int64_t, bool> open_committed_;
  OpenTransactions open_;
};

}  // namespace kseg
