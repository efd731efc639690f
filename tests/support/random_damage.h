// What disks and people do to the files of a partition.
#pragma once

#include "tests/support/dice.h"
#include "tests/support/log_folder.h"

namespace kseg {

// One of: bits flipped, a stretch overwritten with noise or zeros, bytes missing or too many in the middle,
// the end missing, of a `.log`; an index, snapshot or checkpoint damaged, emptied or gone. Says what it did.
std::string damage(FolderFiles& folder, Dice& dice);

}  // namespace kseg
