// A partition folder as the commands that write to one take it.
#pragma once

#include "lib/file_system.h"

namespace kseg {

// Without a slash at the end, and never "." or "..": the folder's name tells its partition.
Path folder_path(const Path& given);

}  // namespace kseg
