// `kseg compact`: what Kafka's log cleaner does to a partition, offline.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/command.h"
#include "cli/output_options.h"
#include "lib/compaction.h"

namespace CLI {
class App;
}

namespace kseg {

struct CompactOptions {
  CompactionRequest request = {};
  OutputOptions output = {};
};

void add_compact_command(CLI::App& app, ChosenCommand& chosen);

// done; refused with the reason, what a broker would do, or the damage. Throws IoError.
ExitStatus run_compact(const CompactOptions& options, Output& output);

}  // namespace kseg
