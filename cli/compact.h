// `kseg compact`: what Kafka's log cleaner does to a partition, or to a whole log directory, offline.
#pragma once

#include "cli/command.h"
#include "cli/output_options.h"
#include "cli/partition_globs.h"
#include "cli/recovery_options.h"
#include "cli/work_options.h"
#include "lib/compaction.h"
#include "lib/topic_settings.h"

namespace CLI {
class App;
}

namespace kseg {

struct CompactOptions {
  Path target;                     // a partition folder or a log directory
  CompactionRequest request = {};  // but for partition and config
  TopicSettings::Request settings = {};
  bool all = false;  // whatever the dirty ratio
  bool fit = false;  // for a disk that is nearly full
  RecoveryOptions recovery = {};
  PartitionGlobs partitions = {};
  bool verbose = false;
  std::string compat = "4.3";        // as it was given
  std::optional<Path> receipt = {};  // a file to say there what was done
  WorkOptions work = {};
  OutputOptions output = {};
};

void add_compact_command(CLI::App& app, ChosenCommand& chosen);

// done; refused with the reason, what a broker would do, or the damage; system if a partition of a log
// directory failed, or the run was stopped. Throws IoError.
ExitStatus run_compact(const CompactOptions& options, Output& output);

}  // namespace kseg
