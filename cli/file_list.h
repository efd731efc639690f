// `kseg ls --files`: every file of a log directory or a partition folder, with what it is by its name.
#pragma once

#include <vector>

#include "cli/output.h"
#include "lib/file_system.h"

namespace kseg {

// A row a file or folder, folders of partitions and of remote-log-index-cache with what they hold. A name
// that no broker gives is told as such; what vanishes meanwhile is left out. Throws IoError.
void list_files(FileSystem& files, const std::vector<Path>& folders, Output& output);

}  // namespace kseg
