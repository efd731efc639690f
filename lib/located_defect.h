// A defect and the file it was found in.
#pragma once

#include "formats/defect.h"
#include "lib/file_system.h"

namespace kseg {

struct LocatedDefect {
  Path file;
  Defect defect;
};

}  // namespace kseg
