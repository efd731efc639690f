// Random partition folders as an unclean stop may leave them, or a disk, or somebody's hand: what a broker's
// load has to deal with. The same seed gives the same folder on every machine.
#pragma once

#include <string>
#include <vector>

#include "lib/recovery.h"
#include "tests/support/log_folder.h"

namespace kseg {

struct TornLog {
  FolderFiles files;
  RecoveryRequest request;           // without the folder
  std::vector<std::string> damages;  // in words
};

TornLog torn_log(std::uint64_t seed);

}  // namespace kseg
