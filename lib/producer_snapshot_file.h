// A `.snapshot` file, read beside a broker.
#pragma once

#include "lib/file_system.h"

namespace kseg {

// The bytes of a producer snapshot. A broker writes one straight to its final name, so that it looks
// damaged for a moment: it is read again for as long as it is damaged and changes. Throws IoError.
ByteBuffer read_producer_snapshot(FileSystem& files, const Path& path);

}  // namespace kseg
