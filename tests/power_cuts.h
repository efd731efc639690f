// The power cut before every operation of a run, and some of the disks that each cut may leave.
#pragma once

#include <functional>
#include <string>

#include "lib/file_system.h"

namespace kseg {

struct PowerCuts {
  std::string what;               // for the line that tells how many there were
  Path root;                      // the folder around all that the run writes
  std::function<void()> restore;  // puts there what the run begins with
  std::function<void(FileSystem&)> run;
  std::function<void()> judge;  // what a disk holds; may write to it
  int disks_by_dice = 2;        // of each cut, besides the three that lose as much as they can

  // Runs inside of a test case. All that the run did must be synced at its end.
  void make_all() const;
};

}  // namespace kseg
