#include "cli/retention.h"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <iterator>
#include <memory>
#include <set>

#include "cli/cleaning_options.h"
#include "cli/counted.h"
#include "cli/folder_argument.h"
#include "cli/partition_targets.h"
#include "cli/root_settings.h"
#include "cli/settings_lines.h"
#include "cli/settings_options.h"
#include "cli/target.h"
#include "cli/time_argument.h"

namespace kseg {
namespace {

constexpr const char* kFooter = R"(WHAT IT DOES
  Segments go from the front of the log, whole, up to the first that may stay: those below the log start,
  then as many as the log is larger than retention.bytes, then those whose newest record is older than
  retention.ms. Nothing at or above the high watermark goes. If all of them go, an empty segment at the
  log's end takes their place. One record from the future keeps everything behind it.

  By size and time they go only where the policy is known and has delete in it: __cluster_metadata says
  so, or --config cleanup.policy=delete (or compact,delete). The latter does not count for the broker's
  own topics, and plain delete not where cleaner-offset-checkpoint says that the log was compacted. What
  a topic does not set, the broker's server.properties may: give it by --properties, else Kafka's
  defaults count; of a topic that is not known, none does for retention.ms.

  After a crash at any point a broker starts on the rest of the log. With -n nothing is written and no
  lock is taken: it shows, beside a running broker too, what would go, and when the next segment would.

EXIT STATUS
  0  done, or there was nothing to delete
  2  the command line is wrong
  3  the system said no: I/O, space, memory; what was deleted before stays so
  4  a partition was refused: a broker holds the directory, it was not shut down cleanly, a swap is
     unfinished, the end of the log or what tells its age is damaged; the others are done)";

std::string_view text_of(RetentionReason reason) {
  switch (reason) {
    case RetentionReason::below_log_start: return "below the log start";
    case RetentionReason::size: return "size";
    case RetentionReason::time: return "time";
  }
  return "";
}

std::string_view name(PolicyDoubt doubt) {
  switch (doubt) {
    case PolicyDoubt::none: return "known";
    case PolicyDoubt::unknown: return "unknown";
    case PolicyDoubt::brokers_own: return "brokers_own";
    case PolicyDoubt::compacted: return "compacted";
  }
  return "";
}

// Of a segment that would go by nothing but its settings.
std::string by_settings(const NextToGo& next) {
  std::string text;
  if (next.from_ms) {
    text = fmt::format("by time from {} on", format_time_ms(*next.from_ms));
    if (next.is_active) text += " if nothing newer comes";
    if (next.is_from_the_future) text += " (its newest record is from the future)";
  }
  if (next.growth_bytes) {
    if (!text.empty()) text += " or ";
    const std::string bytes = count(*next.growth_bytes, "byte");
    text += next.is_active ? fmt::format("by size when {} follow it in newer segments", bytes)
                           : fmt::format("by size when the log is {} longer", bytes);
  }
  return text.empty() ? "never, by these settings" : text;
}

class RetentionLines {
 public:
  RetentionLines(const RetentionRequest& request, Output& output) : request_(request), output_(output) {}

  void partition(const PartitionTarget& target, const RetentionReport& report) {
    ++partitions_;
    segments_ += report.segments_before;
    bytes_ += report.bytes_before;
    segments_gone_ += report.gone.size();
    bytes_gone_ += report.bytes_gone;
    ++doubts_[static_cast<std::size_t>(report.doubt)];
    if (report.retention_ms_unknown) ++without_retention_ms_;
    const bool by_time = std::any_of(report.gone.begin(), report.gone.end(),
                                     [](const auto& gone) { return gone.reason == RetentionReason::time; });
    if (by_time && report.config.source("retention.ms") == SettingSource::kafka) ++by_default_;
    for (const std::string& warning : report.warnings) output_.remark("note: " + warning);
    if (output_.json()) return print_json(target, report);
    if (!report.gone.empty() || (request_.dry_run && report.next)) print_text(target, report);
  }

  // What is said of a whole directory is said once.
  void refused(const PartitionTarget& target, const Refusal& refusal) {
    ++refused_;
    if (output_.json()) {
      for (const LocatedDefect& defect : refusal.defects) output_.defect(defect.file, defect.defect);
      output_.row("refused")
          .field("path", std::string_view(target.path.native()))
          .field("reason", std::string_view(refusal.reason))
          .field("hint", std::string_view(refusal.hint))
          .end();
      return;
    }
    const std::string first = refusal.defects.empty() ? "" : refusal.defects.front().file.native();
    if (!told_.insert(first + refusal.reason).second) return;
    for (const LocatedDefect& defect : refusal.defects) output_.defect(defect.file, defect.defect);
    output_.remark("refused: " + refusal.reason);
    for (const std::string& detail : refusal.details) output_.remark("  " + detail);
    if (!refusal.hint.empty()) output_.remark("hint: " + refusal.hint);
  }

  void summary() {
    print_doubts();
    if (output_.json()) {
      output_.row("summary")
          .field("dry_run", request_.dry_run)
          .field("partitions", partitions_)
          .field("refused", refused_)
          .field("segments", segments_)
          .field("bytes", bytes_)
          .field("segments_gone", segments_gone_)
          .field("bytes_gone", bytes_gone_)
          .field("defects", output_.defects())
          .end();
      return;
    }
    output_.print("{} of {} {}, {} of {}, in {}{}", segments_gone_, count(segments_, "segment"),
                  request_.dry_run ? "would be deleted" : "deleted", bytes_gone_, count(bytes_, "byte"),
                  count(partitions_, "partition"), refused_ > 0 ? fmt::format(", {} refused", refused_) : "");
  }

  bool any_refused() const { return refused_ > 0; }

 private:
  void print_text(const PartitionTarget& target, const RetentionReport& report) {
    if (report.log_start == report.log_start_before) {
      output_.print("{}: log {}..{}", target.path.native(), report.log_start, report.log_end);
    } else {
      output_.print("{}: log {}..{}, was {}..{}", target.path.native(), report.log_start, report.log_end,
                    report.log_start_before, report.log_end);
    }
    for (const RetentionReport::Gone& gone : report.gone) {
      file_line(request_.dry_run ? "would delete" : "deleted", gone.age.base_offset,
                fmt::format("{:<19} {:>12} bytes, newest {}", text_of(gone.reason), gone.age.size_bytes,
                            format_time_ms(gone.age.largest_timestamp_ms)));
    }
    if (report.rolled) {
      file_line(request_.dry_run ? "would make" : "made", report.log_end, "empty, at the end of the log");
    }
    if (!report.next) return;
    const NextToGo& next = *report.next;
    std::string when = by_settings(next);
    if (next.waits_for_high_watermark) {
      when = fmt::format("not before the high watermark, {}, reaches {}; {}", *report.high_watermark,
                         *next.waits_for_high_watermark, when);
    }
    file_line("next", report.next_segment.base_offset, when);
  }

  void file_line(std::string_view what, Offset base_offset, std::string_view more) {
    output_.print("  {:<{}} {}  {}", what, request_.dry_run ? 12 : 7,
                  to_string({.kind = SegmentFileKind::log, .offset = base_offset}), more);
  }

  void print_json(const PartitionTarget& target, const RetentionReport& report) {
    const auto partition = target.partition ? std::optional(to_string(*target.partition)) : std::nullopt;
    for (const RetentionReport::Gone& gone : report.gone) {
      output_.row("segment")
          .field("partition", partition)
          .field("file", std::string_view(gone.segment.log.native()))
          .field("base_offset", gone.age.base_offset)
          .field("reason", kseg::name(gone.reason))
          .field("bytes", gone.age.size_bytes)
          .time("largest_timestamp", gone.age.largest_timestamp_ms)
          .end();
    }
    Row row = output_.row("partition");
    row.field("partition", partition)
        .field("path", std::string_view(target.path.native()))
        .field("policy", name(report.doubt))
        .field("log_start_before", report.log_start_before)
        .field("log_start", report.log_start)
        .field("log_end", report.log_end)
        .field("high_watermark", report.high_watermark)
        .field("segments", report.segments_before)
        .field("bytes", report.bytes_before)
        .field("segments_gone", report.gone.size())
        .field("bytes_gone", report.bytes_gone)
        .field("rolled", report.rolled);
    const auto& next = report.next;
    using Number = std::optional<std::int64_t>;
    row.field("next_base_offset", next ? std::optional(report.next_segment.base_offset) : std::nullopt)
        .field("next_from", next ? next->from_ms : Number{})
        .field("next_is_from_the_future", next && next->is_from_the_future)
        .field("next_growth_bytes", next ? next->growth_bytes : std::optional<std::uint64_t>{})
        .field("next_is_active", next && next->is_active)
        .field("next_waits_for_high_watermark",
               next ? next->waits_for_high_watermark : std::optional<Offset>{})
        .end();
  }

  void print_doubts() {
    const auto tell = [&](std::uint64_t partitions, std::string_view what) {
      if (partitions > 0) output_.remark(fmt::format("note: {} {}", count(partitions, "partition"), what));
    };
    const auto of = [&](PolicyDoubt doubt) { return doubts_[static_cast<std::size_t>(doubt)]; };
    tell(
        of(PolicyDoubt::unknown),
        "of unknown policy: only what lies below the log start goes; --config cleanup.policy=delete says it");
    tell(of(PolicyDoubt::brokers_own),
         "of the broker's own topics, whose policy --config does not set: only what lies below the log start "
         "goes");
    tell(of(PolicyDoubt::compacted),
         "in cleaner-offset-checkpoint, so not only deleted from: only what lies below the log start goes; "
         "--config cleanup.policy=compact,delete says that more may");
    tell(by_default_,
         "in which segments go by Kafka's default of retention.ms, 7 days: is it the broker's? --properties "
         "tells");
    tell(without_retention_ms_,
         "of unknown retention.ms: nothing goes by time; --config retention.ms=604800000 is Kafka's default");
  }

  const RetentionRequest& request_;
  Output& output_;
  std::set<std::string> told_;
  std::uint64_t partitions_ = 0;
  std::uint64_t refused_ = 0;
  std::uint64_t segments_ = 0;
  std::uint64_t bytes_ = 0;
  std::uint64_t segments_gone_ = 0;
  std::uint64_t bytes_gone_ = 0;
  std::uint64_t doubts_[4] = {};
  std::uint64_t without_retention_ms_ = 0;
  std::uint64_t by_default_ = 0;
};

}  // namespace

void add_retention_command(CLI::App& app, ChosenCommand& chosen) {
  const auto options = std::make_shared<RetentionOptions>();
  CLI::App* const command =
      app.add_subcommand("retention", "Delete old segments, as a broker's delete policy does");
  command->add_option("TARGET", options->targets, "partition folders, log directories")
      ->type_name("")
      ->required();
  command->add_flag("-n,--dry-run", options->request.dry_run,
                    "say what would go and when the next would, write nothing");
  command->add_flag("-v,--verbose", options->verbose, "also each setting and where it comes from");
  add_partition_options(*command, options->partitions);
  add_settings_options(*command, options->settings);
  add_now_option(*command, options->request.now_ms, "the clock that ages are counted by");
  add_output_options(*command, options->output);
  command->footer(kFooter);
  command->callback([options, &chosen] {
    chosen = {.format = options->output.format,
              .run = [options](Output& output) { return run_retention(*options, output); }};
  });
}

ExitStatus run_retention(const RetentionOptions& options, Output& output) {
  FileSystem& files = posix_file_system();
  std::vector<PartitionTarget> partitions;
  for (const std::string& target : options.targets) {
    const auto kind = target_kind(files, target);
    if (kind != TargetKind::partition_folder && kind != TargetKind::log_directory) {
      output.remark(fmt::format("{}: no partition folder or log directory, by its name", target));
      return ExitStatus::usage;
    }
    auto found = partition_targets(files, {target}, "retention", output);
    for (PartitionTarget& partition : *found) {
      const bool is_metadata = partition.partition && partition.partition->topic == kClusterMetadataTopic;
      if (kind == TargetKind::log_directory && is_metadata) {
        output.remark(fmt::format("{}: passed over: it is the controllers' own", partition.path.native()));
        continue;
      }
      const bool left_out = kind == TargetKind::log_directory && partition.partition &&
                            !options.partitions.match(*partition.partition);
      if (left_out) continue;
      partition.path = folder_path(partition.path);
      partitions.push_back(std::move(partition));
    }
  }
  Retention retention(files, options.request);
  RootSettings settings(files, options.settings, output);
  RetentionLines lines(options.request, output);
  for (const PartitionTarget& partition : partitions) {
    const auto topics = settings.of(LogDir::parent_of(files, partition.path));
    if (const auto* refusal = std::get_if<Refusal>(&topics)) {
      lines.refused(partition, *refusal);
      continue;
    }
    const std::string topic = partition.partition ? partition.partition->topic : "";
    const TopicConfig config = settings.of(*std::get<const TopicSettings*>(topics), topic, partition.path);
    const auto outcome = retention.apply(partition.path, config);
    if (const auto* refusal = std::get_if<Refusal>(&outcome)) {
      lines.refused(partition, *refusal);
      continue;
    }
    lines.partition(partition, std::get<RetentionReport>(outcome));
    if (options.verbose) print_settings(partition.path.filename().native(), config, output);
  }
  lines.summary();
  return lines.any_refused() ? ExitStatus::refused : ExitStatus::done;
}

}  // namespace kseg
