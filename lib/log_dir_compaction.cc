#include "lib/log_dir_compaction.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <mutex>
#include <thread>
#include <utility>

#include "lib/metered_file_system.h"

namespace kseg {
namespace {

class Run {
 public:
  Run(const LogDirCompaction& options, FileSystem& files, const std::optional<LogDir>& root,
      const LogDirCheckpoints& checkpoints, const std::vector<CleaningCandidate>& candidates,
      WorkMeter& meter)
      : options_(options),
        files_(files),
        root_(root),
        checkpoints_(checkpoints),
        candidates_(candidates),
        meter_(meter),
        space_(files, root                 ? root->path()
                      : candidates.empty() ? Path(".")
                                           : candidates.front().folder),
        outcomes_(candidates.size()) {}

  void run() {
    for (const CleaningCandidate& candidate : candidates_)
      meter_.expect(static_cast<std::int64_t>(expected_work_bytes(candidate.log_bytes)));
    if (options_.fit && !candidates_.empty()) return fit();
    std::vector<std::thread> workers;
    for (std::size_t i = 1; i < partitions_at_once(); ++i) workers.emplace_back([this] { work(); });
    work();
    for (std::thread& worker : workers) worker.join();
    if (bug_) std::rethrow_exception(bug_);
  }

 private:
  // Everything is measured before anything is written.
  void fit() {
    std::vector<std::vector<GroupNeed>> needs;
    for (const CleaningCandidate& candidate : candidates_) needs.push_back(survey(candidate));
    const std::uint64_t free = files_.free_bytes(root_->path());
    const FitOrder order = fit_order(needs, free);
    options_.surveyed(order, free);
    std::vector<std::optional<CompactionOutcome>> outcomes(candidates_.size());
    const auto attempt = [&](std::size_t index) {
      options_.begun(candidates_[index]);
      CompactionOutcome outcome = compact(candidates_[index]);
      options_.ended(candidates_[index]);
      if (outcomes[index]) add_earlier(*outcomes[index], outcome);
      outcomes[index] = std::move(outcome);
    };
    const auto waits_for_space = [&](std::size_t index) {
      if (!outcomes[index]) return true;
      const auto* failure = std::get_if<CompactionFailure>(&*outcomes[index]);
      return failure != nullptr && failure->shortage;
    };
    for (std::uint64_t before = free, now = free; !meter_.asked_to_stop();) {
      for (const std::size_t index : order.partitions) {
        if (!meter_.asked_to_stop() && waits_for_space(index)) attempt(index);
      }
      before = std::exchange(now, files_.free_bytes(root_->path()));
      const bool someone_waits =
          std::any_of(order.partitions.begin(), order.partitions.end(), waits_for_space);
      if (options_.request.dry_run || now <= before || !someone_waits) break;
    }
    // Those that cannot even be begun are told so.
    for (std::size_t i = 0; i < candidates_.size(); ++i) {
      if (!outcomes[i] && !meter_.asked_to_stop()) attempt(i);
      if (outcomes[i]) options_.done(candidates_[i], *outcomes[i]);
    }
  }

  // Of each group that would change. What is wrong is met again when it is its turn.
  std::vector<GroupNeed> survey(const CleaningCandidate& candidate) {
    std::vector<GroupNeed> needs;
    CompactionRequest request = request_for(candidate);
    request.dry_run = true;
    MeteredFileSystem metered(files_, meter_);
    try {
      PartitionCompaction compaction(metered, std::move(request), root_, &checkpoints_);
      if (compaction.plan()) return {};
      while (!compaction.done()) {
        const std::uint64_t before = compaction.report().log_bytes_after;
        const std::uint64_t source = compaction.source_bytes();
        if (compaction.next()) return {};
        const auto freed = static_cast<std::int64_t>(before - compaction.report().log_bytes_after);
        needs.push_back({.scratch_bytes = source - static_cast<std::uint64_t>(freed), .freed_bytes = freed});
      }
    } catch (const IoError&) {
      return {};
    }
    return needs;
  }

  // A partition that is gone on with had more in the beginning.
  static void add_earlier(const CompactionOutcome& earlier, CompactionOutcome& now) {
    const auto* before = std::get_if<CompactionFailure>(&earlier);
    CompactionReport* report = std::get_if<CompactionReport>(&now);
    if (auto* failure = std::get_if<CompactionFailure>(&now)) report = &failure->so_far;
    if (before == nullptr || report == nullptr) return;
    report->log_bytes_before = before->so_far.log_bytes_before;
    report->records_before = before->so_far.records_before;
    report->segments_before = before->so_far.segments_before;
  }

  std::size_t partitions_at_once() const {
    if (options_.fit) return 1;
    return std::clamp<std::size_t>(candidates_.size(), 1, static_cast<std::size_t>(options_.at_once));
  }

  CompactionRequest request_for(const CleaningCandidate& candidate) const {
    CompactionRequest request = options_.request;
    request.jobs = std::max<std::size_t>(static_cast<std::size_t>(options_.jobs) / partitions_at_once(), 1);
    request.memory_bytes /= partitions_at_once();
    request.partition = candidate.folder;
    request.config = candidate.config;
    return request;
  }

  void work() {
    try {
      while (const auto index = take()) {
        const CleaningCandidate& candidate = candidates_[*index];
        options_.begun(candidate);
        CompactionOutcome outcome = compact(candidate);
        options_.ended(candidate);
        tell(*index, std::move(outcome));
      }
    } catch (...) {  // of a thread that cannot throw to anyone
      const std::lock_guard lock(mutex_);
      if (!bug_) bug_ = std::current_exception();
      meter_.ask_to_stop();
    }
  }

  std::optional<std::size_t> take() {
    const std::lock_guard lock(mutex_);
    if (meter_.asked_to_stop() || next_ == candidates_.size()) return std::nullopt;
    return next_++;
  }

  // Passes on what is known from the first that is not yet told.
  void tell(std::size_t index, CompactionOutcome outcome) {
    const std::lock_guard lock(mutex_);
    outcomes_[index] = std::move(outcome);
    for (; told_ < outcomes_.size() && outcomes_[told_]; ++told_) {
      options_.done(candidates_[told_], *outcomes_[told_]);
      outcomes_[told_].reset();
    }
  }

  CompactionOutcome compact(const CleaningCandidate& candidate) {
    static constexpr int kAttempts = 8;
    for (int attempt = 1;; ++attempt) {
      CompactionOutcome outcome = attempt_to_compact(candidate);
      // A dry run may be beside a broker, which renames and removes files at any time.
      const auto* failure = std::get_if<CompactionFailure>(&outcome);
      const bool again = failure != nullptr && failure->error_number == ENOENT && options_.request.dry_run &&
                         attempt < kAttempts && files_.info(candidate.folder);
      if (!again) return outcome;
    }
  }

  CompactionOutcome attempt_to_compact(const CleaningCandidate& candidate) {
    MeteredFileSystem metered(files_, meter_);
    std::optional<PartitionCompaction> compaction;
    CompactionFailure failure;
    try {
      compaction.emplace(metered, request_for(candidate), root_, &checkpoints_);
      if (auto refusal = compaction->plan()) return *refusal;
      while (!compaction->done()) {
        if (auto refusal = step(*compaction, failure)) return *refusal;
        if (!failure.reason.empty()) break;
      }
      if (failure.reason.empty()) {
        std::unique_lock lock(checkpoint_mutex_, std::defer_lock);
        if (options_.request.in_place()) lock.lock();
        if (auto refusal = compaction->finish()) return *refusal;
        settle(candidate, metered.bytes());
        return compaction->report();
      }
    } catch (const IoError& error) {
      failure.reason = error.what();
      failure.error_number = error.error_number();
      failure.stopped = error.error_number() == EINTR && meter_.asked_to_stop();
    }
    settle(candidate, metered.bytes());
    if (compaction) {
      failure.so_far = compaction->report();
      failure.groups_left = compaction->groups_left();
    }
    return failure;
  }

  std::optional<Refusal> step(PartitionCompaction& compaction, CompactionFailure& failure) {
    if (meter_.asked_to_stop()) {
      failure.reason = "stopped";
      failure.stopped = true;
      return std::nullopt;
    }
    if (!options_.request.in_place()) return compaction.next();
    std::uint64_t bytes = compaction.source_bytes();
    if (!space_.fits(bytes)) bytes = compaction.measure_next();
    const auto reserved = space_.reserve(bytes);
    if (const auto* shortage = std::get_if<ScratchSpace::Shortage>(&reserved)) {
      failure.shortage = *shortage;
      failure.error_number = ENOSPC;
      failure.reason = fmt::format("{} bytes are needed to rewrite the next group, {} are free",
                                   shortage->needed_bytes, shortage->free_bytes);
      return std::nullopt;
    }
    return compaction.next();
  }

  // What was expected of it is known now.
  void settle(const CleaningCandidate& candidate, std::uint64_t bytes) {
    meter_.expect(static_cast<std::int64_t>(bytes) -
                  static_cast<std::int64_t>(expected_work_bytes(candidate.log_bytes)));
  }

  const LogDirCompaction& options_;
  FileSystem& files_;
  const std::optional<LogDir>& root_;
  const LogDirCheckpoints& checkpoints_;
  const std::vector<CleaningCandidate>& candidates_;
  WorkMeter& meter_;
  ScratchSpace space_;

  std::mutex mutex_;  // of what follows
  std::vector<std::optional<CompactionOutcome>> outcomes_;
  std::size_t next_ = 0;
  std::size_t told_ = 0;
  std::exception_ptr bug_;
  std::mutex checkpoint_mutex_;
};

}  // namespace

void LogDirCompaction::run(FileSystem& files, const std::optional<LogDir>& root,
                           const LogDirCheckpoints& checkpoints,
                           const std::vector<CleaningCandidate>& candidates, WorkMeter& meter) const {
  std::vector<CleaningCandidate> chosen;
  for (const CleaningCandidate& candidate : candidates) {
    if (candidate.choice == CleaningCandidate::Choice::chosen) chosen.push_back(candidate);
  }
  Run(*this, files, root, checkpoints, chosen, meter).run();
}

}  // namespace kseg
