#include "cli/verify.h"

#include <CLI/CLI.hpp>

#include <iterator>
#include <memory>

#include "cli/counted.h"
#include "cli/output_report.h"
#include "cli/receipt_proof.h"
#include "cli/target.h"
#include "cli/time_argument.h"
#include "lib/against.h"
#include "lib/log_check.h"

namespace kseg {
namespace {

constexpr const char* kFooter = R"(WHAT IS CHECKED
  Every byte of every batch, the order of batches and segments, indexes, transaction indexes and
  producer snapshots against the log, and checkpoint files. A file of a segment stands for the whole
  segment. Nothing is written and no lock is taken: the torn tail of an active segment and the zeros
  of its indexes are notes, as are a running broker's renamed files.

  With --against, also that CLEANED is what compacting ORIGINAL may give: whatever is left was there;
  the last record of every key is left, or was a tombstone and nothing older is left; log start, log
  end and whatever is not decided are the same; readers see no aborted and miss no committed record.

  With --receipt, that the last value of each key is still what it was when kseg compact wrote FILE.

EXIT STATUS
  0  sound
  1  defects or differences; each is told (defects on stderr; in jsonl as objects)
  2  the command line is wrong
  3  the system said no: a file is missing or cannot be read, no space, no memory)";

void tell(const Path& cleaned, const Difference& difference, Output& output) {
  if (output.json()) {
    output.row("difference")
        .field("file", cleaned.native())
        .field("offset", difference.offset)
        .field("code", name(difference.code))
        .field("expected", difference.expected)
        .field("found", difference.found)
        .end();
    return;
  }
  output.remark(fmt::format("{}: offset {}: {}: expected {}, found {}", cleaned.native(), difference.offset,
                            name(difference.code), difference.expected, difference.found));
}

void verify_target(FileSystem& files, const Path& target, TargetKind kind, VerifyReport& report) {
  switch (kind) {
    case TargetKind::log_directory: return verify_log_dir(files, target, report);
    case TargetKind::partition_folder: return verify(LogCheck::of_folder(files, target, {}, report));
    case TargetKind::log: return verify(LogCheck::of_segment(files, target, report));
    case TargetKind::offset_index:
    case TargetKind::time_index:
    case TargetKind::transaction_index: {
      Path log = target;
      auto name = parse_segment_file_name(target.filename().native());
      if (!name) break;  // a copy from tiered storage: its log is not here
      name->kind = SegmentFileKind::log;
      log.replace_filename(to_string(*name));
      if (files.info(log)) return verify(LogCheck::of_segment(files, target, report));
      break;
    }
    case TargetKind::producer_snapshot:
    case TargetKind::metadata_snapshot:
    case TargetKind::offset_checkpoint:
    case TargetKind::leader_epochs:
    case TargetKind::meta_properties:
    case TargetKind::partition_metadata:
    case TargetKind::quorum_state:
    case TargetKind::clean_shutdown: break;
  }
  verify_side_file(files, target, report);
}

void summary(const VerifyReport& report, const std::optional<Comparison>& comparison, Output& output) {
  const VerifyCounts& counts = report.counts();
  if (output.json()) {
    Row row = output.row("summary");
    row.field("ok", counts.defects == 0 && (!comparison || comparison->difference_count == 0))
        .field("segments", counts.segments)
        .field("batches", counts.batches)
        .field("records", counts.records)
        .field("defects", counts.defects)
        .field("warnings", counts.warnings)
        .field("notes", counts.notes);
    if (comparison) {
      row.field("differences", comparison->difference_count)
          .field("original_records", comparison->original_records)
          .field("left_records", comparison->left_records)
          .field("keys", comparison->keys)
          .field("tombstones_gone", comparison->tombstones_gone)
          .field("keyless_gone", comparison->keyless_gone)
          .field("aborted_gone", comparison->aborted_gone)
          .field("reencoded_header_keys", comparison->reencoded_header_keys);
    }
    row.end();
    return;
  }
  const auto line = std::back_inserter(output.line());
  fmt::format_to(line, "{}", count(counts.defects, "defect", "defects"));
  if (counts.warnings > 0) fmt::format_to(line, ", {}", count(counts.warnings, "warning", "warnings"));
  fmt::format_to(line, " in {}, {}", count(counts.batches, "batch", "batches"),
                 count(counts.records, "record", "records"));
  output.end_line();
  if (!comparison) return;
  fmt::format_to(line, "{}: {} of {} left, {}",
                 count(comparison->difference_count, "difference", "differences"), comparison->left_records,
                 count(comparison->original_records, "record", "records"),
                 count(comparison->keys, "key", "keys"));
  const auto also = [&](std::uint64_t number, std::string_view noun, std::string_view plural) {
    if (number > 0) fmt::format_to(line, ", {}", count(number, noun, plural));
  };
  also(comparison->tombstones_gone, "tombstone gone", "tombstones gone");
  also(comparison->aborted_gone, "aborted record gone", "aborted records gone");
  also(comparison->keyless_gone, "record without key gone", "records without key gone");
  also(comparison->reencoded_header_keys, "header key made UTF-8", "header keys made UTF-8");
  output.end_line();
}

ExitStatus refuse(Output& output, const std::string& text) {
  output.remark(text);
  return ExitStatus::usage;
}

}  // namespace

void add_verify_command(CLI::App& app, ChosenCommand& chosen) {
  const auto options = std::make_shared<VerifyOptions>();
  CLI::App* command = app.add_subcommand("verify", "Look for damage, and for what a compaction lost");
  command->add_option("TARGET", options->targets, "files, partition folders, log directories");
  add_output_options(*command, options->output);
  auto* against =
      command
          ->add_option("--against", options->against, "the partition folder that TARGET was compacted from")
          ->type_name("ORIGINAL");
  command
      ->add_flag("--one-round", options->one_round,
                 "TARGET is one round of compaction away from ORIGINAL: a "
                 "tombstone or a marker that is gone had its delete horizon there")
      ->needs(against);
  command
      ->add_option_function<std::string>(
          "--now",
          [options](const std::string& text) {
            options->now_ms = parse_time_ms(text);
            if (!options->now_ms)
              throw CLI::ValidationError("--now", "expected RFC 3339 or milliseconds, found " + text);
            options->one_round = true;
          },
          "the time of that round: the horizon was not later; implies --one-round")
      ->type_name("TIME")
      ->needs(against);
  command->add_option("--limit", options->limit, "name the first N differences (default 20)")
      ->type_name("N")
      ->needs(against);
  auto* receipt = command
                      ->add_option("--receipt", options->receipt,
                                   "prove again what a receipt of kseg compact says, instead of TARGETs")
                      ->type_name("FILE")
                      ->excludes(against);
  command
      ->add_option("--log-dir", options->log_dir,
                   "the log directory to look in, instead of where the compaction was")
      ->type_name("DIR")
      ->needs(receipt);
  command->footer(kFooter);
  command->callback([options, &chosen] {
    chosen = {.format = options->output.format,
              .run = [options](Output& output) { return run_verify(*options, output); }};
  });
}

ExitStatus run_verify(const VerifyOptions& options, Output& output) {
  FileSystem& files = posix_file_system();
  if (options.receipt && !options.targets.empty())
    return refuse(output, "kseg: --receipt names the partitions itself, a TARGET does not go with it");
  if (options.receipt) return prove_receipt(files, *options.receipt, options.log_dir, output);
  if (options.targets.empty()) return refuse(output, "kseg: TARGET is required\nTry: kseg verify --help");
  std::vector<std::pair<Path, TargetKind>> targets;
  for (const Path path : options.targets) {
    const auto kind = target_kind(files, path);
    if (!kind) {
      return refuse(
          output, fmt::format("{}: no file or folder of a log directory, by its name; see kseg verify --help",
                              path.native()));
    }
    targets.emplace_back(path, *kind);
  }
  OutputReport report(output);
  std::optional<Comparison> comparison;
  if (options.against) {
    const Path original = *options.against;
    const bool folders = targets.size() == 1 && targets.front().second == TargetKind::partition_folder &&
                         target_kind(files, original) == TargetKind::partition_folder;
    if (!folders) return refuse(output, "--against compares one partition folder with another");
    const Path& cleaned = targets.front().first;
    comparison =
        compare(files, cleaned, original,
                {.one_round = options.one_round, .now_ms = options.now_ms, .listed = options.limit}, report);
    for (const Difference& difference : comparison->differences) tell(cleaned, difference, output);
  } else {
    for (const auto& [path, kind] : targets) verify_target(files, path, kind, report);
  }
  summary(report, comparison, output);
  const bool ok = report.counts().defects == 0 && (!comparison || comparison->difference_count == 0);
  return ok ? ExitStatus::done : ExitStatus::no;
}

}  // namespace kseg
