#include "cli/undo.h"

#include <CLI/CLI.hpp>

#include <iterator>
#include <map>
#include <memory>

#include "cli/counted.h"
#include "cli/folder_argument.h"
#include "cli/refusal_lines.h"
#include "lib/undo.h"

namespace kseg {
namespace {

constexpr const char* kFooter = R"(WHAT IT DOES
  Puts back each partition that compact --keep-originals DIR kept: its segments with their indexes and
  times, its producer snapshots, its entry in cleaner-offset-checkpoint. Then it removes what was kept,
  which until now took the space that the compaction freed.

  Only while nothing was written since: the log is where it was, and every segment is the one that the
  compaction left. An interrupted compaction, or undo, is no obstacle. After a crash at any point a
  broker starts and finds each group of segments old or new; undo again goes on.

EXIT STATUS
  0  done
  2  the command line is wrong
  3  the system said no: I/O, space, memory
  4  refused, nothing was changed: a broker holds the directory, it was not shut down cleanly, or
     something was written since; of several partitions: some of them)";

class Command {
 public:
  Command(const UndoOptions& options, Output& output)
      : options_(options), output_(output), files_(posix_file_system()) {}

  ExitStatus run() {
    std::vector<std::string> kept;
    for (const DirectoryEntry& entry : files_.list(options_.originals)) {
      const bool ours =
          entry.is_directory && PartitionUndo::holds_originals(files_, options_.originals / entry.name);
      if (ours) kept.push_back(entry.name);
    }
    if (kept.empty()) {
      print(Refusal{.reason = fmt::format("{}: holds no originals", options_.originals.string()),
                    .hint = "name the folder that compact --keep-originals was given"},
            output_);
      return ExitStatus::refused;
    }
    for (const std::string& name : kept) partition(name);
    if (output_.json()) {
      output_.row("summary")
          .field("dry_run", options_.dry_run)
          .field("undone", undone_)
          .field("refused", refused_)
          .end();
    } else if (options_.dry_run) {
      output_.print("dry run, nothing was written");
    }
    return refused_ == 0 ? ExitStatus::done : ExitStatus::refused;
  }

 private:
  void partition(const std::string& name) {
    PartitionUndo undo(files_, options_.originals / name);
    if (undo.root() && !holds_lock_of(*undo.root())) {
      return refuse(name, refuse_running_broker(*undo.root(), "stop the broker first"));
    }
    if (const auto refusal = undo.check()) return refuse(name, *refusal);
    if (!options_.dry_run) {
      if (const auto refusal = undo.run()) return refuse(name, *refusal);
    }
    ++undone_;
    undo.partition().empty() ? report_empty(name) : report(name, undo);
    output_.flush();
  }

  // One lock a log directory, kept until the end: it is not there to keep this process out of itself.
  bool holds_lock_of(const LogDir& root) {
    const auto [held, is_new] = locks_.try_emplace(root.path());
    if (is_new) held->second = root.lock();
    return held->second != nullptr;
  }

  void refuse(const std::string& name, const Refusal& refusal) {
    ++refused_;
    for (const LocatedDefect& defect : refusal.defects) output_.defect(defect.file, defect.defect);
    if (output_.json()) {
      output_.row("refused")
          .field("partition", std::string_view(name))
          .field("reason", std::string_view(refusal.reason))
          .field("hint", std::string_view(refusal.hint))
          .end();
    } else {
      output_.remark(fmt::format("{}: refused: {}", name, refusal.reason));
    }
    for (const std::string& detail : refusal.details) output_.remark("  " + detail);
    if (!output_.json() && !refusal.hint.empty()) output_.remark("hint: " + refusal.hint);
  }

  // Of a compaction that ended before its first swap, or an undo that ended before it had removed all.
  void report_empty(const std::string& name) {
    if (output_.json()) {
      output_.row("partition").field("partition", std::string_view(name)).field("groups_put_back", 0).end();
    } else {
      output_.print("{}: as it was; nothing to put back", name);
    }
  }

  void report(const std::string& name, const PartitionUndo& undo) {
    const PartitionUndo::Report& report = undo.report();
    if (output_.json()) {
      output_.row("partition")
          .field("partition", std::string_view(name))
          .field("folder", std::string_view(undo.partition().native()))
          .field("groups", report.groups)
          .field("groups_put_back", report.groups_swapped)
          .field("segments_before", report.segments_before)
          .field("segments_after", report.segments_after)
          .field("bytes_before", report.log_bytes_before)
          .field("bytes_after", report.log_bytes_after)
          .field("checkpoint", report.checkpoint)
          .end();
      return;
    }
    const std::string checkpoint =
        report.checkpoint ? fmt::format("checkpoint {}", *report.checkpoint) : "no checkpoint";
    output_.print("{}: {} {}: {} -> {} bytes, {} -> {} segments{}", name,
                  count(report.groups_swapped, "group"), options_.dry_run ? "can be put back" : "put back",
                  report.log_bytes_before, report.log_bytes_after, report.segments_before,
                  report.segments_after, undo.root() ? ", " + checkpoint : "");
  }

  const UndoOptions& options_;
  Output& output_;
  FileSystem& files_;
  std::map<Path, std::unique_ptr<FileLock>> locks_;
  std::uint64_t undone_ = 0;
  std::uint64_t refused_ = 0;
};

}  // namespace

void add_undo_command(CLI::App& app, ChosenCommand& chosen) {
  const auto options = std::make_shared<UndoOptions>();
  CLI::App* command = app.add_subcommand("undo", "Put back what a compaction with --keep-originals replaced");
  command->add_option("DIR", options->originals, "the folder that compact --keep-originals was given")
      ->type_name("")
      ->required();
  command->add_flag("-n,--dry-run", options->dry_run, "say what would happen, write nothing");
  add_output_options(*command, options->output);
  command->footer(kFooter);
  command->callback([options, &chosen] {
    chosen = {.format = options->output.format, .run = [options](Output& output) {
                UndoOptions asked = *options;
                asked.originals = folder_path(asked.originals);
                return run_undo(asked, output);
              }};
  });
}

ExitStatus run_undo(const UndoOptions& options, Output& output) {
  return Command(options, output).run();
}

}  // namespace kseg
