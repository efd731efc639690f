#include "tests/support/load.h"

#include "lib/partition_log.h"

namespace kseg {

void load_as_broker(FileSystem& files, const Path& partition) {
  const LoadPlan plan = PartitionLog::open(files, partition).load_plan();
  for (const std::string& name : plan.removed) files.remove(partition / name);
  for (const auto& [from, to] : plan.renamed) files.rename(partition / from, partition / to);
}

}  // namespace kseg
