#include "lib/batch_walk.h"

namespace kseg {

Result<const RecordBatchView*> BatchWalk::next() {
  while (batches_given_ == chunk_.batches().size()) {
    if (runs_read_ == runs_.size()) return nullptr;
    const BatchRun& run = runs_[ordered(runs_read_++, runs_.size())];
    first_batch_ = run.first_batch;
    batches_given_ = 0;
    if (auto defect = chunk_.read(file_, run)) {
      batches_given_ = chunk_.batches().size();
      return *defect;
    }
  }
  const std::size_t in_run = ordered(batches_given_++, chunk_.batches().size());
  index_ = first_batch_ + in_run;
  return &chunk_.batches()[in_run];
}

}  // namespace kseg
