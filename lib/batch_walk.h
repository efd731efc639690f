// Walks over batches of one `.log`, from the oldest to the newest or back, with one run of them in memory.
#pragma once

#include <span>

#include "formats/result.h"
#include "lib/batch_chunk.h"

namespace kseg {

class BatchWalk {
 public:
  enum class Order { oldest_first, newest_first };

  // Borrows both.
  BatchWalk(File& file, std::span<const BatchRun> runs, Order order)
      : file_(file), runs_(runs), order_(order) {}

  // The next batch, null at the end, or the defect of a run that is not what an earlier pass found; the
  // walk goes on with the run behind it. A batch is valid until the next call.
  Result<const RecordBatchView*> next();

  // Of the batch that next() gave, counted from the segment's start.
  std::size_t index() const { return index_; }

 private:
  std::size_t ordered(std::size_t done, std::size_t count) const {
    return order_ == Order::oldest_first ? done : count - 1 - done;
  }

  File& file_;
  std::span<const BatchRun> runs_;
  Order order_;
  BatchChunk chunk_;
  std::size_t runs_read_ = 0;
  std::size_t batches_given_ = 0;  // of the run in memory
  std::size_t first_batch_ = 0;    // of the run in memory
  std::size_t index_ = 0;
};

}  // namespace kseg
