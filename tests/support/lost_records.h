// What a compaction has lost, in words for a test.
#pragma once

#include <string>

#include "lib/file_system.h"

namespace kseg {

// What verify --against finds, a line each; empty if the cleaned partition is what it should be.
std::string differences(const Path& cleaned, const Path& original);

}  // namespace kseg
