// What a broker does to a partition folder before it looks at its segments.
#pragma once

#include "lib/file_system.h"

namespace kseg {

// Carries the folder's LoadPlan out: unlinks, then renames, in a broker's order.
void load_as_broker(FileSystem& files, const Path& partition);

}  // namespace kseg
