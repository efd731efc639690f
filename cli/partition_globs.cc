#include "cli/partition_globs.h"

#include <fnmatch.h>

#include <CLI/CLI.hpp>

#include <algorithm>

namespace kseg {
namespace {

bool fits_any(const std::vector<std::string>& globs, const std::string& name) {
  return std::any_of(globs.begin(), globs.end(),
                     [&](const std::string& glob) { return ::fnmatch(glob.c_str(), name.c_str(), 0) == 0; });
}

}  // namespace

bool PartitionGlobs::match(const TopicPartition& partition) const {
  if (!topics.empty() && !fits_any(topics, partition.topic)) return false;
  return partitions.empty() || fits_any(partitions, to_string(partition)) ||
         fits_any(partitions, std::to_string(partition.partition));
}

void add_partition_options(CLI::App& command, PartitionGlobs& globs) {
  command.add_option("--topic", globs.topics, "of a log directory only these topics, such as 'orders*'")
      ->type_name("GLOB")
      ->allow_extra_args(false);
  command
      .add_option("--partition", globs.partitions,
                  "of a log directory only these partitions, such as 'orders-3' or '3'")
      ->type_name("GLOB")
      ->allow_extra_args(false);
}

}  // namespace kseg
