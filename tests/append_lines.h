// Lines to a partition, as `kseg append` takes them, with any file system.
#pragma once

#include <string_view>

#include "lib/partition_appender.h"

namespace kseg {

struct Appended {
  AppendReport report;
  std::string refused;     // why, if it was
  std::uint64_t line = 0;  // the bad one, which took everything back
  std::string what;
};

Appended append_lines(FileSystem& files, const AppendRequest& request, std::string_view lines);

}  // namespace kseg
