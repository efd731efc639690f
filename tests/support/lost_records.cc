#include "tests/support/lost_records.h"

#include <fmt/format.h>

#include "lib/against.h"
#include "tests/support/collected_report.h"

namespace kseg {

std::string differences(const Path& cleaned, const Path& original) {
  CollectedReport report;
  const Comparison comparison = compare(posix_file_system(), cleaned, original, {}, report);
  std::string text;
  for (const Difference& difference : comparison.differences) {
    text += fmt::format("{} at {}: expected {}, found {}\n", name(difference.code), difference.offset,
                        difference.expected, difference.found);
  }
  for (const LocatedDefect& defect : report.defects) text += describe(defect.defect) + "\n";
  return text;
}

}  // namespace kseg
