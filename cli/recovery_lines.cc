#include "cli/recovery_lines.h"

#include <iterator>

#include "cli/counted.h"

namespace kseg {
namespace {

std::string why(const RecoveryStep& step) {
  return step.defect ? describe(*step.defect) : std::string(name(step.reason));
}

std::string what(const RecoveryStep& step) {
  const std::string file = step.file.string();
  const std::string bytes = count(step.size_bytes, "byte");
  const std::string from = step.offset ? fmt::format(", offset {}", *step.offset) : std::string();
  switch (step.kind) {
    case RecoveryStep::Kind::remove: return fmt::format("remove {}: {}", file, why(step));
    case RecoveryStep::Kind::rename:
      if (!step.offset) return fmt::format("rename {} to {}: {}", file, step.to.string(), why(step));
      return fmt::format("set aside {} ({}{}) as {}: {}", file, bytes, from, step.to.string(), why(step));
    case RecoveryStep::Kind::keep:
      return fmt::format("copy {} of {} at position {} to {}", bytes, file, step.position, step.to.string());
    case RecoveryStep::Kind::cut:
      return fmt::format("cut {} off {} at position {}{}: {}", bytes, file, step.position, from, why(step));
    case RecoveryStep::Kind::write: return fmt::format("write {} ({}): {}", file, bytes, why(step));
  }
  return {};
}

void print_row(const RecoveryStep& step, Output& output) {
  Row row = output.row("recovery_step");
  row.field("action", name(step.kind)).field("reason", name(step.reason));
  row.field("file", std::string_view(step.file.native()));
  if (step.to.empty()) {
    row.null("to");
  } else {
    row.field("to", std::string_view(step.to.native()));
  }
  row.field("position", step.position).field("bytes", step.size_bytes).field("offset", step.offset);
  if (step.defect) {
    row.field("defect", name(step.defect->code)).field("found", std::string_view(step.defect->found));
  } else {
    row.null("defect").null("found");
  }
  row.end();
}

}  // namespace

void print(const Recovery& recovery, Tense tense, Output& output) {
  for (const RecoveryStep& step : recovery.steps()) {
    if (output.json()) {
      print_row(step, output);
      continue;
    }
    fmt::format_to(std::back_inserter(output.line()), "{} {}", tense == Tense::would ? "would" : "will",
                   what(step));
    output.end_line();
  }
}

}  // namespace kseg
