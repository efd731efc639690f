#include "tests/power_cuts.h"

#include <doctest/doctest.h>

#include <set>

#include "tests/support/faulty_file_system.h"
#include "tests/support/power_cut.h"

namespace kseg {

void PowerCuts::make_all() const {
  using Left = PowerCutFileSystem::Left;
  constexpr std::uint64_t kSeed = 4;
  Dice dice(kSeed);
  std::size_t operations = 0;
  std::set<std::size_t> disks;  // judged: most operations add little to what could be lost before
  for (std::size_t at = 0; at <= operations; ++at) {
    restore();
    PowerCutFileSystem disk(posix_file_system(), root);
    FaultyFileSystem files(disk);
    if (at > 0) files.stop_at(at - 1);
    try {
      run(files);
    } catch (const Stopped&) {
    }
    std::vector<Left> left{Left::synced_only, Left::names_only, Left::names_of_zeros};
    left.insert(left.end(), static_cast<std::size_t>(disks_by_dice), Left::some);
    if (at == 0) {  // undisturbed: tells how many there are
      operations = files.operation_count();
      left.resize(1);
      CHECK(disk.all_synced());
    }
    CAPTURE(at);
    CAPTURE(files.journal().back());
    for (const Left part : left) {
      CAPTURE(static_cast<int>(part));
      if (disks.insert(disk.cut(part, dice)).second) judge();
    }
  }
  REQUIRE(operations > 0);
  MESSAGE(what, ": the power cut before each of ", operations, " operations, ", disks.size(),
          " disks looked at");
}

}  // namespace kseg
