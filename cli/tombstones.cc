#include "cli/tombstones.h"

#include <CLI/CLI.hpp>

#include <iterator>
#include <limits>
#include <memory>

#include "cli/cleaning_options.h"
#include "cli/counted.h"
#include "cli/json_bytes.h"
#include "cli/target.h"
#include "cli/text_bytes.h"
#include "cli/time_argument.h"
#include "lib/log_dir.h"
#include "lib/tombstone_report.h"
#include "lib/unless_missing.h"

namespace kseg {
namespace {

constexpr const char* kFooter = R"(STATES
  due         the next cleaning drops it: its delete horizon has come
  pending     its delete horizon is ahead
  waiting     not yet cleaned once; the first round gives it a horizon, delete.retention.ms ahead
  superseded  a newer record of its key is there: the next cleaning drops it
  aborted     in a transaction that was aborted: no data, it goes in the next cleaning
  undecided   in a transaction that is open: no data yet
  A cleaning leaves the active segment alone.

EXIT STATUS
  0  done
  1  done, around defects
  2  the command line is wrong
  3  the system said no: a file is missing or cannot be read, no space, no memory)";

struct Sums {
  std::uint64_t count = 0;
  std::uint64_t bytes = 0;
};

class Tombstones {
 public:
  Tombstones(const TombstonesOptions& options, FileSystem& files, Output& output)
      : options_(options), selection_(to_selection(options.selection)), files_(files), output_(output) {
    if (!options.older_than_ms) return;
    // At least that old.
    TimeRange& times = selection_.times ? *selection_.times : selection_.times.emplace();
    const std::int64_t oldest = std::numeric_limits<std::int64_t>::min() + *options.older_than_ms;
    const std::int64_t end = options.now_ms < oldest ? std::numeric_limits<std::int64_t>::min()
                                                     : options.now_ms - *options.older_than_ms;
    times.end_ms = std::min(times.end_ms, end + 1);
  }

  void target(const Path& path, TargetKind kind) {
    if (kind == TargetKind::log_directory) return log_directory(path);
    if (kind == TargetKind::partition_folder) return partition(path);
    output_.remark(
        fmt::format("{}: only this segment is looked at: newer records of a key, older values and "
                    "markers in other segments are not known",
                    path.native()));
    show(path, path.parent_path(), {.target = path, .is_file = true});
  }

  void summary() {
    if (output_.json()) return summary_json();
    output_.print("{}, {}: {} due, {} pending, {} waiting for their first round, {} superseded{}{}",
                  count(all_.count, "tombstone"), count(all_.bytes, "byte"), of(TombstoneState::due).count,
                  of(TombstoneState::pending).count, of(TombstoneState::waiting).count,
                  of(TombstoneState::superseded).count, uncertain(TombstoneState::aborted),
                  uncertain(TombstoneState::undecided));
    output_.print("due now: {}; they hide {}, {}", count(of(TombstoneState::due).bytes, "byte"),
                  count(hidden_by_due_.count, "older value"), count(hidden_by_due_.bytes, "byte"));
    if (options_.markers) {
      output_.print("{} without data: {} due, {} pending, {} waiting for their first round",
                    count(markers_, "marker"), markers_of(TombstoneState::due),
                    markers_of(TombstoneState::pending), markers_of(TombstoneState::waiting));
    }
    if (output_.defects() > 0) output_.print("{}", count(output_.defects(), "defect"));
  }

 private:
  Sums& of(TombstoneState state) { return by_state_[static_cast<std::size_t>(state)]; }
  std::uint64_t& markers_of(TombstoneState state) {
    return markers_by_state_[static_cast<std::size_t>(state)];
  }

  std::string uncertain(TombstoneState state) {
    return of(state).count == 0 ? "" : fmt::format(", {} {}", of(state).count, name(state));
  }

  void log_directory(const Path& folder) {
    for (const DirectoryEntry& entry : files_.list(folder)) {
      const auto name = entry.is_directory ? parse_partition_folder_name(entry.name) : std::nullopt;
      if (!name) continue;
      const Path path = folder / entry.name;
      if (name->kind != PartitionFolderKind::current) {
        output_.remark(fmt::format("{}: left out; name it to look at it", path.native()));
        continue;
      }
      const auto did = unless_missing([&] { return partition(path), true; });
      if (!did) output_.remark(fmt::format("{}: vanished before it was read to its end", path.native()));
    }
  }

  void partition(const Path& folder) {
    show(folder, folder, {.target = folder, .log_start = log_start_of(folder)});
  }

  // What lies below is deleted, whether its bytes are still there or not.
  Offset log_start_of(const Path& folder) {
    const auto root = LogDir::parent_of(files_, folder);
    const auto name = partition_of_folder(folder);
    if (!root || !name) return {0};
    const auto entries = root->read_checkpoint(kLogStartCheckpoint);
    if (!entries) {
      output_.defect(root->path() / kLogStartCheckpoint, entries.error());
      return {0};
    }
    return find(*entries, name->partition).value_or(Offset{0});
  }

  void show(const Path& path, const Path& folder, TombstoneRequest request) {
    request.now_ms = options_.now_ms;
    request.selection = selection_;
    const TombstoneReport report = find_tombstones(files_, request);
    for (const LocatedDefect& defect : report.defects) output_.defect(defect.file, defect.defect);
    for (const LocatedDefect& torn : report.torn_tails)
      output_.note(torn.file, torn.defect.position, describe(torn.defect));

    const auto name = partition_of_folder(folder);
    partition_ = name ? std::optional(to_string(name->partition)) : std::nullopt;
    path_ = path;
    for (const Tombstone& tombstone : report.tombstones) {
      if (wanted(tombstone.state)) show(tombstone);
    }
    if (!options_.markers) return;
    for (const IdleMarker& marker : report.markers) {
      if (wanted(marker.state)) show(marker);
    }
  }

  bool wanted(TombstoneState state) const {
    if (!options_.due && !options_.pending) return true;
    return (options_.due && state == TombstoneState::due) ||
           (options_.pending && state == TombstoneState::pending);
  }

  void show(const Tombstone& tombstone) {
    for (Sums* sums : {&all_, &of(tombstone.state)}) {
      ++sums->count;
      sums->bytes += tombstone.size_bytes;
    }
    if (tombstone.state == TombstoneState::due) {
      hidden_by_due_.count += tombstone.shadowed_values;
      hidden_by_due_.bytes += tombstone.shadowed_bytes;
    }
    output_.json() ? show_json(tombstone) : show_text(tombstone);
  }

  // When a round may drop it at the earliest; nothing if that is not to be told.
  std::optional<std::int64_t> may_go_ms(TombstoneState state, std::optional<std::int64_t> horizon_ms) const {
    switch (state) {
      case TombstoneState::due:
      case TombstoneState::pending: return horizon_ms;
      case TombstoneState::waiting: {
        const std::int64_t retention = options_.config.delete_retention_ms;
        if (options_.now_ms > std::numeric_limits<std::int64_t>::max() - retention) return std::nullopt;
        return options_.now_ms + retention;
      }
      case TombstoneState::superseded:
      case TombstoneState::aborted: return options_.now_ms;
      case TombstoneState::undecided: return std::nullopt;
    }
    return std::nullopt;
  }

  std::string may_go(TombstoneState state, std::optional<std::int64_t> horizon_ms) const {
    switch (state) {
      case TombstoneState::due: {
        const auto since =
            static_cast<std::uint64_t>(options_.now_ms) - static_cast<std::uint64_t>(*horizon_ms);
        return since == 0 ? "now" : "now, since " + format_duration_ms(static_cast<std::int64_t>(since));
      }
      case TombstoneState::pending: return "in " + format_duration_ms(*horizon_ms - options_.now_ms);
      case TombstoneState::waiting:
        return format_duration_ms(options_.config.delete_retention_ms) + " after its first round";
      case TombstoneState::superseded:
      case TombstoneState::aborted: return "in the next round";
      case TombstoneState::undecided: return "not yet known";
    }
    return "";
  }

  void begin_text() {
    if (path_.empty()) return;
    output_.print("{}", path_.native());
    output_.print("  {:>10}  {:<24}  {:<10}  {:<24}  {:<24}  {}", "offset", "time", "state", "delete horizon",
                  "may go", "key, and what it hides");
    path_.clear();
  }

  void begin_line(Offset offset, std::int64_t timestamp_ms, TombstoneState state,
                  std::optional<std::int64_t> horizon_ms) {
    begin_text();
    fmt::format_to(std::back_inserter(output_.line()), "  {:>10}  {:<24}  {:<10}  {:<24}  {:<24}  ", offset,
                   format_time_ms(timestamp_ms), name(state),
                   horizon_ms ? format_time_ms(*horizon_ms) : "not yet set", may_go(state, horizon_ms));
  }

  void end_line(bool in_active_segment) {
    if (in_active_segment) output_.line().append(std::string_view("  (active segment)"));
    output_.end_line();
  }

  void show_text(const Tombstone& tombstone) {
    begin_line(tombstone.offset, tombstone.timestamp_ms, tombstone.state, tombstone.horizon_ms);
    const auto to = std::back_inserter(output_.line());
    append_text(output_.line(), as_bytes(tombstone.key));
    if (tombstone.superseded_by) fmt::format_to(to, "  superseded at {}", *tombstone.superseded_by);
    if (tombstone.shadowed_values > 0) {
      fmt::format_to(to, "  hides {}, {}", count(tombstone.shadowed_values, "older value"),
                     count(tombstone.shadowed_bytes, "byte"));
    }
    if (tombstone.comes_back) fmt::format_to(to, "  without it {} would come back", *tombstone.comes_back);
    end_line(tombstone.in_active_segment);
  }

  void show_json(const Tombstone& tombstone) {
    Row row = output_.row("tombstone");
    if (partition_) row.field("partition", *partition_);
    row.field("offset", tombstone.offset).field("timestamp", tombstone.timestamp_ms);
    output_.line().append(std::string_view(R"(,"key":)"));
    append_json(output_.line(), as_bytes(tombstone.key));
    row.field("bytes", tombstone.size_bytes)
        .field("state", name(tombstone.state))
        .field("delete_horizon_ms", tombstone.horizon_ms)
        .field("may_go_ms", may_go_ms(tombstone.state, tombstone.horizon_ms))
        .field("superseded_by", tombstone.superseded_by)
        .field("hidden_values", tombstone.shadowed_values)
        .field("hidden_bytes", tombstone.shadowed_bytes)
        .field("comes_back", tombstone.comes_back)
        .field("active_segment", tombstone.in_active_segment)
        .end();
  }

  void show(const IdleMarker& marker) {
    ++markers_;
    ++markers_of(marker.state);
    if (output_.json()) {
      Row row = output_.row("marker");
      if (partition_) row.field("partition", *partition_);
      row.field("offset", marker.offset)
          .field("timestamp", marker.timestamp_ms)
          .field("control", name(marker.type))
          .field("producer_id", marker.producer_id)
          .field("producer_epoch", marker.producer_epoch)
          .field("state", name(marker.state))
          .field("delete_horizon_ms", marker.horizon_ms)
          .field("may_go_ms", may_go_ms(marker.state, marker.horizon_ms))
          .field("active_segment", marker.in_active_segment)
          .end();
      return;
    }
    begin_line(marker.offset, marker.timestamp_ms, marker.state, marker.horizon_ms);
    fmt::format_to(std::back_inserter(output_.line()), "{} of producer {} epoch {}", name(marker.type),
                   marker.producer_id, marker.producer_epoch);
    end_line(marker.in_active_segment);
  }

  void summary_json() {
    Row row = output_.row("summary");
    row.field("tombstones", all_.count).field("bytes", all_.bytes);
    for (const auto state :
         {TombstoneState::due, TombstoneState::pending, TombstoneState::waiting, TombstoneState::superseded,
          TombstoneState::aborted, TombstoneState::undecided}) {
      row.field(name(state), of(state).count).field(fmt::format("{}_bytes", name(state)), of(state).bytes);
    }
    row.field("hidden_by_due_values", hidden_by_due_.count)
        .field("hidden_by_due_bytes", hidden_by_due_.bytes);
    if (options_.markers) {
      row.field("markers", markers_)
          .field("markers_due", markers_of(TombstoneState::due))
          .field("markers_pending", markers_of(TombstoneState::pending))
          .field("markers_waiting", markers_of(TombstoneState::waiting));
    }
    row.field("defects", output_.defects()).end();
  }

  const TombstonesOptions& options_;
  RecordSelection selection_;
  FileSystem& files_;
  Output& output_;
  std::optional<std::string> partition_;
  Path path_;  // whose name is still to be shown
  Sums all_;
  Sums by_state_[6];
  Sums hidden_by_due_;
  std::uint64_t markers_ = 0;
  std::uint64_t markers_by_state_[6] = {};
};

}  // namespace

void add_tombstones_command(CLI::App& app, ChosenCommand& chosen) {
  const auto options = std::make_shared<TombstonesOptions>();
  CLI::App* command =
      app.add_subcommand("tombstones", "List deletions: when each may go, and what it still hides");
  command->add_option("TARGET", options->targets, "partition folders, log directories, .log files")
      ->type_name("")
      ->required();
  add_output_options(*command, options->output);
  command->add_flag("--due", options->due, "those that the next cleaning drops because their time has come");
  command->add_flag("--pending", options->pending, "those whose horizon is ahead; with --due both");
  command
      ->add_option_function<std::string>(
          "--older-than",
          [options](const std::string& text) {
            options->older_than_ms = parse_duration_ms(text);
            if (!options->older_than_ms)
              throw CLI::ValidationError("--older-than",
                                         "expected 7d, 24h, 90m, 30s or 500ms, found " + text);
          },
          "those that were written at least that long ago")
      ->type_name("DURATION");
  add_key_options(*command, options->selection);
  add_range_options(*command, options->selection);
  command->add_flag("--markers", options->markers,
                    "also the end markers of transactions that have no data left");
  add_config_option(*command, options->config);
  add_now_option(*command, options->now_ms);
  command->footer(kFooter);
  command->callback([options, &chosen] {
    chosen = {.format = options->output.format,
              .run = [options](Output& output) { return run_tombstones(*options, output); }};
  });
}

ExitStatus run_tombstones(const TombstonesOptions& options, Output& output) {
  FileSystem& files = posix_file_system();
  std::vector<std::pair<Path, TargetKind>> targets;
  for (const Path path : options.targets) {
    const auto kind = target_kind(files, path);
    if (kind != TargetKind::log_directory && kind != TargetKind::partition_folder &&
        kind != TargetKind::log) {
      output.remark(
          fmt::format("{}: no partition folder, log directory or .log file, by its name", path.native()));
      return ExitStatus::usage;
    }
    targets.emplace_back(path, *kind);
  }
  Tombstones tombstones(options, files, output);
  for (const auto& [path, kind] : targets) tombstones.target(path, kind);
  tombstones.summary();
  return output.defects() == 0 ? ExitStatus::done : ExitStatus::no;
}

}  // namespace kseg
