// `kseg reindex`: makes damaged or missing indexes anew.
#pragma once

#include <string>
#include <vector>

#include "cli/command.h"
#include "cli/output_options.h"
#include "cli/partition_globs.h"
#include "lib/topic_settings.h"

namespace CLI {
class App;
}

namespace kseg {

struct ReindexOptions {
  std::vector<std::string> targets;
  PartitionGlobs partitions = {};
  bool dry_run = false;
  int jobs = 1;
  std::int64_t now_ms = 0;
  TopicSettings::Request settings = {};
  OutputOptions output = {};
};

void add_reindex_command(CLI::App& app, ChosenCommand& chosen);

// done; refused if one of the partitions is damaged, or held by a broker; the others are done. Throws
// IoError.
ExitStatus run_reindex(const ReindexOptions& options, Output& output);

}  // namespace kseg
