// Whether two partition folders hold the same files, as far as another compression library allows.
#pragma once

#include <string>

#include "tests/support/log_folder.h"

namespace kseg {

struct Sameness {
  // Compressed batches were rebuilt: their payload is compared decompressed, and `.index` and
  // `.timeindex` with what our `.log` asks for.
  bool recompressed = false;
  std::int64_t index_interval_bytes = 4096;
};

// The first difference, or nothing. Throws if a `.log` cannot be decoded.
std::string differing_files(const FolderFiles& ours, const FolderFiles& kafka, const Sameness& sameness);

}  // namespace kseg
