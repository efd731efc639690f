// `kseg retention`: what Kafka's delete policy does to partitions, offline.
#pragma once

#include <string>
#include <vector>

#include "cli/command.h"
#include "cli/output_options.h"
#include "cli/partition_globs.h"
#include "lib/retention.h"
#include "lib/topic_settings.h"

namespace CLI {
class App;
}

namespace kseg {

struct RetentionOptions {
  std::vector<std::string> targets;
  RetentionRequest request = {};  // but for the settings
  TopicSettings::Request settings = {};
  PartitionGlobs partitions = {};
  bool verbose = false;
  OutputOptions output = {};
};

void add_retention_command(CLI::App& app, ChosenCommand& chosen);

// done; usage if a target is neither a partition folder nor a log directory; refused if any partition was,
// after all the others. Throws IoError.
ExitStatus run_retention(const RetentionOptions& options, Output& output);

}  // namespace kseg
