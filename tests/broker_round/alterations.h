// Changes to a log directory that a round must notice.
#pragma once

#include <string>
#include <vector>

#include "lib/file_system.h"

namespace kseg {

struct Alteration {
  std::string partition;
  std::string what;
};

// For tests/data/broker/compaction/1-first-round. Nothing but the changed bytes tells of it: lengths and
// checksums of batches are right.
std::vector<Alteration> alter(const Path& log_dir);

}  // namespace kseg
