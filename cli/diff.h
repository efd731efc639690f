// `kseg diff`: two partitions, or two log directories, compared record by record or key by key.
#pragma once

#include <string>

#include "cli/command.h"
#include "cli/output_options.h"
#include "lib/readable_log.h"

namespace CLI {
class App;
}

namespace kseg {

struct DiffOptions {
  std::string left;
  std::string right;
  ReadableLog::Request request = {};
  bool by_key = false;
  bool control = false;      // compare control records, too
  std::uint64_t limit = 20;  // differences to show
  OutputOptions output = {};
};

void add_diff_command(CLI::App& app, ChosenCommand& chosen);

// done if there is no difference; no if there is one, or defects were met; usage if one is a log
// directory and the other is not, or one holds no log. Throws IoError.
ExitStatus run_diff(const DiffOptions& options, Output& output);

}  // namespace kseg
