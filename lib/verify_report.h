// What checking finds, told as it is found: a damaged log may hold more defects than memory.
#pragma once

#include <string>

#include "formats/defect.h"
#include "lib/file_system.h"

namespace kseg {

struct VerifyCounts {
  std::uint64_t segments = 0;
  std::uint64_t batches = 0;  // damaged ones too, as far as they can be told apart
  std::uint64_t records = 0;
  std::uint64_t defects = 0;
  std::uint64_t warnings = 0;
  std::uint64_t notes = 0;
};

// Only defects make the answer no. A warning is what a sound writer does not do, but what keeps no
// reader from the right records; a note is what brokers leave in ordinary life.
class VerifyReport {
 public:
  virtual ~VerifyReport() = default;

  void defect(const Path& file, const Defect& defect) {
    ++counts_.defects;
    on_defect(file, defect);
  }
  void warning(const Path& file, const Defect& warning) {
    ++counts_.warnings;
    on_warning(file, warning);
  }
  void note(const Path& file, Position position, const std::string& text) {
    ++counts_.notes;
    on_note(file, position, text);
  }
  void count_segment() { ++counts_.segments; }
  void count_batch(std::uint64_t records) {
    ++counts_.batches;
    counts_.records += records;
  }

  const VerifyCounts& counts() const { return counts_; }

 private:
  virtual void on_defect(const Path& file, const Defect& defect) = 0;
  virtual void on_warning(const Path& file, const Defect& warning) = 0;
  virtual void on_note(const Path& file, Position position, const std::string& text) = 0;

  VerifyCounts counts_;
};

}  // namespace kseg
