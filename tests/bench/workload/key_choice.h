// Which key the next record of a workload has: a number, which RecordContent turns into bytes.
#pragma once

#include <vector>

#include "tests/bench/workload/preset.h"
#include "tests/support/dice.h"

namespace kseg {

class KeyChoice {
 public:
  explicit KeyChoice(const Preset& preset);

  // A key that was not there before.
  std::int64_t fresh() { return fresh_++; }
  // As the preset says. Keys that fresh() gave before the first call are those of the compacted part.
  std::int64_t next(Dice& dice);

 private:
  Preset::Keys keys_;
  std::int64_t key_count_;
  std::int64_t fresh_ = 0;
  std::vector<double> zipf_;  // at n the share of the keys up to n; empty unless wanted
};

}  // namespace kseg
