#include "cli/compact.h"

#include <CLI/CLI.hpp>

#include <chrono>
#include <memory>

#include "cli/cleaning_options.h"
#include "cli/folder_argument.h"
#include "cli/refusal_lines.h"

namespace kseg {
namespace {

constexpr const char* kFooter = R"(WHAT IT DOES
  For each key the last value stays, older ones go. Order and offsets never change; the active segment
  and undecided transactions are not touched. Tombstones and transaction markers go once they are due:
  marked in one run, removed by a run after delete.retention.ms. Replicas are cleaned by their own
  clocks: one that has not yet fetched a tombstone that is gone here keeps the deleted value, which is
  what --keep-tombstones and --keep-markers are for.

  In place, each group of segments is written beside, read back and swapped in as a broker does, so
  that a broker that starts after a crash at any point recovers by itself. It is refused unless the
  partition stands in cleaner-offset-checkpoint or --config cleanup.policy=compact is given.

EXIT STATUS
  0  done, or there was nothing to clean
  2  the command line is wrong
  3  the system said no: I/O, space, memory
  4  refused: a broker holds the directory, it was not shut down cleanly, a swap is unfinished, the
     input is damaged, or the topic is not known to be compacted)";

std::string percent(std::uint64_t part, std::uint64_t whole) {
  return whole == 0 ? "-"
                    : fmt::format("{:.1f} %", 100.0 * static_cast<double>(part) / static_cast<double>(whole));
}

class Report {
 public:
  Report(const CompactionRequest& request, double seconds, Output& output)
      : request_(request), seconds_(seconds), output_(output) {}

  void print(const CompactionReport& report) {
    for (const std::string& warning : report.warnings) output_.remark("note: " + warning);
    output_.json() ? print_json(report) : print_text(report);
  }

 private:
  template <typename... Arguments>
  void line(fmt::format_string<Arguments...> text, Arguments&&... arguments) {
    fmt::format_to(std::back_inserter(output_.line()), text, std::forward<Arguments>(arguments)...);
    output_.end_line();
  }

  double bytes_per_second(const CompactionReport& report) const {
    return seconds_ > 0 ? static_cast<double>(report.log_bytes_before) / seconds_ : 0;
  }

  void print_text(const CompactionReport& report) {
    const CleaningCounts& counts = report.counts;
    line("{}: dirty from offset {} to {}, log {}..{}", request_.partition.string(), report.first_dirty,
         report.first_uncleanable, report.log_start, report.log_end);
    if (!report.ran) return line("nothing to clean");
    line("records   {} -> {} ({} left)", report.records_before, report.records_after,
         percent(report.records_after, report.records_before));
    line("bytes     {} -> {} ({} left)", report.log_bytes_before, report.log_bytes_after,
         percent(report.log_bytes_after, report.log_bytes_before));
    line("segments  {} -> {} ({} of {} groups left as they are)", report.segments_before,
         report.segments_after, report.groups_unchanged, report.groups);
    line("dropped   {} superseded, {} expired tombstones, {} aborted, {} without key, {} expired markers",
         counts.superseded, counts.tombstones_expired, counts.aborted, counts.keyless,
         counts.markers_expired);
    line("batches   {} copied, {} rebuilt, {} emptied, {} dropped", counts.batches_verbatim,
         counts.batches_rebuilt, counts.batches_emptied, counts.batches_dropped);
    line("keys      {} distinct in the dirty section", report.distinct_keys);
    if (report.checkpoint) line("checkpoint {}", *report.checkpoint);
    line("{} in {:.3f} s, {:.1f} MB/s", request_.dry_run ? "dry run, nothing was written," : "done", seconds_,
         bytes_per_second(report) / 1e6);
  }

  void print_json(const CompactionReport& report) {
    const CleaningCounts& counts = report.counts;
    output_.row("summary")
        .field("partition", std::string_view(request_.partition.native()))
        .field("ran", report.ran)
        .field("dry_run", request_.dry_run)
        .field("log_start", report.log_start)
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
        .field("checkpoint", report.checkpoint)
        .field("milliseconds", static_cast<std::int64_t>(seconds_ * 1000))
        .field("bytes_per_second", static_cast<std::int64_t>(bytes_per_second(report)))
        .end();
  }

  const CompactionRequest& request_;
  double seconds_;
  Output& output_;
};

// Words as they were given; turned into the request when the whole line is known.
struct Words {
  CompactOptions options;
  std::string output;
  std::string compat = "4.3";
  std::optional<std::int64_t> first_dirty;
  std::optional<std::int64_t> first_uncleanable;
};

CompactOptions validate(const Words& words) {
  CompactOptions options = words.options;
  CompactionRequest& request = options.request;
  request.partition = folder_path(request.partition);
  if (!words.output.empty()) request.output = folder_path(words.output);
  if (const auto wrong = request.config.contradiction()) throw CLI::ValidationError("--config", *wrong);
  const auto compat = parse_compat(words.compat);
  if (!compat) throw CLI::ValidationError("--compat", "takes 3.9.1, 4.3 or 4.4, not '" + words.compat + "'");
  request.compat = *compat;
  if (words.first_dirty) request.first_dirty = Offset{*words.first_dirty};
  if (words.first_uncleanable) request.first_uncleanable = Offset{*words.first_uncleanable};
  return options;
}

}  // namespace

void add_compact_command(CLI::App& app, ChosenCommand& chosen) {
  auto* command =
      app.add_subcommand("compact", "Keep the last value of each key, as a broker's log cleaner does");
  const auto words = std::make_shared<Words>();
  CompactionRequest& request = words->options.request;
  command->add_option("PARTITION", request.partition, "a partition folder, such as /var/kafka-logs/orders-0")
      ->required();
  command->add_option("--output", words->output, "write a complete new folder, leave the partition alone");
  command->add_flag("--dry-run", request.dry_run, "say what would happen, write nothing");
  add_config_option(*command, request.config);
  command->add_option("--compat", words->compat,
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
  add_now_option(*command, request.now_ms);
  add_output_options(*command, words->options.output);
  command->footer(kFooter);
  command->callback([words, &chosen] {
    const CompactOptions options = validate(*words);
    chosen.format = options.output.format;
    chosen.run = [options](Output& output) { return run_compact(options, output); };
  });
}

ExitStatus run_compact(const CompactOptions& options, Output& output) {
  const auto begin = std::chrono::steady_clock::now();
  const auto outcome = compact(posix_file_system(), options.request);
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  if (const auto* refusal = std::get_if<Refusal>(&outcome)) {
    print(*refusal, output);
    return ExitStatus::refused;
  }
  Report(options.request, seconds, output).print(std::get<CompactionReport>(outcome));
  return ExitStatus::done;
}

}  // namespace kseg
