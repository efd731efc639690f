// A partition of some megabytes, whose runs and stretches are many: what threads share among them.
#pragma once

#include <cstdint>

#include "lib/partition_log.h"
#include "tests/support/temporary_folder.h"

namespace kseg {

class LargeLog {
 public:
  // Batches of 1 to 40 records of 100 distinct keys and a few of their own; tombstones, transactions that are
  // committed and aborted, batches of each codec. The same for the same seed.
  LargeLog(std::size_t segments, std::uint64_t bytes_a_segment, std::uint64_t seed);

  const Path& path() const { return path_; }
  PartitionLog open() const { return PartitionLog::open(posix_file_system(), path_); }
  std::size_t batch_count() const { return batch_count_; }

 private:
  TemporaryFolder folder_;
  Path path_ = folder_.path() / "large-0";
  std::size_t batch_count_ = 0;
};

}  // namespace kseg
