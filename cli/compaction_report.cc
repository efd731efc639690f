#include "cli/compaction_report.h"

#include <fmt/ranges.h>

#include <cerrno>
#include <iterator>

#include "cli/candidate_reason.h"
#include "cli/counted.h"
#include "cli/refusal_lines.h"
#include "cli/settings_lines.h"

namespace kseg {
namespace {

std::string percent(std::uint64_t part, std::uint64_t whole) {
  return whole == 0 ? "-"
                    : fmt::format("{:.1f} %", 100.0 * static_cast<double>(part) / static_cast<double>(whole));
}

// In JSON.
void add_counts(Row& row, const CompactionReport& report) {
  const CleaningCounts& counts = report.counts;
  row.field("log_start", report.log_start)
      .field("log_end", report.log_end)
      .field("high_watermark",
             report.high_watermark_known ? std::optional{report.high_watermark} : std::nullopt)
      .field("first_dirty", report.first_dirty)
      .field("first_uncleanable", report.first_uncleanable)
      .field("records_before", report.records_before)
      .field("records_after", report.records_after)
      .field("bytes_before", report.log_bytes_before)
      .field("bytes_after", report.log_bytes_after)
      .field("segments_before", report.segments_before)
      .field("segments_after", report.segments_after)
      .field("groups", report.groups)
      .field("groups_unchanged", report.groups_unchanged)
      .field("superseded", counts.superseded)
      .field("tombstones_expired", counts.tombstones_expired)
      .field("aborted", counts.aborted)
      .field("without_key", counts.keyless)
      .field("markers_expired", counts.markers_expired)
      .field("batches_copied", counts.batches_verbatim)
      .field("batches_rebuilt", counts.batches_rebuilt)
      .field("batches_emptied", counts.batches_emptied)
      .field("batches_dropped", counts.batches_dropped)
      .field("distinct_keys", report.distinct_keys)
      .field("key_set_bytes", report.key_set_bytes)
      .field("checkpoint", report.checkpoint);
}

class PartitionReport {
 public:
  PartitionReport(const CompactionRequest& request, double seconds, Output& output)
      : request_(request), seconds_(seconds), output_(output) {}

  void print(const CompactionReport& report) {
    for (const std::string& warning : report.warnings) output_.remark("note: " + warning);
    output_.json() ? print_json(report) : print_text(report);
  }

 private:
  double bytes_per_second(const CompactionReport& report) const {
    return seconds_ > 0 ? static_cast<double>(report.log_bytes_before) / seconds_ : 0;
  }

  void print_text(const CompactionReport& report) {
    const CleaningCounts& counts = report.counts;
    output_.print("{}: dirty from offset {} to {}, log {}..{}", request_.partition.string(),
                  report.first_dirty, report.first_uncleanable, report.log_start, report.log_end);
    if (!report.ran) return output_.print("nothing to clean");
    output_.print("records   {} -> {} ({} left)", report.records_before, report.records_after,
                  percent(report.records_after, report.records_before));
    output_.print("bytes     {} -> {} ({} left)", report.log_bytes_before, report.log_bytes_after,
                  percent(report.log_bytes_after, report.log_bytes_before));
    output_.print("segments  {} -> {} ({} of {} groups left as they are)", report.segments_before,
                  report.segments_after, report.groups_unchanged, report.groups);
    output_.print(
        "dropped   {} superseded, {} expired tombstones, {} aborted, {} without key, {} expired markers",
        counts.superseded, counts.tombstones_expired, counts.aborted, counts.keyless, counts.markers_expired);
    output_.print("batches   {} copied, {} rebuilt, {} emptied, {} dropped", counts.batches_verbatim,
                  counts.batches_rebuilt, counts.batches_emptied, counts.batches_dropped);
    output_.print("keys      {} distinct in the dirty section", report.distinct_keys);
    if (report.checkpoint) output_.print("checkpoint {}", *report.checkpoint);
    output_.print("{} in {:.3f} s, {:.1f} MB/s", request_.dry_run ? "dry run, nothing was written," : "done",
                  seconds_, bytes_per_second(report) / 1e6);
  }

  void print_json(const CompactionReport& report) {
    Row row = output_.row("summary");
    row.field("partition", std::string_view(request_.partition.native()))
        .field("ran", report.ran)
        .field("dry_run", request_.dry_run);
    add_counts(row, report);
    row.field("milliseconds", static_cast<std::int64_t>(seconds_ * 1000))
        .field("bytes_per_second", static_cast<std::int64_t>(bytes_per_second(report)))
        .end();
  }

  const CompactionRequest& request_;
  double seconds_;
  Output& output_;
};

}  // namespace

void print_report(const CompactionRequest& request, const CompactionReport& report, double seconds,
                  Output& output) {
  PartitionReport(request, seconds, output).print(report);
}

void print_survey(const FitOrder& order, std::uint64_t free_bytes, Output& output) {
  if (output.json()) {
    output.row("fit")
        .field("free_bytes", free_bytes)
        .field("partitions", order.partitions.size())
        .field("freed_bytes", order.freed_bytes)
        .field("scratch_bytes", order.scratch_bytes)
        .field("least_scratch_bytes", order.least_scratch_bytes)
        .field("most_scratch_bytes", order.most_scratch_bytes)
        .end();
    return;
  }
  output.print("{} free; a group needs {} to {} bytes for a while", count(free_bytes, "byte"),
               order.least_scratch_bytes, order.most_scratch_bytes);
  output.print("{} can be begun, which frees {} and takes {} at a time",
               count(order.partitions.size(), "partition"), count(order.freed_bytes, "byte"),
               count(order.scratch_bytes, "byte"));
}

void LogDirReport::pass_over(const CleaningCandidate& candidate) {
  switch (candidate.choice) {
    case CleaningCandidate::Choice::chosen: return;
    case CleaningCandidate::Choice::refused: return refuse(candidate, *candidate.refusal);
    case CleaningCandidate::Choice::stray: ++stray_; break;
    case CleaningCandidate::Choice::not_compacted: ++not_compacted_; break;
    case CleaningCandidate::Choice::nothing_to_clean: ++nothing_to_clean_; break;
    case CleaningCandidate::Choice::not_dirty_enough: ++not_dirty_enough_; break;
  }
  if (!verbose_) return;
  const std::string partition = to_string(candidate.partition);
  if (output_.json()) {
    output_.row("passed_over")
        .field("partition", std::string_view(partition))
        .field("reason", std::string_view(reason_of(candidate)))
        .end();
  } else {
    output_.print("{}: passed over: {}", partition, reason_of(candidate));
  }
  if (candidate.choice != CleaningCandidate::Choice::not_compacted &&
      candidate.choice != CleaningCandidate::Choice::stray)
    print_settings(partition, candidate.config, output_);
}

void LogDirReport::done(const CleaningCandidate& candidate, const CompactionOutcome& outcome) {
  if (const auto* refusal = std::get_if<Refusal>(&outcome)) return refuse(candidate, *refusal);
  if (const auto* failure = std::get_if<CompactionFailure>(&outcome)) return fail(candidate, *failure);
  report(candidate, std::get<CompactionReport>(outcome));
}

void LogDirReport::refuse(const CleaningCandidate& candidate, const Refusal& refusal) {
  const std::string partition = to_string(candidate.partition);
  refused_.push_back(partition);
  for (const LocatedDefect& defect : refusal.defects) output_.defect(defect.file, defect.defect);
  if (output_.json()) {
    output_.row("refused")
        .field("partition", std::string_view(partition))
        .field("reason", std::string_view(refusal.reason))
        .field("hint", std::string_view(refusal.hint))
        .end();
    return;
  }
  output_.remark(fmt::format("{}: refused: {}", partition, refusal.reason));
  for (const std::string& detail : refusal.details) output_.remark("  " + detail);
  if (!refusal.hint.empty()) output_.remark("hint: " + refusal.hint);
}

void LogDirReport::fail(const CleaningCandidate& candidate, const CompactionFailure& failure) {
  const std::string partition = to_string(candidate.partition);
  if (!failure.stopped) failed_.push_back(partition);
  lacked_space_ |= failure.error_number == ENOSPC;
  const CompactionReport& so_far = failure.so_far;
  const std::uint64_t freed = so_far.log_bytes_before - so_far.log_bytes_after;
  const std::string left = failure.groups_left == 0
                               ? ""
                               : fmt::format("; {} left, {} freed before",
                                             count(failure.groups_left, "group"), count(freed, "byte"));
  if (output_.json()) {
    Row row = output_.row(failure.stopped ? "stopped" : "failed");
    row.field("partition", std::string_view(partition)).field("reason", std::string_view(failure.reason));
    if (failure.shortage) {
      row.field("needed_bytes", failure.shortage->needed_bytes)
          .field("free_bytes", failure.shortage->free_bytes);
    }
    row.field("groups_left", failure.groups_left).field("bytes_freed", freed).end();
    return;
  }
  output_.remark(fmt::format("{}: {}: {}{}", partition, failure.stopped ? "stopped" : "failed",
                             failure.stopped ? "asked to" : failure.reason, left));
}

void LogDirReport::report(const CleaningCandidate& candidate, const CompactionReport& report) {
  ++compacted_;
  bytes_before_ += report.log_bytes_before;
  bytes_after_ += report.log_bytes_after;
  const std::string partition = to_string(candidate.partition);
  for (const std::string& warning : report.warnings)
    output_.remark(fmt::format("{}: note: {}", partition, warning));
  if (output_.json()) {
    Row row = output_.row("partition");
    row.field("partition", std::string_view(partition));
    add_counts(row, report);
    row.end();
  } else {
    output_.print("{}: {} -> {} bytes ({} left), {} -> {} records, dirty {}..{}{}", partition,
                  report.log_bytes_before, report.log_bytes_after,
                  percent(report.log_bytes_after, report.log_bytes_before), report.records_before,
                  report.records_after, report.first_dirty, report.first_uncleanable,
                  report.checkpoint ? fmt::format(", checkpoint {}", *report.checkpoint) : "");
  }
  if (verbose_) print_settings(partition, candidate.config, output_);
}

void LogDirReport::summary(double seconds, bool stopped) {
  if (output_.json()) return summary_json(seconds, stopped);
  const std::string passed_over =
      fmt::format("passed over: {} not dirty enough, {} with nothing to clean, {} not of compacted topics{}",
                  not_dirty_enough_, nothing_to_clean_, not_compacted_,
                  stray_ == 0 ? "" : fmt::format(", {} stray", stray_));
  if (compacted_ == 0) {
    output_.print("nothing {}; {}", dry_run_ ? "would be compacted" : "compacted", passed_over);
  } else {
    output_.print("{} {}: {} -> {} bytes; {}", count(compacted_, "partition"),
                  dry_run_ ? "would be compacted" : "compacted", bytes_before_, bytes_after_, passed_over);
  }
  output_.print("{} in {:.3f} s", dry_run_ ? "dry run, nothing was written," : "done", seconds);
  if (to_be_recovered_ > 0) {
    output_.remark(fmt::format("note: {} to be recovered first, and not looked at further",
                               count(to_be_recovered_, "partition")));
  }
  const auto list = [&](std::string_view what, const std::vector<std::string>& partitions) {
    if (!partitions.empty()) output_.remark(fmt::format("{}: {}", what, fmt::join(partitions, ", ")));
  };
  list("refused", refused_);
  list("failed", failed_);
  if (lacked_space_) output_.remark("hint: --fit takes first what frees most for the least space");
  if (stopped) output_.remark("stopped as asked; what is done stays, the rest is as it was");
}

void LogDirReport::summary_json(double seconds, bool stopped) {
  output_.row("summary")
      .field("dry_run", dry_run_)
      .field("compacted", compacted_)
      .field("not_dirty_enough", not_dirty_enough_)
      .field("nothing_to_clean", nothing_to_clean_)
      .field("not_compacted", not_compacted_)
      .field("stray", stray_)
      .field("to_be_recovered", to_be_recovered_)
      .field("refused", refused_.size())
      .field("failed", failed_.size())
      .field("stopped", stopped)
      .field("bytes_before", bytes_before_)
      .field("bytes_after", bytes_after_)
      .field("milliseconds", static_cast<std::int64_t>(seconds * 1000))
      .end();
}

ExitStatus LogDirReport::status() const {
  if (!failed_.empty()) return ExitStatus::system;
  return refused_.empty() ? ExitStatus::done : ExitStatus::refused;
}

}  // namespace kseg
