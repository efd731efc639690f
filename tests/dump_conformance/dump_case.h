// Files for the dump tools, sound and damaged, and options to dump them with. The same seed gives the same
// case on every machine.
#pragma once

#include <string>
#include <vector>

#include "tests/support/log_folder.h"

namespace kseg {

struct DumpCase {
  FolderFiles files;
  std::vector<std::string>
      arguments;       // of Kafka's tool; paths begin at the folder that holds the files' folder
  std::string damage;  // what was done to the files, in words
};

struct BrokerFolder {
  std::string topic;
  FolderFiles files;
};

// The partition folders that a broker wrote, some of which a case begins with.
std::vector<BrokerFolder> broker_folders(const Path& data);

// `folder` is the name under which the files will be found.
DumpCase random_dump_case(std::uint64_t seed, const std::vector<BrokerFolder>& broker,
                          const std::string& folder);

}  // namespace kseg
