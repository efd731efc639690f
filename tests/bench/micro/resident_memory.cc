#include "tests/bench/micro/resident_memory.h"

#include <malloc.h>

#include <fstream>
#include <string>

namespace kseg {
namespace {

std::int64_t peak_bytes() {
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;) {
    std::int64_t kibibytes = 0;
    if (word == "VmHWM:" && status >> kibibytes) return kibibytes * 1024;
  }
  return 0;
}

void forget_peak() {
  std::ofstream("/proc/self/clear_refs") << "5";
}

}  // namespace

ResidentMemory::ResidentMemory() {
  ::malloc_trim(0);
  forget_peak();
  before_ = peak_bytes();
}

std::int64_t ResidentMemory::peak_growth() const {
  return peak_bytes() - before_;
}

}  // namespace kseg
