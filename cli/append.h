// `kseg append`: what a broker would write for records that come as lines.
#pragma once

#include <optional>
#include <string>

#include "cli/command.h"
#include "cli/record_input.h"
#include "lib/partition_appender.h"
#include "lib/record_accumulator.h"

namespace CLI {
class App;
}

namespace kseg {

struct AppendOptions {
  AppendRequest request = {};
  std::optional<Path> input = std::nullopt;  // else standard input
  RecordInputOptions lines = {};
  RecordAccumulator::Options batches = {};
  bool keep_going = false;
  bool json = false;  // the report
};

void add_append_command(CLI::App& app, ChosenCommand& chosen);

// done; `no` for bad lines, of which the first ends it unless keep_going; refused. Throws IoError.
ExitStatus run_append(const AppendOptions& options, Output& output);

}  // namespace kseg
