// `kseg repair`: keeps what is sound of a damaged partition.
#pragma once

#include "cli/command.h"
#include "cli/output_options.h"
#include "lib/repair.h"
#include "lib/topic_settings.h"

namespace CLI {
class App;
}

namespace kseg {

struct RepairOptions {
  RepairRequest request;
  bool in_place = false;
  bool dry_run = false;
  TopicSettings::Request settings = {};
  OutputOptions output = {};
};

void add_repair_command(CLI::App& app, ChosenCommand& chosen);

// done; no if something is damaged still; refused. Throws IoError.
ExitStatus run_repair(const RepairOptions& options, Output& output);

}  // namespace kseg
