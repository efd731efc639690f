// What a piece of code makes this process hold at its worst, as the system counts it: what malloc keeps and
// what is there only while something is copied included.
#pragma once

#include <cstdint>

namespace kseg {

class ResidentMemory {
 public:
  ResidentMemory();                  // begins
  std::int64_t peak_growth() const;  // bytes, since then

 private:
  std::int64_t before_;
};

}  // namespace kseg
