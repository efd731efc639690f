// What checking and reading find, told through the output.
#pragma once

#include "cli/output.h"
#include "lib/verify_report.h"

namespace kseg {

class OutputReport : public VerifyReport {
 public:
  explicit OutputReport(Output& output) : output_(output) {}

 private:
  void on_defect(const Path& file, const Defect& defect) override { output_.defect(file, defect); }
  void on_warning(const Path& file, const Defect& warning) override;
  void on_note(const Path& file, Position position, const std::string& text) override {
    output_.note(file, position, text);
  }

  Output& output_;
};

}  // namespace kseg
