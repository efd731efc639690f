// `kseg verify`: whether logs, indexes and side files are sound, and whether a compaction lost nothing.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/command.h"
#include "cli/output_options.h"

namespace CLI {
class App;
}

namespace kseg {

struct VerifyOptions {
  std::vector<std::string> targets;
  std::optional<std::string> against;  // the original of the one target
  std::optional<std::string> receipt;  // of a compaction: instead of targets
  std::optional<std::string> log_dir;  // where the receipt's partitions are now
  bool one_round = false;
  std::optional<std::int64_t> now_ms;
  std::uint64_t limit = 20;  // differences to name
  OutputOptions output;
};

void add_verify_command(CLI::App& app, ChosenCommand& chosen);

// Throws IoError.
ExitStatus run_verify(const VerifyOptions& options, Output& output);

}  // namespace kseg
