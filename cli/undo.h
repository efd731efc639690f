// `kseg undo`: puts back what a compaction with --keep-originals replaced.
#pragma once

#include "cli/command.h"
#include "cli/output_options.h"
#include "lib/file_system.h"

namespace CLI {
class App;
}

namespace kseg {

struct UndoOptions {
  Path originals;  // what --keep-originals named
  bool dry_run = false;
  OutputOptions output = {};
};

void add_undo_command(CLI::App& app, ChosenCommand& chosen);

// done; refused if one of the partitions is not as the compaction left it, the others are put back. Throws
// IoError.
ExitStatus run_undo(const UndoOptions& options, Output& output);

}  // namespace kseg
