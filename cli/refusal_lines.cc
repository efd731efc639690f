#include "cli/refusal_lines.h"

namespace kseg {

void print_lines(const Refusal& refusal, Output& output) {
  for (const LocatedDefect& defect : refusal.defects) output.defect(defect.file, defect.defect);
  output.remark("refused: " + refusal.reason);
  for (const std::string& detail : refusal.details) output.remark("  " + detail);
  if (!refusal.hint.empty()) output.remark("hint: " + refusal.hint);
}

void print(const Refusal& refusal, Output& output) {
  print_lines(refusal, output);
  if (output.json()) {
    output.row("summary")
        .field("ran", false)
        .field("refused", std::string_view(refusal.reason))
        .field("hint", std::string_view(refusal.hint))
        .field("defects", refusal.defects.size())
        .end();
  }
}

}  // namespace kseg
