// --recover: what a broker would do first after an unclean stop, done to a partition before anything else.
#pragma once

#include <cstdint>
#include <optional>

#include "cli/output.h"
#include "lib/log_dir_checkpoints.h"
#include "lib/topic_config.h"

namespace CLI {
class App;
}

namespace kseg {

struct RecoveryOptions {
  bool recover = false;
  Path quarantine;  // for what is cut off; empty: the partition folder
};

// --recover, --quarantine. `options` must outlive the parsing.
void add_recovery_options(CLI::App& command, RecoveryOptions& options);

enum class Recovered {
  sound,    // as a broker's load leaves it, now or from the beginning
  unsound,  // a dry run: something would have to be done first
  refused,  // told
};

// Tells each step, then does it unless it is a dry run. `root` is the log directory around the folder, whose
// lock the caller holds; `stored` its checkpoints. Throws IoError.
Recovered recover(FileSystem& files, const std::optional<LogDir>& root, const LogDirCheckpoints::Of& stored,
                  const Path& partition, const TopicConfig& config, const RecoveryOptions& options,
                  std::int64_t now_ms, bool dry_run, Output& output);

}  // namespace kseg
