#include "cli/output_report.h"

namespace kseg {

void OutputReport::on_warning(const Path& file, const Defect& warning) {
  if (output_.json()) {
    output_.row("warning")
        .field("file", file.native())
        .field("position", warning.position)
        .field("offset", warning.offset)
        .field("code", name(warning.code))
        .field("expected", warning.expected)
        .field("found", warning.found)
        .end();
    return;
  }
  std::string place = fmt::format("{}: warning: position {}", file.native(), warning.position);
  if (warning.offset) place += fmt::format(", offset {}", *warning.offset);
  output_.remark(fmt::format("{}: {}", place, describe(warning)));
}

}  // namespace kseg
