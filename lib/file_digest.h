// The digest of a whole file.
#pragma once

#include "lib/digest.h"
#include "lib/file_system.h"

namespace kseg {

// Reads it piece by piece. Throws IoError.
Digest file_digest(FileSystem& files, const Path& path);

}  // namespace kseg
