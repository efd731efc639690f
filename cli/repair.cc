#include "cli/repair.h"

#include <CLI/CLI.hpp>

#include <memory>

#include "cli/cleaning_options.h"
#include "cli/counted.h"
#include "cli/folder_argument.h"
#include "cli/output_report.h"
#include "cli/refusal_lines.h"
#include "cli/root_settings.h"
#include "cli/settings_options.h"
#include "cli/target.h"
#include "lib/log_check.h"
#include "lib/log_dir_checkpoints.h"

namespace kseg {
namespace {

constexpr const char* kFooter = R"(WHAT IT DOES
  If an in-sync replica of the partition exists, do not repair: delete the folder, start the broker, and
  let it replicate. What is repaired here has a hole that is never fetched again.

  Keeps every batch whose header, crc, records and offsets are right, at its offset, and takes out the
  bytes between them: the smallest ranges that hold what is damaged. These are kept as files named
  cut-SEGMENT-POSITION, and the offsets that were in them are told; of a compacted log not all of those
  were ever there. Then indexes, transaction indexes, producer snapshots and leader epochs are made anew,
  as a broker's recovery does, and everything is read once more: what verify would say is told.

  --salvage also keeps the records of a damaged batch that can be read one by one, from its first to the
  one before the damage. Nothing proves them: a byte that is wrong in a value is a value.

EXIT STATUS
  0  done: what is there now is sound
  1  something is damaged still, or, with --dry-run, something is damaged
  2  the command line is wrong
  3  the system said no: I/O, space, memory
  4  refused: a broker holds the directory, a swap is unfinished, a segment has the wrong name, or a
     broker would not take what is left)";

class Command {
 public:
  Command(const RepairOptions& options, Output& output)
      : options_(options),
        output_(output),
        files_(posix_file_system()),
        root_(LogDir::parent_of(files_, options.request.partition)) {}

  ExitStatus run() {
    output_.remark(
        "note: if an in-sync replica exists, delete this folder and let the broker replicate it: a hole "
        "that is repaired is never fetched again");
    RepairRequest request = options_.request;
    if (auto refusal = prepare(request)) return refuse(*refusal);
    auto planned = Repair::plan(files_, request);
    if (const auto* refusal = std::get_if<Refusal>(&planned)) return refuse(*refusal);
    Repair& repair = std::get<Repair>(planned);
    if (options_.dry_run) {
      tell(repair);
      const bool damaged = !repair.cuts().empty() || repair.bad_epochs();
      return damaged ? ExitStatus::no : ExitStatus::done;
    }
    if (const auto refusal = repair.carry_out()) return refuse(*refusal);
    tell(repair);
    OutputReport report(output_);
    verify(LogCheck::of_folder(files_, request.output.value_or(request.partition), {}, report));
    return report.counts().defects == 0 ? ExitStatus::done : ExitStatus::no;
  }

 private:
  std::optional<Refusal> prepare(RepairRequest& request) {
    if (root_ && options_.in_place) {
      lock_ = root_->lock();
      if (!lock_)
        return refuse_running_broker(*root_, "stop the broker first; --dry-run and --output work beside it");
    }
    RootSettings settings(files_, options_.settings, output_);
    const auto topics = settings.of(root_);
    if (const auto* refusal = std::get_if<Refusal>(&topics)) return *refusal;
    const auto partition = partition_of_folder(request.partition);
    const std::string topic = partition ? partition->partition.topic : "";
    const TopicConfig config = settings.of(*std::get<const TopicSettings*>(topics), topic, request.partition);
    request.index_interval_bytes = config.index_interval_bytes;
    request.segment_index_bytes = config.segment_index_bytes;
    request.producer_expiration_ms = config.producer_id_expiration_ms;
    if (root_ && partition) {
      const auto stored = LogDirCheckpoints::read(*root_).of(partition->partition);
      request.log_start = stored.log_start.value_or(Offset{0});
    }
    return std::nullopt;
  }

  ExitStatus refuse(const Refusal& refusal) {
    print(refusal, output_);
    return ExitStatus::refused;
  }

  void tell(const Repair& repair) {
    for (std::size_t i = 0; i < repair.cuts().size(); ++i) {
      const Path kept = options_.dry_run ? Path() : repair.kept()[i];
      output_.json() ? row(repair.cuts()[i], kept) : line(repair.cuts()[i], kept);
    }
    if (repair.bad_epochs()) tell_epochs(*repair.bad_epochs());
    for (const RecoveryStep& step : repair.derived()) {
      if (!output_.json()) continue;
      output_.row("derived")
          .field("action", name(step.kind))
          .field("file", std::string_view(step.file.filename().native()))
          .field("bytes", step.size_bytes)
          .end();
    }
    summary(repair);
  }

  // Of the segment's last damage nobody knows where its offsets ended.
  static std::optional<Offset> last_of(const OffsetRange& offsets) {
    if (offsets.end == OffsetRange{}.end) return std::nullopt;
    return offsets.end - 1;
  }

  static std::string offsets_of(const OffsetRange& offsets) {
    const auto last = last_of(offsets);
    if (!last) return fmt::format("offsets from {} on", offsets.begin);
    if (offsets.begin > *last) return "no offsets";
    return fmt::format("offsets {}..{}", offsets.begin, *last);
  }

  void line(const Repair::Cut& cut, const Path& kept) {
    const DamagedRange& range = cut.range;
    output_.print("{}: {} {} at position {}, {}: {}", cut.file.native(),
                  options_.dry_run ? "would cut" : "cut", count(range.size_bytes(), "byte"), range.begin,
                  offsets_of(range.offsets), describe(range.defect));
    if (cut.salvageable_records > 0) {
      const std::string records = count(cut.salvageable_records, "record");
      output_.print("  {} of it can be read{}", records,
                    !options_.request.salvage ? ": --salvage keeps them"
                    : options_.dry_run        ? " and would be kept, unproven"
                                              : " and are kept, unproven");
    }
    if (!kept.empty()) output_.print("  what was cut is {}", kept.native());
  }

  void row(const Repair::Cut& cut, const Path& kept) {
    const DamagedRange& range = cut.range;
    Row row = output_.row("cut");
    row.field("file", std::string_view(cut.file.native()))
        .field("position", range.begin)
        .field("bytes", range.size_bytes())
        .field("zeros", cut.zeros)
        .field("first_offset", range.offsets.begin)
        .field("last_offset", last_of(range.offsets))
        .field("defect", name(range.defect.code))
        .field("expected", std::string_view(range.defect.expected))
        .field("found", std::string_view(range.defect.found))
        .field("readable_records", cut.salvageable_records)
        .field("salvaged", options_.request.salvage && cut.salvageable_records > 0);
    kept.empty() ? row.null("kept") : row.field("kept", std::string_view(kept.native()));
    row.end();
  }

  void tell_epochs(const LocatedDefect& epochs) {
    if (output_.json()) {
      output_.row("epochs")
          .field("file", std::string_view(epochs.file.native()))
          .field("defect", name(epochs.defect.code))
          .end();
      return;
    }
    output_.print("{}: {} made anew: {}", epochs.file.native(), options_.dry_run ? "would be" : "is",
                  describe(epochs.defect));
  }

  void summary(const Repair& repair) {
    std::uint64_t salvaged = 0;
    if (options_.request.salvage) {
      for (const Repair::Cut& cut : repair.cuts()) salvaged += cut.salvageable_records;
    }
    if (output_.json()) {
      output_.row("summary")
          .field("dry_run", options_.dry_run)
          .field("segments", repair.segments())
          .field("batches_kept", repair.batches())
          .field("records_kept", repair.records())
          .field("records_salvaged", salvaged)
          .field("ranges_cut", repair.cuts().size())
          .field("bytes_cut", repair.bytes_cut())
          .field("files_derived", repair.derived().size())
          .end();
      return;
    }
    const std::string what = options_.request.partition.filename().string();
    output_.print("{}: {} {}, {}; {} cut in {}{}{}", what, count(repair.batches(), "batch", "batches"),
                  options_.dry_run ? "would be kept" : "kept", count(repair.records(), "record"),
                  count(repair.bytes_cut(), "byte"), count(repair.cuts().size(), "range"),
                  salvaged > 0 ? fmt::format("; {} unproven", count(salvaged, "record")) : "",
                  options_.dry_run
                      ? "; dry run, nothing was written"
                      : fmt::format("; {} made anew", count(repair.derived().size(), "other file")));
  }

  const RepairOptions& options_;
  Output& output_;
  FileSystem& files_;
  std::optional<LogDir> root_;
  std::unique_ptr<FileLock> lock_;
};

}  // namespace

void add_repair_command(CLI::App& app, ChosenCommand& chosen) {
  const auto options = std::make_shared<RepairOptions>();
  CLI::App* const command = app.add_subcommand("repair", "Keep what is sound of a damaged partition");
  command->add_option("PARTITION", options->request.partition, "a partition folder, such as orders-0")
      ->type_name("")
      ->required();
  auto* const how = command->add_option_group("how");
  how->add_option("--output", options->request.output,
                  "write a complete new folder, leave the partition alone")
      ->type_name("DIR");
  how->add_flag("--in-place", options->in_place, "swap the damaged segments, as a broker's cleaner does");
  how->add_flag("-n,--dry-run", options->dry_run, "say what would be cut, write nothing");
  how->require_option(1);
  command->add_flag("--salvage", options->request.salvage,
                    "also keep the records of damaged batches that can be read one by one");
  command
      ->add_option("--quarantine", options->request.quarantine,
                   "where the bytes that are cut are kept (default: in the partition)")
      ->type_name("DIR");
  add_settings_options(*command, options->settings);
  add_now_option(*command, options->request.now_ms, "the clock that producers expire by");
  add_output_options(*command, options->output);
  command->footer(kFooter);
  command->callback([options, &chosen] {
    chosen = {.format = options->output.format, .run = [options](Output& output) {
                RepairOptions asked = *options;
                asked.request.partition = folder_path(asked.request.partition);
                return run_repair(asked, output);
              }};
  });
}

ExitStatus run_repair(const RepairOptions& options, Output& output) {
  return Command(options, output).run();
}

}  // namespace kseg
