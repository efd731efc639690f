// The partitions that TARGETs on the command line mean.
#pragma once

#include <string>
#include <vector>

#include "cli/output.h"
#include "formats/file_names.h"

namespace kseg {

struct PartitionTarget {
  Path path;  // a partition folder, or one `.log`
  std::optional<TopicPartition> partition;
};

// Of a log directory every partition in use; those a broker is about to remove are left out, and told.
// If a target holds no log that is told, and the answer is nothing. Throws IoError if there is no such file.
std::optional<std::vector<PartitionTarget>> partition_targets(FileSystem& files,
                                                              const std::vector<std::string>& targets,
                                                              std::string_view command, Output& output);

}  // namespace kseg
