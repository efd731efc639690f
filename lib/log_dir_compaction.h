// Compacts partitions of a log directory, several at a time.
#pragma once

#include <functional>
#include <variant>
#include <vector>

#include "lib/cleaning_candidate.h"
#include "lib/compaction.h"
#include "lib/fit_order.h"
#include "lib/scratch_space.h"
#include "lib/work_meter.h"

namespace kseg {

// The system said no, or somebody asked to stop. The groups that were swapped in before stay.
struct CompactionFailure {
  std::string reason;
  int error_number = 0;
  bool stopped = false;
  std::optional<ScratchSpace::Shortage> shortage;  // nothing was tried for want of space
  CompactionReport so_far;
  std::uint64_t groups_left = 0;
};

using CompactionOutcome = std::variant<CompactionReport, Refusal, CompactionFailure>;

struct LogDirCompaction {
  CompactionRequest request;  // of each, but for partition, config and jobs; memory of all together
  int jobs = 1;               // threads that compute: several in each partition if there are fewer of those
  int at_once = 1;            // partitions, at most
  // For a disk that is nearly full: measures everything first, tells what it found, and then takes one
  // partition after the other, best first, as far as their groups fit; see fit_order.h.
  bool fit = false;
  std::function<void(const FitOrder&, std::uint64_t free_bytes)> surveyed = [](const FitOrder&,
                                                                               std::uint64_t) {};
  // Called by the thread that compacts: a partition is begun.
  std::function<void(const CleaningCandidate&)> begun = [](const CleaningCandidate&) {};
  // By the same thread: it is done with it, or has failed; told or not.
  std::function<void(const CleaningCandidate&)> ended = [](const CleaningCandidate&) {};
  // Called in the order of the candidates, whatever the number of jobs, one call at a time.
  std::function<void(const CleaningCandidate&, const CompactionOutcome&)> done;

  // Those that are chosen. `files` does the work on segments and is metered and throttled by `meter`; the
  // checkpoint is written through `root`, whose lock the caller holds unless nothing is written in it. Asked
  // to stop, it begins no further partition; for those `done` is not called. A copied folder has no root.
  void run(FileSystem& files, const std::optional<LogDir>& root, const LogDirCheckpoints& checkpoints,
           const std::vector<CleaningCandidate>& candidates, WorkMeter& meter) const;
};

// What a compaction reads and writes, about, for WorkMeter::expect: the log's headers, its batches, and
// what is left of it twice.
inline std::uint64_t expected_work_bytes(std::uint64_t log_bytes) {
  return 2 * log_bytes;
}

}  // namespace kseg
