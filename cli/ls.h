// `kseg ls`: what is in a log directory, one row a partition.
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

struct LsOptions {
  enum class Sort { name, bytes, ratio };

  std::vector<std::string> targets;
  PartitionGlobs partitions = {};
  TopicSettings::Request settings = {};
  std::int64_t now_ms = 0;
  Sort sort = Sort::name;
  bool files = false;    // every file instead of partitions: cli/file_list.h
  bool verbose = false;  // why a partition is not compacted, and what that would free
  OutputOptions output = {};
};

void add_ls_command(CLI::App& app, ChosenCommand& chosen);

// done; no if something is damaged; usage if a target is neither a log directory nor a partition folder;
// refused if the settings cannot be used. Throws IoError.
ExitStatus run_ls(const LsOptions& options, Output& output);

}  // namespace kseg
