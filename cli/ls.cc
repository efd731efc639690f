#include "cli/ls.h"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <array>
#include <iterator>
#include <limits>
#include <map>
#include <memory>
#include <tuple>

#include "cli/candidate_reason.h"
#include "cli/cleaning_options.h"
#include "cli/counted.h"
#include "cli/file_list.h"
#include "cli/folder_argument.h"
#include "cli/json_bytes.h"
#include "cli/refusal_lines.h"
#include "cli/root_settings.h"
#include "cli/settings_options.h"
#include "cli/size_argument.h"
#include "cli/target.h"
#include "cli/time_argument.h"
#include "lib/partition_summary.h"
#include "lib/reclaim_estimate.h"
#include "lib/unless_missing.h"

namespace kseg {
namespace {

constexpr const char* kFooter = R"(STATES
  clean            nothing is wrong, as far as it was looked at; verify reads everything
  needs_recovery   a broker that starts checks part of the log, and may cut it
  damaged          what was read makes no sense, or a checkpoint contradicts it
  unfinished_swap  a broker that starts finishes what its cleaner began
  future           being moved here from another log directory
  stray            no partition of this broker, by the folder's name or by __cluster_metadata
  deleted          a broker is about to remove it

  Reads headers and checkpoints, no records; only -v samples some of each compacted partition.

EXIT STATUS
  0  done
  1  done, and something is damaged
  2  the command line is wrong
  3  the system said no: a file cannot be read, no memory
  4  refused: the settings that were given cannot be used)";

// A folder around partition folders, or none around a copied one.
struct Surroundings {
  std::optional<LogDir> root;
  LogDirCheckpoints checkpoints;
  TopicSettings settings;
  bool in_use = false;
  bool cleanly_shut_down = false;
};

// All that is shown of a partition.
struct Listed {
  PartitionSummary summary;
  std::optional<std::string> reason;         // -v: why it is compacted or is not
  std::optional<ReclaimEstimate> reclaimed;  // -v
};

constexpr std::size_t kColumns = 13;
using Cells = std::array<std::string, kColumns>;
const Cells kTitles = {"partition", "topic id", "policy", "segments",    "size",
                       "log start", "log end",  "dirty",  "dirty ratio", "last stable",
                       "oldest",    "newest",   "state"};
constexpr bool is_number(std::size_t column) {
  return column >= 3 && column <= 9;
}

template <typename Value, typename Format>
std::string cell(const std::optional<Value>& value, Format format) {
  return value ? format(*value) : "-";
}
std::string cell(const std::optional<Offset>& offset) {
  return cell(offset, [](Offset value) { return fmt::format("{}", value); });
}

std::optional<Offset> first_dirty(const PartitionSummary& summary) {
  const auto& range = summary.candidate.range;
  return range ? std::optional(range->first_dirty) : std::nullopt;
}

std::optional<double> dirty_ratio(const PartitionSummary& summary) {
  const auto& range = summary.candidate.range;
  return range ? std::optional(range->dirty_ratio()) : std::nullopt;
}

bool has_partition(const PartitionSummary& summary) {
  return summary.folder_name.has_value();
}

auto name_order(const Listed& listed) {
  const PartitionSummary& summary = listed.summary;
  return std::tie(summary.candidate.partition, summary.folder);
}

class Listing {
 public:
  Listing(const LsOptions& options, FileSystem& files, Output& output)
      : options_(options), files_(files), output_(output) {}

  ExitStatus run() {
    std::vector<std::pair<Path, TargetKind>> targets;
    for (const std::string& target : options_.targets) {
      const auto kind = target_kind(files_, target);
      if (kind != TargetKind::log_directory && kind != TargetKind::partition_folder) {
        output_.remark(fmt::format("{}: no log directory or partition folder; see kseg ls --help", target));
        return ExitStatus::usage;
      }
      targets.emplace_back(target, *kind);
    }
    if (options_.files) {
      std::vector<Path> folders;
      for (const auto& [path, kind] : targets) folders.push_back(path);
      list_files(files_, folders, output_);
      return ExitStatus::done;
    }
    for (const auto& [path, kind] : targets) {
      const bool going_on = kind == TargetKind::log_directory ? log_directory(path) : partition(path);
      if (!going_on) return ExitStatus::refused;
    }
    sort();
    show();
    return output_.defects() == 0 ? ExitStatus::done : ExitStatus::no;
  }

 private:
  bool log_directory(const Path& folder) {
    const Surroundings* around = around_of(LogDir::at(files_, folder), folder);
    if (around == nullptr) return false;
    for (const DirectoryEntry& entry : files_.list(folder)) {
      if (!entry.is_directory || entry.name == kRemoteLogIndexCache) continue;
      const auto name = parse_partition_folder_name(entry.name);
      if (!name)
        output_.note(folder / entry.name, {}, "not a partition folder: no broker starts beside it");
      else if (options_.partitions.match(name->partition))
        look_at(folder / entry.name, *around);
    }
    return true;
  }

  bool partition(const Path& given) {
    const Path folder = folder_path(given);
    auto root = LogDir::parent_of(files_, folder);
    const Path place = root ? root->path() : Path();
    const Surroundings* around = around_of(std::move(root), place);
    if (around == nullptr) return false;
    look_at(folder, *around);
    return true;
  }

  // Null if the settings that were asked for cannot be had, which is told.
  const Surroundings* around_of(std::optional<LogDir> root, const Path& place) {
    if (const auto found = around_.find(place); found != around_.end()) return &found->second;
    TopicSettings::Request request = options_.settings;
    request.root = root;
    LogDirCheckpoints checkpoints;
    if (root) {
      checkpoints = LogDirCheckpoints::read(*root);
      tell_about(*root, checkpoints);
      if (const auto properties = root->read_meta_properties(); !properties) {
        output_.defect(root->path() / kMetaProperties, properties.error());
        request.root = std::nullopt;
        if (!request.metadata) request.metadata = find_cluster_metadata(files_, root->path());
      }
    }
    auto settings = TopicSettings::read(files_, std::move(request));
    if (const auto* refusal = std::get_if<Refusal>(&settings)) {
      print(*refusal, output_);
      return nullptr;
    }
    kseg::tell_about(std::get<TopicSettings>(settings), root, output_);
    const bool in_use = root && root->in_use();
    const bool cleanly_shut_down = root && root->cleanly_shut_down();
    const auto added =
        around_.emplace(place, Surroundings{.root = std::move(root),
                                            .checkpoints = std::move(checkpoints),
                                            .settings = std::move(std::get<TopicSettings>(settings)),
                                            .in_use = in_use,
                                            .cleanly_shut_down = cleanly_shut_down});
    return &added.first->second;
  }

  void tell_about(const LogDir& root, const LogDirCheckpoints& checkpoints) {
    for (const std::string_view name :
         {kRecoveryPointCheckpoint, kLogStartCheckpoint, kReplicationCheckpoint, kCleanerCheckpoint}) {
      if (const Defect* defect = checkpoints.defect(name)) output_.defect(root.path() / name, *defect);
    }
    if (root.in_use())
      output_.remark(
          fmt::format("note: {}: in use by a broker: what is said is a snapshot", root.path().string()));
    else if (!root.cleanly_shut_down())
      output_.remark(fmt::format("note: {}: not shut down cleanly: a broker that starts recovers its logs",
                                 root.path().string()));
  }

  void look_at(const Path& folder, const Surroundings& around) {
    const PartitionSurroundings borrowed{.root = around.root ? &*around.root : nullptr,
                                         .checkpoints = around.checkpoints,
                                         .settings = around.settings,
                                         .in_use = around.in_use,
                                         .cleanly_shut_down = around.cleanly_shut_down};
    PartitionSummary::Limits limits{.now_ms = options_.now_ms};
    if (options_.verbose) limits.max_replay_bytes_if_compacted = std::numeric_limits<std::uint64_t>::max();
    auto summary = PartitionSummary::of(files_, folder, borrowed, limits);
    if (!summary) return;
    for (const LocatedDefect& defect : summary->defects) output_.defect(defect.file, defect.defect);
    Listed listed{.summary = std::move(*summary)};
    if (options_.verbose) explain(listed);
    listed_.push_back(std::move(listed));
  }

  void explain(Listed& listed) {
    const CleaningCandidate& candidate = listed.summary.candidate;
    const bool is_served = listed.summary.folder_name &&
                           listed.summary.folder_name->kind == PartitionFolderKind::current &&
                           listed.summary.state != PartitionState::stray;
    if (candidate.choice == CleaningCandidate::Choice::not_compacted || !is_served) return;
    listed.reason = explanation(listed.summary);
    if (candidate.choice == CleaningCandidate::Choice::refused || !candidate.range ||
        candidate.range->cleanable_bytes == 0) {
      return;
    }
    listed.reclaimed = unless_missing([&] {
      return ReclaimEstimate::of(files_, PartitionLog::open(files_, listed.summary.folder),
                                 {.first_dirty = candidate.range->first_dirty,
                                  .first_uncleanable = candidate.range->first_uncleanable});
    });
  }

  static std::string explanation(const PartitionSummary& summary) {
    const CleaningCandidate& candidate = summary.candidate;
    if (candidate.choice == CleaningCandidate::Choice::refused)
      return fmt::format("not compacted: {}", name(summary.state));
    if (candidate.choice != CleaningCandidate::Choice::chosen)
      return fmt::format("not compacted: {}", reason_of(candidate));
    const CleanableRange& range = *candidate.range;
    if (range.dirty_ratio() > candidate.config.min_cleanable_dirty_ratio) {
      return fmt::format("to be compacted: dirty ratio {:.3f} is above {}", range.dirty_ratio(),
                         candidate.config.min_cleanable_dirty_ratio);
    }
    return fmt::format("to be compacted: overdue by max.compaction.lag.ms for {}",
                       format_duration_ms(range.overdue_ms));
  }

  void sort() {
    std::sort(listed_.begin(), listed_.end(), [&](const Listed& one, const Listed& other) {
      switch (options_.sort) {
        case LsOptions::Sort::name: break;
        case LsOptions::Sort::bytes:
          if (one.summary.log_bytes != other.summary.log_bytes)
            return one.summary.log_bytes > other.summary.log_bytes;
          break;
        case LsOptions::Sort::ratio: {
          const double one_ratio = dirty_ratio(one.summary).value_or(-1);
          const double other_ratio = dirty_ratio(other.summary).value_or(-1);
          if (one_ratio != other_ratio) return one_ratio > other_ratio;
          break;
        }
      }
      return name_order(one) < name_order(other);
    });
  }

  void show() {
    for (const Listed& listed : listed_) {
      ++states_[listed.summary.state];
      segments_ += listed.summary.segments;
      bytes_ += listed.summary.log_bytes;
    }
    output_.json() ? show_json() : show_text();
  }

  // Its folder if several places are listed.
  std::string label(const PartitionSummary& summary) const {
    return around_.size() > 1 || !has_partition(summary) ? summary.folder.native()
                                                         : to_string(summary.folder_name->partition);
  }

  Cells cells(const PartitionSummary& summary) const {
    const auto time = [](std::int64_t ms) { return format_time_ms(ms); };
    return {label(summary),
            cell(summary.topic_id, [](const Uuid& id) { return to_string(id); }),
            cell(summary.policy, [](std::string_view policy) { return std::string(policy); }),
            fmt::format("{}", summary.segments),
            format_size_bytes(summary.log_bytes),
            cell(summary.log_start),
            cell(summary.log_end),
            cell(first_dirty(summary)),
            cell(dirty_ratio(summary), [](double ratio) { return fmt::format("{:.3f}", ratio); }),
            cell(summary.last_stable),
            cell(summary.oldest_ms, time),
            cell(summary.newest_ms, time),
            std::string(name(summary.state))};
  }

  void show_text() {
    std::vector<Cells> rows = {kTitles};
    for (const Listed& listed : listed_) rows.push_back(cells(listed.summary));
    std::array<std::size_t, kColumns> widths{};
    for (const Cells& row : rows) {
      for (std::size_t i = 0; i < kColumns; ++i) widths[i] = std::max(widths[i], row[i].size());
    }
    if (!listed_.empty()) show_row(rows[0], widths);
    for (std::size_t i = 0; i < listed_.size(); ++i) {
      show_row(rows[i + 1], widths);
      if (options_.verbose) show_details(listed_[i]);
    }
    std::string states;
    for (const auto& [state, number] : states_)
      states += fmt::format("{} {} {}", states.empty() ? ":" : ",", number, name(state));
    output_.print("{}, {}, {}{}", count(listed_.size(), "partition"), count(segments_, "segment"),
                  format_size_bytes(bytes_), states);
  }

  void show_row(const Cells& cells, const std::array<std::size_t, kColumns>& widths) {
    auto& to = output_.line();
    for (std::size_t i = 0; i + 1 < kColumns; ++i) {
      if (is_number(i))
        fmt::format_to(std::back_inserter(to), "{:>{}}  ", cells[i], widths[i]);
      else
        fmt::format_to(std::back_inserter(to), "{:<{}}  ", cells[i], widths[i]);
    }
    to.append(std::string_view(cells.back()));
    output_.end_line();
  }

  void show_details(const Listed& listed) {
    const PartitionSummary& summary = listed.summary;
    const bool is_current = !summary.folder_name || summary.folder_name->kind == PartitionFolderKind::current;
    if (!is_current) output_.print("  folder {}", summary.folder.native());
    for (const std::string& note : summary.notes) output_.print("  {}", note);
    if (listed.reason) output_.print("  {}", *listed.reason);
    if (!listed.reclaimed) return;
    const ReclaimEstimate& reclaimed = *listed.reclaimed;
    output_.print("  a compaction would free about {} of {} (estimated from {})",
                  format_size_bytes(reclaimed.freed_bytes), format_size_bytes(reclaimed.total_bytes),
                  reclaimed.is_whole ? "all of it" : format_size_bytes(reclaimed.read_bytes));
  }

  void show_json() {
    for (const Listed& listed : listed_) show_json(listed);
    Row row = output_.row("summary");
    row.field("partitions", listed_.size()).field("segments", segments_).field("bytes", bytes_);
    for (const PartitionState state :
         {PartitionState::clean, PartitionState::needs_recovery, PartitionState::damaged,
          PartitionState::unfinished_swap, PartitionState::future_replica, PartitionState::stray,
          PartitionState::deleted}) {
      const auto found = states_.find(state);
      row.field(name(state), found == states_.end() ? 0 : found->second);
    }
    row.field("defects", output_.defects()).end();
  }

  void show_json(const Listed& listed) {
    const PartitionSummary& summary = listed.summary;
    const auto& partition = summary.candidate.partition;
    Row row = output_.row("partition");
    if (has_partition(summary))
      row.field("partition", to_string(partition)).field("topic", partition.topic);
    else
      row.null("partition").null("topic");
    row.field("folder", summary.folder.native());
    if (summary.topic_id)
      row.field("topic_id", to_string(*summary.topic_id));
    else
      row.null("topic_id");
    row.field("policy", summary.policy)
        .field("segments", summary.segments)
        .field("bytes", summary.log_bytes)
        .field("log_start", summary.log_start)
        .field("log_end", summary.log_end)
        .field("first_dirty", first_dirty(summary));
    const auto ratio = dirty_ratio(summary);
    if (ratio)
      fmt::format_to(std::back_inserter(output_.line()), R"(,"dirty_ratio":{:.6g})", *ratio);
    else
      row.null("dirty_ratio");
    row.field("last_stable", summary.last_stable)
        .field("oldest", summary.oldest_ms)
        .field("newest", summary.newest_ms)
        .field("state", name(summary.state));
    output_.line().append(std::string_view(R"(,"notes":[)"));
    for (std::size_t i = 0; i < summary.notes.size(); ++i) {
      if (i > 0) output_.line().push_back(',');
      append_json(output_.line(), as_bytes(summary.notes[i]));
    }
    output_.line().push_back(']');
    if (options_.verbose) {
      if (listed.reason)
        row.field("compaction", std::string_view(*listed.reason));
      else
        row.null("compaction");
      if (listed.reclaimed) {
        row.field("freed_bytes", listed.reclaimed->freed_bytes)
            .field("freed_of_bytes", listed.reclaimed->total_bytes)
            .field("sampled_bytes", listed.reclaimed->read_bytes)
            .field("estimate", true);
      }
    }
    row.end();
  }

  const LsOptions& options_;
  FileSystem& files_;
  Output& output_;
  std::map<Path, Surroundings> around_;  // by the folder around
  std::vector<Listed> listed_;
  std::map<PartitionState, std::uint64_t> states_;
  std::uint64_t segments_ = 0;
  std::uint64_t bytes_ = 0;
};

LsOptions::Sort parse_sort(const std::string& order) {
  if (order == "name") return LsOptions::Sort::name;
  if (order == "bytes") return LsOptions::Sort::bytes;
  if (order == "ratio") return LsOptions::Sort::ratio;
  throw CLI::ValidationError("--sort", "takes name, bytes or ratio, not '" + order + "'");
}

}  // namespace

void add_ls_command(CLI::App& app, ChosenCommand& chosen) {
  const auto options = std::make_shared<LsOptions>();
  CLI::App* command = app.add_subcommand("ls", "List partitions: offsets, sizes, times, state");
  command->add_option("TARGET", options->targets, "log directories, partition folders")
      ->type_name("")
      ->required();
  command->add_flag("-v,--verbose", options->verbose,
                    "also why a partition is not compacted, and about how much that would free");
  command->add_flag("--files", options->files,
                    "every file, with what it is by its name, instead of partitions");
  command
      ->add_option_function<std::string>(
          "--sort", [options](const std::string& order) { options->sort = parse_sort(order); },
          "by name (default), by bytes or by dirty ratio, the largest first")
      ->type_name("name|bytes|ratio");
  add_partition_options(*command, options->partitions);
  add_settings_options(*command, options->settings);
  add_now_option(*command, options->now_ms, "the clock that lags are judged by");
  add_output_options(*command, options->output);
  command->footer(kFooter);
  command->callback([options, &chosen] {
    chosen = {.format = options->output.format,
              .run = [options](Output& output) { return run_ls(*options, output); }};
  });
}

ExitStatus run_ls(const LsOptions& options, Output& output) {
  return Listing(options, posix_file_system(), output).run();
}

}  // namespace kseg
