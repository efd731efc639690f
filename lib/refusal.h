// Why a command that writes did not: what people need to know, and what to do about it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "lib/located_defect.h"
#include "lib/log_dir.h"
#include "lib/partition_log.h"

namespace kseg {

// Nothing was done, or it stopped: what was committed before stays.
struct Refusal {
  std::string reason;
  std::string hint = {};                    // may be empty
  std::vector<std::string> details = {};    // a line each
  std::vector<LocatedDefect> defects = {};  // damage that was found
};

// The states in which no command writes to a partition. Where the way out differs, the command gives
// its own hint.
Refusal refuse_running_broker(const LogDir& root, std::string hint);
Refusal refuse_unclean(const LogDir& root, std::string hint);
Refusal refuse_no_segment(const Path& partition, std::string hint = {});
Refusal refuse_unfinished_swap(const PartitionLog& log);
std::optional<Refusal> refuse_not_files(const PartitionLog& log);
// Both of these.
std::optional<Refusal> refuse_listing(const PartitionLog& log);
Refusal refuse_folder_name(const Path& partition);
Refusal refuse_checkpoint(const Path& file, const Defect& defect);
// Of a log that is to be compacted.
Refusal refuse_damaged(std::vector<LocatedDefect> defects);

}  // namespace kseg
