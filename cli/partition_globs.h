// Which partitions of a log directory are meant: --topic and --partition.
#pragma once

#include <string>
#include <vector>

#include "formats/file_names.h"

namespace CLI {
class App;
}

namespace kseg {

struct PartitionGlobs {
  std::vector<std::string> topics;      // of a topic's name
  std::vector<std::string> partitions;  // of "orders-3", or of its number alone

  // All of them where nothing is asked for; else what one of each kind fits.
  bool match(const TopicPartition& partition) const;
};

// `globs` must outlive the parsing.
void add_partition_options(CLI::App& command, PartitionGlobs& globs);

}  // namespace kseg
