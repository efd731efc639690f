// Compares transaction markers with the transaction indexes, across the segments of a log.
#pragma once

#include <functional>
#include <unordered_map>
#include <vector>

#include "formats/transaction_index.h"
#include "lib/batch_check.h"
#include "lib/index_check.h"
#include "lib/open_transactions.h"

namespace kseg {

// Each entry names an ABORT marker of its producer and begins behind that producer's marker before. Each
// ABORT marker of a transaction that has data in the log has an entry that begins at or before that
// data: else a read_committed reader sees aborted records, or misses committed ones. Compaction may
// have taken the data, then the entry, then the marker, in that order; an entry whose marker is not
// there is a warning, unless data that it hides is left. A last stable offset above the marker's end, or
// above where another producer's transaction was open, hides the entries behind it from readers.
class TransactionCheck {
 public:
  // Of transactions that ended below `log_start` no reader sees anything; a cleaner forgets their entries.
  TransactionCheck(VerifyReport& report, Offset log_start) : report_(report), log_start_(log_start) {}

  // `index` is empty if there is no file. `reread` is asked again for the entries before one is missed
  // in the active segment: a broker writes the marker first.
  void begin_segment(Path index_file, std::vector<AbortedTxn> index,
                     std::function<std::vector<AbortedTxn>()> reread);
  void batch(const CheckedBatch& batch, const Path& log);
  // Something could not be read: nothing is known of open transactions, nor, in this segment, of entries.
  void unreadable();
  void index_unreadable() { index_known_ = false; }
  void finish_segment(const SegmentEnd& end);
  // The log is read again from another place.
  void forget() {
    producers_.clear();
    open_.clear();
  }

  // First offsets of transactions that have neither COMMIT nor ABORT, by producer id.
  std::vector<std::pair<std::int64_t, Offset>> open_transactions() const;

 private:
  struct Producer {
    std::optional<Offset> open_since;
    std::optional<Offset> last_marker;
  };

  void pass_entries_below(Offset offset);
  void entry_without_marker(std::size_t entry, std::string found);
  void abort(const CheckedBatch& batch, Producer& producer, const Path& log);
  void entry_defect(std::size_t entry, std::string expected, std::string found);

  VerifyReport& report_;
  Offset log_start_;
  std::unordered_map<std::int64_t, Producer> producers_;
  OpenTransactions open_;
  Path index_file_;
  std::vector<AbortedTxn> index_;
  std::function<std::vector<AbortedTxn>()> reread_;
  std::size_t next_ = 0;
  bool index_known_ = true;
  bool complete_ = true;  // all batches of the segment so far could be read
};

}  // namespace kseg
