// Makes of a batch what a plan says that is left of it.
#pragma once

#include <vector>

#include "formats/record_batch_builder.h"
#include "formats/wrapper_builder.h"
#include "lib/cleaning_plan.h"

namespace kseg {

// The bits of a plan's records on the way from the oldest to the newest.
class KeptBits {
 public:
  // Borrows `bits`, which lie in the reverse order; `end` is behind the first one's place.
  KeptBits(const std::vector<bool>& bits, std::size_t end) : bits_(bits), left_(end) {}
  bool next();

 private:
  const std::vector<bool>& bits_;
  std::size_t left_;
};

// Keeps its buffers and contexts from batch to batch; one a thread.
class BatchRewriter {
 public:
  // `keeps_legacy`: as Compat says.
  BatchRewriter(std::int64_t new_horizon_ms, bool keeps_legacy)
      : new_horizon_ms_(new_horizon_ms), keeps_legacy_(keeps_legacy) {}

  // Appends what stays of `batch` to `out`: nothing if it is dropped. Takes the bits of its records if it is
  // to be rebuilt. Errors: the batch is not the one that was planned, the rebuilt one's length.
  std::optional<Defect> append(const RecordBatchView& batch, BatchVerdict verdict, KeptBits& kept,
                               ByteBuffer& out);

 private:
  std::optional<Defect> rebuild(const RecordBatchView& batch, std::optional<std::int64_t> horizon_ms,
                                KeptBits& kept, ByteBuffer& out);
  std::optional<Defect> convert(const RecordBatchView& message, std::optional<std::int64_t> horizon_ms,
                                KeptBits& kept, ByteBuffer& out);
  std::optional<Defect> rebuild_wrapper(const RecordBatchView& wrapper, KeptBits& kept, ByteBuffer& out);
  template <typename Take>
  std::optional<Defect> each_kept(const RecordBatchView& batch, KeptBits& kept, Take&& take);

  std::int64_t new_horizon_ms_;
  bool keeps_legacy_;
  Decompressor decompressor_;
  Compressor compressor_;
  RecordBatchBuilder builder_;
  WrapperBuilder wrapper_builder_;
  ByteBuffer scratch_;
};

}  // namespace kseg
