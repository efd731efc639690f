// What a compaction did, or would do, on the screen.
#pragma once

#include <string>
#include <vector>

#include "cli/exit_status.h"
#include "cli/output.h"
#include "lib/log_dir_compaction.h"

namespace kseg {

// Of the one partition that was named: several lines, or the `summary` of JSON.
void print_report(const CompactionRequest& request, const CompactionReport& report, double seconds,
                  Output& output);

// Of a whole log directory: a line a partition as they are done, and sums at the end.
class LogDirReport {
 public:
  LogDirReport(bool dry_run, bool verbose, Output& output)
      : dry_run_(dry_run), verbose_(verbose), output_(output) {}

  // What is not done, and why; the settings if it is to be verbose.
  void pass_over(const CleaningCandidate& candidate);
  // By the recovery before, which told why.
  void refused(const TopicPartition& partition) { refused_.push_back(to_string(partition)); }
  void to_be_recovered() { ++to_be_recovered_; }
  void done(const CleaningCandidate& candidate, const CompactionOutcome& outcome);
  void summary(double seconds, bool stopped);

  ExitStatus status() const;

 private:
  void refuse(const CleaningCandidate& candidate, const Refusal& refusal);
  void fail(const CleaningCandidate& candidate, const CompactionFailure& failure);
  void report(const CleaningCandidate& candidate, const CompactionReport& report);
  void summary_json(double seconds, bool stopped);

  bool dry_run_;
  bool verbose_;
  Output& output_;
  std::uint64_t compacted_ = 0;
  std::uint64_t stray_ = 0;
  std::uint64_t not_compacted_ = 0;
  std::uint64_t nothing_to_clean_ = 0;
  std::uint64_t not_dirty_enough_ = 0;
  std::uint64_t to_be_recovered_ = 0;  // in a dry run
  std::vector<std::string> refused_;
  std::vector<std::string> failed_;
  bool lacked_space_ = false;
  std::uint64_t bytes_before_ = 0;  // of those compacted
  std::uint64_t bytes_after_ = 0;
};

// What --fit found out before it writes.
void print_survey(const FitOrder& order, std::uint64_t free_bytes, Output& output);

}  // namespace kseg
