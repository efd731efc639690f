// `kseg digest`: a line a partition, by which two hosts can tell whether they hold the same.
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

struct DigestOptions {
  std::vector<std::string> targets;
  ReadableLog::Request request = {};
  OutputOptions output = {};
};

void add_digest_command(CLI::App& app, ChosenCommand& chosen);

// done; no if defects were met; usage if a target holds no log. Throws IoError.
ExitStatus run_digest(const DigestOptions& options, Output& output);

}  // namespace kseg
