#include "cli/latest.h"

#include <CLI/CLI.hpp>

#include <iterator>
#include <memory>

#include "cli/counted.h"
#include "cli/output_report.h"
#include "cli/partition_targets.h"
#include "cli/reader_options.h"
#include "cli/record_lines.h"
#include "lib/latest_state.h"

namespace kseg {
namespace {

constexpr const char* kFooter = R"(WHAT IT SHOWS
  For each key its last record, in the order of offsets: what compaction would keep in the end, if it
  could clean the whole log. A key whose last record is a tombstone is absent; a record without a key is
  no state. Read committed, aborted records do not count, and nothing does from the first offset of an
  open transaction on. A partition folder is read as a broker would load it, from the log start, of a log
  directory every partition. A .log file is read as if it was the whole log.

EXIT STATUS
  0  the state was shown
  1  it was, around defects (told on stderr; in jsonl as objects): values may be missing or out of date
  2  the command line is wrong
  3  the system said no: a file is missing or cannot be read, no space, no memory)";

class Latest {
 public:
  Latest(const LatestOptions& options, FileSystem& files, Output& output)
      : options_(options), files_(files), output_(output), report_(output), lines_(output) {}

  void partition(const PartitionTarget& target) {
    const ReadableLog log = ReadableLog::open(files_, target.path, options_.request, report_);
    LatestState state = LatestState::of(files_, log, {.tombstones = options_.tombstones}, report_);
    if (!options_.count) show(target, state);
    ++partitions_;
    add(state.counts());
    end_ = log.range().end;
    if (options_.count) count_of(target, log, state.counts());
  }

  void summary() {
    if (output_.json()) {
      output_.row("summary")
          .field("partitions", partitions_)
          .field("keys", totals_.keys)
          .field("tombstones", totals_.tombstones)
          .field("records", totals_.records)
          .field("without_key", totals_.keyless)
          .field("end_offset", partitions_ == 1 ? std::optional(end_) : std::nullopt)
          .field("defects", output_.defects())
          .end();
      return;
    }
    const auto line = std::back_inserter(output_.line());
    fmt::format_to(line, "{}, {} in {}", count(totals_.keys, "key"), count(totals_.tombstones, "tombstone"),
                   count(totals_.records, "record"));
    if (totals_.keyless > 0) fmt::format_to(line, " ({} without key)", totals_.keyless);
    if (partitions_ == 1)
      fmt::format_to(line, " below offset {}", end_);
    else
      fmt::format_to(line, " of {}", count(partitions_, "partition"));
    fmt::format_to(line, ", {}", count(output_.defects(), "defect"));
    output_.end_line();
  }

 private:
  void show(const PartitionTarget& target, LatestState& state) {
    if (!output_.json()) {
      output_.line().append(target.path.native());
      output_.end_line();
    }
    lines_.begin_partition(target.partition);
    RecordStream records = state.records(report_);
    while (records.next_batch()) {
      lines_.begin_batch(records.batch());
      for (RecordView record; records.next(record);) lines_.record(record);
    }
  }

  void count_of(const PartitionTarget& target, const ReadableLog& log, const StateCounts& counts) {
    Row row = output_.row("state");
    if (output_.json() && target.partition) row.field("partition", to_string(*target.partition));
    row.field("keys", counts.keys)
        .field("tombstones", counts.tombstones)
        .field("records", counts.records)
        .field("without_key", counts.keyless)
        .field("end_offset", log.range().end)
        .field("path", target.path.native())
        .end();
  }

  void add(const StateCounts& counts) {
    totals_.keys += counts.keys;
    totals_.tombstones += counts.tombstones;
    totals_.records += counts.records;
    totals_.keyless += counts.keyless;
  }

  const LatestOptions& options_;
  FileSystem& files_;
  Output& output_;
  OutputReport report_;
  RecordLines lines_;
  std::uint64_t partitions_ = 0;
  StateCounts totals_;
  Offset end_;  // of the last partition
};

}  // namespace

void add_latest_command(CLI::App& app, ChosenCommand& chosen) {
  const auto options = std::make_shared<LatestOptions>();
  CLI::App* command = app.add_subcommand("latest", "Show the state: the last value of each key");
  command->add_option("TARGET", options->targets, "partition folders, .log files, log directories")
      ->type_name("")
      ->required();
  add_output_options(*command, options->output);
  command->add_flag("--count", options->count, "only how many keys there are, a line a partition");
  command->add_flag("--tombstones", options->tombstones,
                    "show tombstones that are the last of their key, too");
  add_reader_options(*command, options->request);
  command->footer(kFooter);
  command->callback([options, &chosen] {
    chosen = {.format = options->output.format,
              .run = [options](Output& output) { return run_latest(*options, output); }};
  });
}

ExitStatus run_latest(const LatestOptions& options, Output& output) {
  FileSystem& files = posix_file_system();
  const auto targets = partition_targets(files, options.targets, "latest", output);
  if (!targets) return ExitStatus::usage;
  Latest latest(options, files, output);
  for (const PartitionTarget& target : *targets) latest.partition(target);
  latest.summary();
  return output.defects() == 0 ? ExitStatus::done : ExitStatus::no;
}

}  // namespace kseg
