// What the command line asked for: set by the one command that was named, run by main.
#pragma once

#include <functional>

#include "cli/exit_status.h"
#include "cli/output.h"

namespace kseg {

struct ChosenCommand {
  Format format = Format::text;
  std::function<ExitStatus(Output&)> run;
};

}  // namespace kseg
