// Which batches a read_committed reader skips: a client's algorithm (compaction.md §21), for a log that
// is read from its start to its end.
#pragma once

#include <unordered_set>
#include <vector>

#include "formats/transaction_index.h"
#include "lib/batch_check.h"
#include "lib/partition_log.h"

namespace kseg {

class AbortedBatches {
 public:
  // All entries of all transaction indexes; of an index that cannot be decoded, none.
  static AbortedBatches of(FileSystem& files, const PartitionLog& log);

  explicit AbortedBatches(std::vector<AbortedTxn> txns);

  // To be asked about every batch, in order.
  bool skips(const CheckedBatch& batch);

 private:
  std::vector<AbortedTxn> txns_;  // by first offset
  std::size_t next_ = 0;
  std::unordered_set<std::int64_t> producers_;
};

// The first offset of the earliest transaction that has no end marker; nothing if all have. Reads
// headers and control batches only. Passes over damage.
std::optional<Offset> first_open_transaction(FileSystem& files, const PartitionLog& log);

}  // namespace kseg
