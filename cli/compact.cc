#include "cli/compact.h"

#include <CLI/CLI.hpp>

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <set>

#include "cli/cleaning_options.h"
#include "cli/compaction_report.h"
#include "cli/folder_argument.h"
#include "cli/interrupt.h"
#include "cli/progress_bar.h"
#include "cli/receipt.h"
#include "cli/refusal_lines.h"
#include "cli/root_settings.h"
#include "cli/settings_lines.h"
#include "cli/settings_options.h"
#include "cli/size_argument.h"
#include "cli/target.h"
#include "cli/time_argument.h"
#include "lib/log_dir_compaction.h"
#include "lib/originals.h"

namespace kseg {
namespace {

constexpr const char* kFooter = R"(WHAT IT DOES
  For each key the last value stays, older ones go. Order and offsets never change; the active segment
  and undecided transactions are not touched. Tombstones and transaction markers go once they are due:
  marked in one run, removed by a run after delete.retention.ms. Replicas are cleaned by their own
  clocks: one that has not yet fetched a tombstone that is gone here keeps the deleted value, which is
  what --keep-tombstones and --keep-markers are for.

  In place, each group of segments is written beside, read back and swapped in as a broker does, so
  that a broker that starts after a crash at any point recovers by itself. A partition is compacted only
  if its topic is: as __cluster_metadata says, or --config cleanup.policy=compact; where neither is
  there, cleaner-offset-checkpoint counts.

  Of a log directory, those partitions are compacted that the broker's cleaner would take, dirtiest
  first: above min.cleanable.dirty.ratio, or overdue by max.compaction.lag.ms. What is damaged is told
  and left as it is; the others go on. Ctrl-C stops, with every partition sound; a second one at once.

EXIT STATUS
  0  done, or there was nothing to clean
  2  the command line is wrong
  3  the system said no: I/O, space, memory; or it was stopped
  4  refused: a broker holds the directory, it was not shut down cleanly, a swap is unfinished, the
     input is damaged, or the topic is not known to be compacted; of a log directory: some of it)";

constexpr std::uint64_t kMinMemoryBytes = std::uint64_t{1} << 20;
constexpr std::uint64_t kMaxDefaultMemoryBytes = std::uint64_t{1} << 30;

// A quarter of the machine's.
std::uint64_t default_memory_bytes() {
  const auto pages = static_cast<std::uint64_t>(std::max(0L, ::sysconf(_SC_PHYS_PAGES)));
  const auto page_bytes = static_cast<std::uint64_t>(std::max(0L, ::sysconf(_SC_PAGESIZE)));
  return std::clamp(pages * page_bytes / 4, kMinMemoryBytes, kMaxDefaultMemoryBytes);
}

double seconds_since(std::chrono::steady_clock::time_point begin) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

class Command {
 public:
  Command(const CompactOptions& options, Output& output)
      : options_(options),
        output_(output),
        files_(options.work.files()),
        is_log_dir_(target_kind(files_, options.target) == TargetKind::log_directory),
        root_(is_log_dir_ ? LogDir::at(files_, options.target) : LogDir::parent_of(files_, options.target)),
        settings_(files_, options.settings, output),
        meter_(options.work.max_bytes_per_second) {
    if (options.receipt) receipt_.emplace(files_, options.request);
  }

  ExitStatus run() {
    if (auto refusal = prepare()) {
      print(*refusal, output_);
      write_receipt(refusal->reason);
      return ExitStatus::refused;
    }
    const Interrupt interrupt(meter_);
    ExitStatus status = is_log_dir_ ? log_directory() : partition();
    write_receipt();
    if (tell_what_changed()) status = ExitStatus::no;
    if (is_log_dir_ || status != ExitStatus::refused) tell_about_originals();
    return status;
  }

 private:
  bool in_place() const { return options_.request.in_place(); }

  std::optional<Refusal> prepare() {
    if (is_log_dir_ && !root_) {
      return Refusal{
          .reason = fmt::format("{}: none of a log directory's own files is here", options_.target.string()),
          .hint = "of copied partition folders, name each"};
    }
    if (root_ && in_place()) {
      lock_ = root_->lock();
      if (!lock_) {
        return refuse_running_broker(*root_, "stop the broker first; --dry-run and --output work beside it");
      }
    }
    if (root_ && is_log_dir_ && in_place() && !options_.recovery.recover && !root_->cleanly_shut_down())
      return refuse_unclean(*root_, "--recover does what a broker would do first; --dry-run works as it is");
    if (root_ && !in_place() && root_->in_use()) {
      output_.remark(
          fmt::format("note: {}: in use by a broker: what is said is a snapshot", root_->path().string()));
    }
    if (root_) checkpoints_ = LogDirCheckpoints::read(*root_);
    if (is_log_dir_) {
      for (const std::string_view name : {kLogStartCheckpoint, kReplicationCheckpoint, kCleanerCheckpoint}) {
        if (const Defect* defect = checkpoints_.defect(name))
          return refuse_checkpoint(root_->path() / name, *defect);
      }
    }
    auto settings = settings_.of(root_);
    if (auto* refusal = std::get_if<Refusal>(&settings)) return std::move(*refusal);
    topics_ = std::get<const TopicSettings*>(settings);
    const auto& originals = options_.request.keep_originals;
    return originals ? Originals::prepare(files_, *originals, !in_place()) : std::nullopt;
  }

  void write_receipt(const std::optional<std::string>& refused = {}) {
    if (!receipt_) return;
    receipt_->write(*options_.receipt,
                    {.target = options_.target,
                     .log_directory = root_ ? std::optional(root_->path()) : std::nullopt,
                     .time_ms = wall_clock_ms(),
                     .all = options_.all,
                     .fit = options_.fit,
                     .jobs = options_.work.jobs(),
                     .compat = options_.compat,
                     .stopped = meter_.asked_to_stop(),
                     .refused = refused},
                    candidates_);
  }

  bool tell_what_changed() {
    if (!receipt_) return false;
    const auto changed = receipt_->changed();
    for (const std::string& partition : changed) {
      output_.remark(
          fmt::format("{}: THE STATE AFTER IS NOT THE STATE BEFORE: keep what you have of this "
                      "partition; a bug of kseg, or the disk gives other bytes than it was given",
                      partition));
    }
    return !changed.empty();
  }

  void tell_about_originals() {
    const auto& originals = options_.request.keep_originals;
    if (!originals || !in_place() || files_.list(*originals).empty()) return;
    output_.remark(fmt::format(
        "note: {}: holds the originals, and their space until it is removed; kseg undo puts them back",
        originals->string()));
  }

  // The one that was named.
  ExitStatus partition() {
    const auto name = partition_of_folder(options_.target);
    CleaningCandidate candidate{.folder = options_.target,
                                .partition = name ? name->partition : TopicPartition{},
                                .choice = CleaningCandidate::Choice::chosen};
    candidate.config = settings_.of(*topics_, candidate.partition.topic, candidate.folder);
    candidates_ = {candidate};
    if (options_.recovery.recover) {
      const Recovered recovered = recover(candidate.partition, candidate.folder, candidate.config);
      if (recovered == Recovered::refused) return ExitStatus::refused;
      if (recovered == Recovered::unsound) {
        output_.remark("note: what comes after its recovery is not looked at in a dry run");
        return ExitStatus::done;
      }
    }
    candidate.log_bytes = log_bytes();
    ExitStatus status = ExitStatus::done;
    candidates_ = {candidate};
    run_with_bar(candidates_, compaction(), [&](const CleaningCandidate&, const CompactionOutcome& outcome) {
      if (const auto* refusal = std::get_if<Refusal>(&outcome)) {
        print(*refusal, output_);
        status = ExitStatus::refused;
      } else if (const auto* failure = std::get_if<CompactionFailure>(&outcome)) {
        LogDirReport report(options_.request.dry_run, options_.verbose, output_);
        report.done(candidate, *failure);
        status = ExitStatus::system;
      } else {
        CompactionRequest request = options_.request;
        request.partition = options_.target;
        print_report(request, std::get<CompactionReport>(outcome), seconds_since(begin_), output_);
        if (options_.verbose) print_settings(to_string(candidate.partition), candidate.config, output_);
      }
    });
    return status;
  }

  std::uint64_t log_bytes() const {
    const PartitionLog log = PartitionLog::open(files_, options_.target);
    std::uint64_t bytes = 0;
    for (const Segment& segment : log.segments()) bytes += segment.size_bytes;
    return bytes;
  }

  Recovered recover(const TopicPartition& partition, const Path& folder, const TopicConfig& config) {
    return kseg::recover(files_, root_, checkpoints_.of(partition), folder, config, options_.recovery,
                         options_.request.now_ms, options_.request.dry_run, output_);
  }

  // All partitions that are meant, compacted or not. Those that are not sound then are left alone.
  std::set<TopicPartition> recover_all(LogDirReport& report) {
    std::set<TopicPartition> unsound;
    for (const DirectoryEntry& entry : files_.list(root_->path())) {
      const auto name = entry.is_directory ? parse_partition_folder_name(entry.name) : std::nullopt;
      if (!name || name->kind != PartitionFolderKind::current) continue;
      const TopicPartition& partition = name->partition;
      if (partition.topic == kClusterMetadataTopic || !options_.partitions.match(partition)) continue;
      const Path folder = root_->path() / entry.name;
      const Recovered recovered = recover(partition, folder, settings_.of(*topics_, partition.topic, folder));
      if (recovered == Recovered::sound) continue;
      unsound.insert(partition);
      recovered == Recovered::refused ? report.refused(partition) : report.to_be_recovered();
    }
    return unsound;
  }

  ExitStatus log_directory() {
    LogDirReport report(options_.request.dry_run, options_.verbose, output_);
    std::set<TopicPartition> unsound;
    if (options_.recovery.recover) unsound = recover_all(report);
    const CandidateOptions asked{
        .all = options_.all,
        .now_ms = options_.request.now_ms,
        .selects =
            [&](const TopicPartition& partition) {
              return options_.partitions.match(partition) && !unsound.contains(partition);
            },
        .is_stray = [&](const TopicPartition& partition,
                        const Path& folder) { return is_stray(partition, folder); },
        .config_of = [&](const TopicPartition& partition,
                         const Path& folder) { return settings_.of(*topics_, partition.topic, folder); }};
    candidates_ = cleaning_candidates(files_, *root_, checkpoints_, asked);
    for (const CleaningCandidate& candidate : candidates_) {
      report.pass_over(candidate);
      // As a broker does when it looks, whether or not it then cleans.
      if (in_place() && candidate.range && candidate.range->checkpoint_reset) {
        root_->write_checkpoint(kCleanerCheckpoint, candidate.partition,
                                candidate.range->validated_first_dirty);
      }
    }
    run_with_bar(candidates_, compaction(),
                 [&](const CleaningCandidate& candidate, const CompactionOutcome& outcome) {
                   report.done(candidate, outcome);
                 });
    report.summary(seconds_since(begin_), meter_.asked_to_stop());
    return meter_.asked_to_stop() ? ExitStatus::system : report.status();
  }

  // Where the metadata is whole and says so.
  bool is_stray(const TopicPartition& partition, const Path& folder) {
    if (!topics_->metadata() || !topics_->metadata()->defects().empty()) return false;
    const auto assignment = topics_->assignment(partition, topic_id_of(files_, folder));
    return assignment && kseg::is_stray(*assignment);
  }

  LogDirCompaction compaction() const {
    return {.request = options_.request,
            .jobs = options_.work.jobs(),
            .at_once = options_.work.partitions_at_once(),
            .fit = options_.fit,
            .done = {}};
  }

  template <typename Done>
  void run_with_bar(const std::vector<CleaningCandidate>& candidates, LogDirCompaction run, Done done) {
    ProgressBar bar(meter_, options_.work.shows_progress(), standard_error());
    run.begun = [&](const CleaningCandidate& candidate) {
      bar.begin(to_string(candidate.partition));
      if (receipt_) receipt_->begin(candidate);
    };
    run.ended = [&](const CleaningCandidate& candidate) {
      if (receipt_) receipt_->end(candidate);
    };
    run.done = [&](const CleaningCandidate& candidate, const CompactionOutcome& outcome) {
      bar.end(to_string(candidate.partition));
      const ProgressBar::Pause pause(bar);
      if (receipt_) receipt_->done(candidate, outcome);
      done(candidate, outcome);
      output_.flush();
    };
    run.surveyed = [&](const FitOrder& order, std::uint64_t free_bytes) {
      const ProgressBar::Pause pause(bar);
      print_survey(order, free_bytes, output_);
      output_.flush();
    };
    run.run(files_, root_, checkpoints_, candidates, meter_);
  }

  const CompactOptions& options_;
  Output& output_;
  std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
  FileSystem& files_;
  bool is_log_dir_;
  std::optional<LogDir> root_;
  std::unique_ptr<FileLock> lock_;
  LogDirCheckpoints checkpoints_;
  RootSettings settings_;
  const TopicSettings* topics_ = nullptr;
  std::vector<CleaningCandidate> candidates_;
  std::optional<Receipt> receipt_;
  WorkMeter meter_;
};

// Words as they were given; turned into the request when the whole line is known.
struct Words {
  CompactOptions options;
  std::string output;
  std::string originals;
  std::string receipt;
  std::optional<std::int64_t> first_dirty;
  std::optional<std::int64_t> first_uncleanable;
  std::optional<std::uint64_t> memory_bytes;
};

// $TMPDIR, or where the system has it.
Path temporary_folder() {
  std::error_code error;
  const Path folder = std::filesystem::temp_directory_path(error);
  return error ? Path("/tmp") : folder;
}

CompactOptions validate(const Words& words) {
  CompactOptions options = words.options;
  options.target = folder_path(options.target);
  CompactionRequest& request = options.request;
  request.temporary = temporary_folder();
  request.memory_bytes = words.memory_bytes ? *words.memory_bytes : default_memory_bytes();
  if (!words.output.empty()) request.output = folder_path(words.output);
  if (!words.receipt.empty()) options.receipt = words.receipt;
  if (!words.originals.empty()) request.keep_originals = folder_path(words.originals);
  const auto compat = parse_compat(words.options.compat);
  if (!compat)
    throw CLI::ValidationError("--compat", "takes 3.9.1, 4.3 or 4.4, not '" + words.options.compat + "'");
  request.compat = *compat;
  request.recovered = options.recovery.recover;
  if (words.first_dirty) request.first_dirty = Offset{*words.first_dirty};
  if (words.first_uncleanable) request.first_uncleanable = Offset{*words.first_uncleanable};
  return options;
}

std::uint64_t parse_memory(const std::string& text) {
  const auto bytes = parse_size_bytes(text);
  if (!bytes || *bytes < kMinMemoryBytes)
    throw CLI::ValidationError("--memory", "takes 1MiB or more, such as 64MiB, not '" + text + "'");
  return *bytes;
}

// What makes sense for one partition alone, or for a log directory alone.
std::optional<std::string> misplaced_option(const CompactOptions& options, bool is_log_dir) {
  const CompactionRequest& request = options.request;
  if (request.output && options.recovery.recover) return "--recover works in place, not with --output";
  if (!is_log_dir && options.fit) return "--fit takes a log directory, not one partition";
  if (is_log_dir && request.output) return "--output takes one partition, not a log directory";
  if (is_log_dir && request.first_dirty) return "--first-dirty takes one partition, not a log directory";
  if (is_log_dir && request.first_uncleanable)
    return "--first-uncleanable takes one partition, not a log directory";
  const bool chooses =
      options.all || !options.partitions.topics.empty() || !options.partitions.partitions.empty();
  if (options.receipt && request.output) return "--receipt is of a compaction in place, or of a dry run";
  if (request.keep_originals && options.fit)
    return "--fit needs the space of what is replaced, which --keep-originals keeps";
  if (request.keep_originals && request.output)
    return "--keep-originals keeps what is replaced, and --output replaces nothing";
  if (!is_log_dir && chooses) return "--all, --topic and --partition take a log directory, not one partition";
  return std::nullopt;
}

}  // namespace

void add_compact_command(CLI::App& app, ChosenCommand& chosen) {
  auto* command =
      app.add_subcommand("compact", "Keep the last value of each key, as a broker's log cleaner does");
  const auto words = std::make_shared<Words>();
  CompactionRequest& request = words->options.request;
  CompactOptions& options = words->options;
  command
      ->add_option("TARGET", options.target,
                   "a log directory, or a partition folder such as /var/kafka-logs/orders-0")
      ->type_name("")
      ->required();
  command->add_option("--output", words->output, "write a complete new folder, leave the partition alone");
  command
      ->add_option("--keep-originals", words->originals,
                   "keep what is replaced, for kseg undo: hard links in this folder on the same file system")
      ->type_name("DIR");
  command
      ->add_option("--receipt", words->receipt,
                   "say in this file what was done, with digests of the state before and after")
      ->type_name("FILE");
  command->add_flag("-n,--dry-run", request.dry_run, "say what would happen, write nothing");
  command->add_flag("-v,--verbose", options.verbose,
                    "also each setting and where it comes from, and why a partition is passed over");
  command->add_flag("--all", options.all, "of a log directory also what is not dirty enough");
  command->add_flag("--fit", options.fit,
                    "for a disk that is nearly full: first what frees most for the least space");
  add_recovery_options(*command, options.recovery);
  add_partition_options(*command, options.partitions);
  add_settings_options(*command, options.settings);
  command->add_option("--compat", options.compat,
                      "the release whose cleaner to equal: 3.9.1, 4.3 (default), 4.4");
  command->add_flag("--keep-tombstones", request.keep_tombstones, "drop no tombstone that is due");
  command->add_flag("--keep-markers", request.keep_markers, "drop no transaction marker that is due");
  command
      ->add_option("--first-dirty", words->first_dirty,
                   "where the dirty section begins (default: the cleaner checkpoint)")
      ->check(CLI::NonNegativeNumber)
      ->type_name("OFFSET");
  command
      ->add_option("--first-uncleanable", words->first_uncleanable,
                   "where to stop (default: as a broker would)")
      ->check(CLI::NonNegativeNumber)
      ->type_name("OFFSET");
  command
      ->add_option_function<std::string>(
          "--memory", [words](const std::string& text) { words->memory_bytes = parse_memory(text); },
          "memory for keys, all partitions together; what is more goes to temporary files")
      ->type_name("SIZE");
  add_now_option(*command, request.now_ms);
  add_work_options(*command, options.work);
  add_output_options(*command, options.output);
  command->footer(kFooter);
  command->callback([words, &chosen] {
    const CompactOptions asked = validate(*words);
    chosen.format = asked.output.format;
    chosen.run = [asked](Output& output) { return run_compact(asked, output); };
  });
}

ExitStatus run_compact(const CompactOptions& options, Output& output) {
  const bool is_log_dir = target_kind(options.work.files(), options.target) == TargetKind::log_directory;
  if (const auto misplaced = misplaced_option(options, is_log_dir)) {
    output.remark("kseg: " + *misplaced + "\nTry: kseg compact --help");
    return ExitStatus::usage;
  }
  if (options.receipt) {  // not only when all is done
    const Path folder = options.receipt->has_parent_path() ? options.receipt->parent_path() : Path(".");
    const auto info = options.work.files().info(folder);
    if (!info || !info->is_directory) {
      output.remark(
          fmt::format("kseg: --receipt: {} is no folder\nTry: kseg compact --help", folder.string()));
      return ExitStatus::usage;
    }
  }
  options.work.take_priority();
  return Command(options, output).run();
}

}  // namespace kseg
