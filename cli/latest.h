// `kseg latest`: the state of partitions: the last value of each key.
#pragma once

#include <string>
#include <vector>

#include "cli/command.h"
#include "cli/output_options.h"
#include "lib/readable_log.h"

namespace CLI {
class App;
}

namespace kseg {

struct LatestOptions {
  std::vector<std::string> targets;
  ReadableLog::Request request = {};
  bool tombstones = false;  // show them
  bool count = false;       // nothing but numbers
  OutputOptions output = {};
};

void add_latest_command(CLI::App& app, ChosenCommand& chosen);

// done; no if defects were met; usage if a target holds no log. Throws IoError.
ExitStatus run_latest(const LatestOptions& options, Output& output);

}  // namespace kseg
