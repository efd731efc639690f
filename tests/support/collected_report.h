// What checking tells, kept for a test to look at.
#pragma once

#include <fmt/format.h>

#include <string>
#include <vector>

#include "lib/located_defect.h"
#include "lib/log_check.h"

namespace kseg {

class CollectedReport : public VerifyReport {
 public:
  std::vector<LocatedDefect> defects;
  std::vector<LocatedDefect> warnings;
  std::vector<std::string> notes;  // "file name: text"

  // "00000000000000000000.log: crc_mismatch: expected …" a line.
  std::string text() const {
    std::string lines;
    for (const LocatedDefect& each : defects) lines += line("", each);
    for (const LocatedDefect& each : warnings) lines += line("warning: ", each);
    for (const std::string& note : notes) lines += "note: " + note + "\n";
    return lines;
  }

 private:
  static std::string line(const std::string& severity, const LocatedDefect& each) {
    return severity + each.file.parent_path().filename().string() + "/" + each.file.filename().string() +
           fmt::format(": position {}", each.defect.position) +
           (each.defect.offset ? fmt::format(", offset {}", *each.defect.offset) : "") + ": " +
           describe(each.defect) + "\n";
  }
  void on_defect(const Path& file, const Defect& defect) override { defects.push_back({file, defect}); }
  void on_warning(const Path& file, const Defect& warning) override { warnings.push_back({file, warning}); }
  void on_note(const Path& file, Position, const std::string& text) override {
    notes.push_back(file.filename().string() + ": " + text);
  }
};

inline CollectedReport verify_folder(const Path& folder, FileSystem& files = posix_file_system()) {
  CollectedReport report;
  verify(LogCheck::of_folder(files, folder, {}, report));
  return report;
}

}  // namespace kseg
