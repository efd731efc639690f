#include "cli/reindex.h"

#include <CLI/CLI.hpp>

#include <map>
#include <memory>

#include "cli/cleaning_options.h"
#include "cli/counted.h"
#include "cli/folder_argument.h"
#include "cli/partition_targets.h"
#include "cli/recovery_lines.h"
#include "cli/refusal_lines.h"
#include "cli/root_settings.h"
#include "cli/settings_options.h"
#include "cli/target.h"
#include "lib/log_dir_checkpoints.h"
#include "lib/ordered_work.h"
#include "lib/recovery.h"

namespace kseg {
namespace {

constexpr const char* kFooter = R"(WHAT IT DOES
  Reads each partition whole and writes what is derived from a log and is not what it should be: offset,
  time and transaction indexes, producer snapshots, leader-epoch-checkpoint; as a broker's recovery makes
  them. No .log changes. A partition whose log is damaged is refused: kseg repair is for that.

EXIT STATUS
  0  done, or there was nothing to do
  2  the command line is wrong
  3  the system said no: I/O, space, memory
  4  a partition was refused: a broker holds the directory, a swap is unfinished, the log is damaged, or
     no broker loads it; the others are done)";

// A partition on its way, with all that planning needs.
struct Piece {
  const PartitionTarget* target = nullptr;
  RecoveryRequest request;
  std::optional<std::variant<Recovery, Refusal>> outcome;
};

class Command {
 public:
  Command(const ReindexOptions& options, Output& output)
      : options_(options),
        output_(output),
        files_(posix_file_system()),
        settings_(files_, options.settings, output) {}

  ExitStatus run() {
    for (const std::string& target : options_.targets) {
      const auto kind = target_kind(files_, target);
      if (kind != TargetKind::partition_folder && kind != TargetKind::log_directory) {
        output_.remark(fmt::format("{}: no partition folder or log directory, by its name", target));
        return ExitStatus::usage;
      }
      auto found = partition_targets(files_, {target}, "reindex", output_);
      for (PartitionTarget& partition : *found) add(std::move(partition), kind == TargetKind::log_directory);
    }
    std::vector<Piece> pieces(OrderedWork::slots_for(static_cast<std::size_t>(options_.jobs)));
    std::size_t next = 0;
    const auto take = [&](std::size_t slot) {
      while (next < partitions_.size()) {
        if (begin(partitions_[next++], pieces[slot])) return true;
      }
      return false;
    };
    const auto plan = [&](std::size_t slot, std::size_t) {
      Piece& piece = pieces[slot];
      piece.outcome.emplace(Recovery::plan(files_, piece.request));
    };
    const auto commit = [&](std::size_t slot) {
      finish(pieces[slot]);
      return true;
    };
    OrderedWork{.jobs = static_cast<std::size_t>(options_.jobs),
                .slots = pieces.size(),
                .take = take,
                .prepare = plan,
                .commit = commit}
        .run();
    summary();
    return refused_ > 0 ? ExitStatus::refused : ExitStatus::done;
  }

 private:
  void add(PartitionTarget partition, bool of_log_directory) {
    if (of_log_directory && partition.partition) {
      if (partition.partition->topic == kClusterMetadataTopic) return;  // the controllers' own
      if (!options_.partitions.match(*partition.partition)) return;
    }
    partition.path = folder_path(partition.path);
    partitions_.push_back(std::move(partition));
  }

  bool begin(const PartitionTarget& target, Piece& piece) {
    const auto root = LogDir::parent_of(files_, target.path);
    if (root && !options_.dry_run && !holds_lock_of(*root)) {
      refuse(target, refuse_running_broker(*root, "stop the broker first; --dry-run works beside it"));
      return false;
    }
    const auto topics = settings_.of(root);
    if (const auto* refusal = std::get_if<Refusal>(&topics)) {
      refuse(target, *refusal);
      return false;
    }
    const std::string topic = target.partition ? target.partition->topic : "";
    const TopicConfig config = settings_.of(*std::get<const TopicSettings*>(topics), topic, target.path);
    piece.target = &target;
    piece.request = {.partition = target.path,
                     .recovery_point = Offset{0},
                     .index_interval_bytes = config.index_interval_bytes,
                     .segment_index_bytes = config.segment_index_bytes,
                     .now_ms = options_.now_ms,
                     .producer_expiration_ms = config.producer_id_expiration_ms};
    if (root && target.partition) {
      const auto stored = LogDirCheckpoints::read(*root).of(*target.partition);
      piece.request.log_start = stored.log_start.value_or(Offset{0});
    }
    return true;
  }

  void finish(Piece& piece) {
    if (const auto* refusal = std::get_if<Refusal>(&*piece.outcome)) return refuse(*piece.target, *refusal);
    Recovery& recovery = std::get<Recovery>(*piece.outcome);
    if (const auto refusal = check(*piece.target, recovery)) return refuse(*piece.target, *refusal);
    ++done_;
    files_made_ += recovery.steps().size();
    print(recovery, options_.dry_run ? Tense::would : Tense::will, output_);
    if (options_.dry_run) return;
    output_.flush();
    recovery.carry_out();
  }

  // Only what is derived may change.
  static std::optional<Refusal> check(const PartitionTarget& target, const Recovery& recovery) {
    Refusal refusal{.reason = fmt::format("{}: the log is damaged", target.path.native()),
                    .hint = "kseg repair keeps what is sound of it"};
    bool changes_log = recovery.bytes_lost() > 0;
    for (const RecoveryStep& step : recovery.steps()) {
      if (step.kind == RecoveryStep::Kind::cut) changes_log = true;
      if (step.defect) refusal.defects.push_back({step.file, *step.defect});
      if (step.reason == RecoveryStep::Reason::finished_swap) {
        return Refusal{.reason = fmt::format("{}: an unfinished swap of a cleaning", target.path.native()),
                       .hint = "kseg compact --recover finishes it"};
      }
    }
    return changes_log ? std::optional(std::move(refusal)) : std::nullopt;
  }

  bool holds_lock_of(const LogDir& root) {
    const auto [held, is_new] = locks_.try_emplace(root.path());
    if (is_new) held->second = root.lock();
    return held->second != nullptr;
  }

  void refuse(const PartitionTarget& target, const Refusal& refusal) {
    ++refused_;
    for (const LocatedDefect& defect : refusal.defects) output_.defect(defect.file, defect.defect);
    if (output_.json()) {
      output_.row("refused")
          .field("path", std::string_view(target.path.native()))
          .field("reason", std::string_view(refusal.reason))
          .field("hint", std::string_view(refusal.hint))
          .end();
      return;
    }
    output_.remark("refused: " + refusal.reason);
    for (const std::string& detail : refusal.details) output_.remark("  " + detail);
    if (!refusal.hint.empty()) output_.remark("hint: " + refusal.hint);
  }

  void summary() {
    if (output_.json()) {
      output_.row("summary")
          .field("dry_run", options_.dry_run)
          .field("partitions", done_)
          .field("refused", refused_)
          .field("files", files_made_)
          .end();
      return;
    }
    output_.print("{} {} in {}{}", count(files_made_, "file"),
                  options_.dry_run ? "would be made anew or removed" : "made anew or removed",
                  count(done_, "partition"), refused_ > 0 ? fmt::format(", {} refused", refused_) : "");
  }

  const ReindexOptions& options_;
  Output& output_;
  FileSystem& files_;
  RootSettings settings_;
  std::vector<PartitionTarget> partitions_;
  std::map<Path, std::unique_ptr<FileLock>> locks_;
  std::uint64_t done_ = 0;
  std::uint64_t refused_ = 0;
  std::uint64_t files_made_ = 0;
};

}  // namespace

void add_reindex_command(CLI::App& app, ChosenCommand& chosen) {
  const auto options = std::make_shared<ReindexOptions>();
  options->jobs = static_cast<int>(machine_jobs());
  CLI::App* const command = app.add_subcommand("reindex", "Make damaged or missing indexes anew");
  command->add_option("TARGET", options->targets, "partition folders, log directories")
      ->type_name("")
      ->required();
  command->add_flag("-n,--dry-run", options->dry_run, "say what would be written, write nothing");
  command->add_option("-j,--jobs", options->jobs, "partitions at a time (default: the number of processors)")
      ->type_name("N")
      ->check(CLI::Range(1, 1024));
  add_partition_options(*command, options->partitions);
  add_settings_options(*command, options->settings);
  add_now_option(*command, options->now_ms, "the clock that producers expire by");
  add_output_options(*command, options->output);
  command->footer(kFooter);
  command->callback([options, &chosen] {
    chosen = {.format = options->output.format,
              .run = [options](Output& output) { return run_reindex(*options, output); }};
  });
}

ExitStatus run_reindex(const ReindexOptions& options, Output& output) {
  return Command(options, output).run();
}

}  // namespace kseg
