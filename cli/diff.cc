#include "cli/diff.h"

#include <CLI/CLI.hpp>

#include <iterator>
#include <map>
#include <memory>

#include "cli/counted.h"
#include "cli/output_report.h"
#include "cli/partition_targets.h"
#include "cli/range_argument.h"
#include "cli/reader_options.h"
#include "cli/record_lines.h"
#include "cli/target.h"
#include "lib/record_lookup.h"
#include "lib/state_diff.h"

namespace kseg {
namespace {

constexpr const char* kFooter = R"(WHAT IS COMPARED
  Offset, time, key, value and headers of each record; not batches, codecs, producers and segments.
  Every record counts, those of aborted and open transactions too: a replica holds the same. With
  --by-key, the last value of each key and its headers, wherever they stand, read committed: a mirror or
  a compacted copy has the same state at other offsets. Of two log directories, partitions of the same
  name are compared.

EXIT STATUS
  0  no difference
  1  differences or defects; each is told
  2  the command line is wrong
  3  the system said no: a file is missing or cannot be read, no space, no memory)";

std::vector<std::string_view> names(const DifferingFields& fields) {
  std::vector<std::string_view> names;
  const auto add = [&](bool differs, std::string_view name) {
    if (differs) names.push_back(name);
  };
  add(fields.timestamp, "timestamp");
  add(fields.key, "key");
  add(fields.value, "value");
  add(fields.headers, "headers");
  add(fields.control, "control");
  return names;
}

// A record of one side, as it is to be shown.
struct ShownRecord {
  const RecordBatchHeader* batch;
  const RecordView* record;
};

class Diff {
 public:
  Diff(const DiffOptions& options, FileSystem& files, Output& output)
      : options_(options),
        files_(files),
        output_(output),
        report_(output),
        left_lines_(output),
        right_lines_(output) {}

  void partitions(const PartitionTarget& left, const PartitionTarget& right) {
    const ReadableLog left_log = ReadableLog::open(files_, left.path, options_.request, report_);
    const ReadableLog right_log = ReadableLog::open(files_, right.path, options_.request, report_);
    left_lines_.begin_partition(left.partition);
    right_lines_.begin_partition(right.partition);
    ++pairs_;
    if (options_.by_key)
      by_key(left, left_log, right, right_log);
    else
      by_offset(left_log, right_log);
  }

  void log_directories(const std::vector<PartitionTarget>& left, const std::vector<PartitionTarget>& right) {
    struct Pair {
      const PartitionTarget* left = nullptr;
      const PartitionTarget* right = nullptr;
    };
    std::map<std::string, Pair> pairs;
    for (const PartitionTarget& each : left) pairs[to_string(*each.partition)].left = &each;
    for (const PartitionTarget& each : right) pairs[to_string(*each.partition)].right = &each;
    for (const auto& [name, pair] : pairs) {
      if (pair.left && pair.right) {
        heading(name);
        partitions(*pair.left, *pair.right);
      } else {
        missing_partition(name, pair.left != nullptr);
      }
    }
  }

  std::uint64_t differences() const { return totals_.differences() + missing_partitions_; }

  void summary() {
    const std::string_view noun = options_.by_key ? "key" : "record";
    if (output_.json()) {
      output_.row("summary")
          .field("differences", differences())
          .field("only_left", totals_.only_left)
          .field("only_right", totals_.only_right)
          .field("changed", totals_.changed)
          .field(options_.by_key ? "left_keys" : "left_records", totals_.left)
          .field(options_.by_key ? "right_keys" : "right_records", totals_.right)
          .field("partitions", pairs_)
          .field("missing_partitions", missing_partitions_)
          .field("defects", output_.defects())
          .end();
      return;
    }
    const auto line = std::back_inserter(output_.line());
    fmt::format_to(line, "{}", count(differences(), "difference"));
    const auto also = [&](std::uint64_t number, std::string_view what) {
      if (number > 0) fmt::format_to(line, ", {} {}", number, what);
    };
    also(totals_.only_left, "only left");
    also(totals_.only_right, "only right");
    also(totals_.changed, "changed");
    also(missing_partitions_, missing_partitions_ == 1 ? "partition missing" : "partitions missing");
    fmt::format_to(line, " in {} left, {} right", count(totals_.left, noun), totals_.right);
    if (pairs_ != 1) fmt::format_to(line, " of {}", count(pairs_, "partition"));
    fmt::format_to(line, ", {}", count(output_.defects(), "defect"));
    output_.end_line();
  }

 private:
  void heading(const std::string& name) {
    if (output_.json()) return;
    output_.line().append(name);
    output_.end_line();
  }

  void missing_partition(const std::string& name, bool is_left) {
    ++missing_partitions_;
    const std::string_view kind = is_left ? "only_left" : "only_right";
    if (output_.json())
      return output_.row("missing_partition").field("kind", kind).field("partition", name).end();
    heading(fmt::format("{}: only {}", name, is_left ? "left" : "right"));
  }

  void by_offset(const ReadableLog& left_log, const ReadableLog& right_log) {
    RecordStream left(files_, left_log, report_, {.control = options_.control});
    RecordStream right(files_, right_log, report_, {.control = options_.control});
    RecordDiff diff(left, right);
    while (diff.next()) {
      if (shown_ >= options_.limit) continue;
      std::optional<ShownRecord> shown_left;
      std::optional<ShownRecord> shown_right;
      if (diff.left()) shown_left = {&left.batch(), diff.left()};
      if (diff.right()) shown_right = {&right.batch(), diff.right()};
      show(shown_left, shown_right, diff.fields());
    }
    add(diff.counts());
  }

  void by_key(const PartitionTarget& left, const ReadableLog& left_log, const PartitionTarget& right,
              const ReadableLog& right_log) {
    const std::size_t listed = options_.limit - std::min(options_.limit, shown_);
    const StateDifferences found = compare_states(files_, left_log, right_log, listed, report_);
    for (const KeyDifference& each : found.first) {
      look_up(left, each.left, [&](std::optional<ShownRecord> of_left) {
        look_up(right, each.right, [&](std::optional<ShownRecord> of_right) {
          DifferingFields fields;
          if (of_left && of_right) fields = differing_fields(*of_left->record, *of_right->record);
          fields.timestamp = false;
          show(of_left, of_right, fields);
        });
      });
    }
    add(found.counts);
  }

  template <typename Use>
  void look_up(const PartitionTarget& target, std::optional<Offset> offset, Use use) {
    if (!offset) return use(std::nullopt);
    look_up_record(files_, target.path, *offset,
                   [&](const RecordBatchHeader& batch, const RecordView& record) {
                     use(ShownRecord{&batch, &record});
                   });
  }

  void show(const std::optional<ShownRecord>& left, const std::optional<ShownRecord>& right,
            const DifferingFields& fields) {
    ++shown_;
    if (output_.json())
      show_json(left, right, fields);
    else
      show_text(left, right, fields);
  }

  void show_text(const std::optional<ShownRecord>& left, const std::optional<ShownRecord>& right,
                 const DifferingFields& fields) {
    fmt::memory_buffer& line = output_.line();
    const Offset offset = (left ? left : right)->record->offset;
    const std::string what = !right  ? "only left"
                             : !left ? "only right"
                                     : fmt::format("{}", fmt::join(names(fields), ", "));
    fmt::format_to(std::back_inserter(line), "offset {}", offset);
    if (left && right && left->record->offset != right->record->offset)
      fmt::format_to(std::back_inserter(line), " and {}", right->record->offset);
    fmt::format_to(std::back_inserter(line), ": {}", what);
    output_.end_line();
    const auto side = [&](char mark, const std::optional<ShownRecord>& shown, RecordLines& lines) {
      if (!shown) return;
      line.push_back(mark);
      append(*shown, lines);
      output_.end_line();
    };
    side('<', left, left_lines_);
    side('>', right, right_lines_);
  }

  void show_json(const std::optional<ShownRecord>& left, const std::optional<ShownRecord>& right,
                 const DifferingFields& fields) {
    fmt::memory_buffer& line = output_.line();
    const auto to = std::back_inserter(line);
    fmt::format_to(to, R"({{"type":"difference","kind":"{}","fields":[)",
                   !right  ? "only_left"
                   : !left ? "only_right"
                           : "changed");
    std::string_view comma;
    for (const std::string_view name : names(fields)) {
      fmt::format_to(to, R"({}"{}")", comma, name);
      comma = ",";
    }
    line.append(std::string_view(R"(],"left":)"));
    left ? append(*left, left_lines_) : line.append(std::string_view("null"));
    line.append(std::string_view(R"(,"right":)"));
    right ? append(*right, right_lines_) : line.append(std::string_view("null"));
    line.push_back('}');
    output_.end_line();
  }

  // What is wrong with a control record is verify's to tell.
  static void append(const ShownRecord& shown, RecordLines& lines) {
    lines.begin_batch(*shown.batch);
    lines.append_record(*shown.record);
  }

  void add(const DiffCounts& counts) {
    totals_.left += counts.left;
    totals_.right += counts.right;
    totals_.only_left += counts.only_left;
    totals_.only_right += counts.only_right;
    totals_.changed += counts.changed;
  }

  const DiffOptions& options_;
  FileSystem& files_;
  Output& output_;
  OutputReport report_;
  RecordLines left_lines_;
  RecordLines right_lines_;
  DiffCounts totals_;
  std::uint64_t pairs_ = 0;
  std::uint64_t missing_partitions_ = 0;
  std::uint64_t shown_ = 0;
};

}  // namespace

void add_diff_command(CLI::App& app, ChosenCommand& chosen) {
  const auto shared = std::make_shared<DiffOptions>();
  DiffOptions& options = *shared;
  CLI::App* command = app.add_subcommand("diff", "Compare two partitions, record by record or key by key");
  command->add_option("LEFT", options.left, "a partition folder, a .log file or a log directory")
      ->type_name("")
      ->required();
  command->add_option("RIGHT", options.right, "another")->type_name("")->required();
  add_output_options(*command, options.output);
  command->add_flag("--by-key", options.by_key, "compare the last value of each key, wherever it stands");
  command->add_flag("--control", options.control, "compare control records (markers), too")
      ->excludes("--by-key");
  command
      ->add_option_function<std::string>(
          "--limit",
          [&options](const std::string& text) {
            const auto limit = parse_count(text);
            if (!limit) throw CLI::ValidationError("--limit", "expected a number, found " + text);
            options.limit = *limit;
          },
          "show the first N differences (default 20); all are counted")
      ->type_name("N");
  options.request.isolation = Isolation::read_uncommitted;
  add_reader_options(*command, options.request, "read_uncommitted; read_committed with --by-key");
  command->footer(kFooter);
  command->callback([shared, command, &chosen] {
    if (shared->by_key && command->count("--isolation") == 0) {
      shared->request.isolation = Isolation::read_committed;
    }
    chosen = {.format = shared->output.format,
              .run = [shared](Output& output) { return run_diff(*shared, output); }};
  });
}

ExitStatus run_diff(const DiffOptions& options, Output& output) {
  FileSystem& files = posix_file_system();
  const auto left = partition_targets(files, {options.left}, "diff", output);
  const auto right = left ? partition_targets(files, {options.right}, "diff", output) : std::nullopt;
  if (!left || !right) return ExitStatus::usage;
  const bool left_is_directory = target_kind(files, options.left) == TargetKind::log_directory;
  const bool right_is_directory = target_kind(files, options.right) == TargetKind::log_directory;
  if (left_is_directory != right_is_directory) {
    output.remark("a log directory is compared with a log directory, a partition with a partition");
    return ExitStatus::usage;
  }
  Diff diff(options, files, output);
  if (left_is_directory)
    diff.log_directories(*left, *right);
  else
    diff.partitions(left->front(), right->front());
  diff.summary();
  return diff.differences() == 0 && output.defects() == 0 ? ExitStatus::done : ExitStatus::no;
}

}  // namespace kseg
