// `kseg tombstones`: which deletions a log still holds, when they may go, and what they hide.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/command.h"
#include "cli/output_options.h"
#include "cli/selection_options.h"
#include "lib/topic_config.h"

namespace CLI {
class App;
}

namespace kseg {

struct TombstonesOptions {
  std::vector<std::string> targets;
  OutputOptions output = {};
  SelectionOptions selection = {};
  std::optional<std::int64_t> older_than_ms = std::nullopt;
  bool due = false;  // only those; with `pending` both
  bool pending = false;
  bool markers = false;
  TopicConfig config = {};
  std::int64_t now_ms = 0;
};

void add_tombstones_command(CLI::App& app, ChosenCommand& chosen);

// done; no if defects were met; usage if a target is no log. Throws IoError.
ExitStatus run_tombstones(const TombstonesOptions& options, Output& output);

}  // namespace kseg
