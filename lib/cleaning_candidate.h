// Which partitions of a log directory a broker's cleaner would clean, and in which order (compaction.md §4).
#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "lib/cleanable_range.h"
#include "lib/log_dir_checkpoints.h"
#include "lib/log_outline.h"
#include "lib/refusal.h"

namespace kseg {

struct CleaningCandidate {
  enum class Choice {
    chosen,
    stray,             // a broker that starts would set it aside
    not_compacted,     // by its topic's policy, or nobody says that it is
    nothing_to_clean,  // no whole segment between the first dirty offset and what bounds a round
    not_dirty_enough,  // min.cleanable.dirty.ratio, and not overdue
    refused,           // see `refusal`
  };

  Path folder;
  TopicPartition partition;
  TopicConfig config;
  Choice choice = Choice::not_compacted;
  std::uint64_t log_bytes = 0;  // of all `.log` files
  // Of a compacted one that could be looked at.
  std::optional<LogOutline> outline;
  std::optional<CleanableRange> range;
  std::optional<Refusal> refusal;
};

struct CandidateOptions {
  bool all = false;  // whatever the dirty ratio
  std::int64_t now_ms = 0;
  std::function<bool(const TopicPartition&)> selects;  // those that are looked at
  std::function<bool(const TopicPartition&, const Path& folder)> is_stray = [](const TopicPartition&,
                                                                               const Path&) { return false; };
  std::function<TopicConfig(const TopicPartition&, const Path& folder)> config_of;
};

// Of a compacted partition. With `all`, whatever is there to clean is chosen.
CleaningCandidate::Choice choice_of(const CleanableRange& range, const TopicConfig& config, bool all);

// Looks at one partition folder of `root`. Throws IoError.
CleaningCandidate look_at(FileSystem& files, const LogDir& root, const LogDirCheckpoints& checkpoints,
                          const TopicPartition& partition, const CandidateOptions& options);

// At every partition in use but `__cluster_metadata-0`, in the order in which they are to be cleaned:
// chosen ones first, highest dirty ratio first, then by name. One that vanishes meanwhile is left out.
std::vector<CleaningCandidate> cleaning_candidates(FileSystem& files, const LogDir& root,
                                                   const LogDirCheckpoints& checkpoints,
                                                   const CandidateOptions& options);

}  // namespace kseg
