#include "cli/dump.h"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <array>
#include <iterator>
#include <memory>

#include "cli/batch_dump.h"
#include "cli/counted.h"
#include "cli/kafka_dump_options.h"
#include "cli/range_argument.h"
#include "cli/side_file_lines.h"
#include "cli/stretch_dump.h"
#include "cli/target.h"
#include "lib/partition_reader.h"
#include "lib/tail_start.h"
#include "lib/unless_missing.h"

namespace kseg {
namespace {

constexpr const char* kFooter = R"(TARGETS
  Files are known by their names: .log, .index, .timeindex, .txnindex, .snapshot (also with .deleted,
  .cleaned or .swap behind it), .checkpoint, the four checkpoint files of a log directory,
  leader-epoch-checkpoint, meta.properties, partition.metadata, quorum-state, .kafka_cleanshutdown and what
  is in remote-log-index-cache. A partition folder is dumped as a
  broker would load it, a log directory partition by partition, each with its side files, unless
  --logs-only, --batches or an option that selects records is given.

IN THE WORDS OF KAFKA
  --format kafka prints what Kafka 4.3.1's own dump tool (kafka-dump-log.sh) prints, byte for byte, and
  takes that tool's options and none of the others. It ends where that tool ends with an exception. Of a
  folder it dumps the files that the tool knows, by name. See kseg-dump(1).

SELECTING RECORDS
  All that is given must hold; of several keys and prefixes, one. Then --tail takes the last N of what
  is selected, of each partition, and --limit stops after N in all. Timestamps need not ascend: --time
  finds its begin in the time index, but reads on to the end of the log.

EXIT STATUS
  0  everything was dumped
  1  it was, around defects (told on stderr; in jsonl as objects)
  2  the command line is wrong
  3  the system said no: a file is missing or cannot be read, no space, no memory)";

class Dump {
 public:
  Dump(const DumpOptions& options, FileSystem& files, Output& output)
      : options_(options),
        selection_(to_selection(options.selection)),
        files_(files),
        output_(output),
        in_turn_(options, selection_, output),
        by_stretches_(options, selection_, output) {}

  void target(const Path& path, TargetKind kind) {
    switch (kind) {
      case TargetKind::log_directory: return log_directory(path);
      case TargetKind::partition_folder: return partition_folder(path);
      case TargetKind::log:
      case TargetKind::metadata_snapshot: return log_file(path, kind);
      case TargetKind::offset_index:
      case TargetKind::time_index:
      case TargetKind::transaction_index:
      case TargetKind::producer_snapshot:
      case TargetKind::offset_checkpoint:
      case TargetKind::leader_epochs:
      case TargetKind::meta_properties:
      case TargetKind::partition_metadata:
      case TargetKind::quorum_state:
      case TargetKind::clean_shutdown: return side_file(path, kind);
    }
  }

  void summary() {
    if (output_.json()) {
      output_.row("summary")
          .field("batches", in_turn_.batches())
          .field("records", in_turn_.records())
          .field("entries", entries_)
          .field("defects", output_.defects())
          .end();
      return;
    }
    fmt::format_to(std::back_inserter(output_.line()), "{}, {}{}, {}",
                   count(in_turn_.batches(), "batch", "batches"),
                   count(in_turn_.records(), "record", "records"),
                   entries_ == 0 ? "" : ", " + count(entries_, "entry", "entries"),
                   count(output_.defects(), "defect", "defects"));
    output_.end_line();
  }

 private:
  PartitionReader::Options reader_options(const TailStart& tail) const {
    OffsetRange range = selection_.offsets;
    range.begin = std::max(range.begin, std::min(tail.begin, range.end));
    return {.payload = options_.batches ? SegmentReader::Payload::skip : SegmentReader::Payload::read,
            .range = range,
            .begin_time_ms = selection_.times.value_or(TimeRange{}).begin_ms,
            .use_indexes = options_.selection.use_indexes,
            .stretches = options_.stretches};
  }

  TailStart tail_of(std::span<const Segment> segments) const {
    if (!options_.tail) return {};
    return find_tail(files_, segments, selection_,
                     {.count = *options_.tail,
                      .of_batches = options_.batches,
                      .use_indexes = options_.selection.use_indexes});
  }

  bool side_files_wanted() const { return !options_.logs_only && !options_.selects(); }

  // What a folder held when it was listed may be gone when its turn comes: a broker may be at work.
  template <typename Read>
  void beside_broker(const Path& path, Read read) {
    const auto did = unless_missing([&] { return read(), true; });
    if (!did) output_.remark(fmt::format("{}: vanished before it was read to its end", path.native()));
  }

  void log_directory(const Path& folder) {
    const auto entries = files_.list(folder);
    for (const DirectoryEntry& entry : entries) {
      const auto kind = entry.is_directory ? std::nullopt : file_kind(entry.name);
      if (!kind || (*kind != TargetKind::offset_checkpoint && *kind != TargetKind::meta_properties &&
                    *kind != TargetKind::clean_shutdown)) {
        continue;
      }
      if (side_files_wanted())
        beside_broker(folder / entry.name, [&] { side_file(folder / entry.name, *kind); });
    }
    for (const DirectoryEntry& entry : entries) {
      const auto name = entry.is_directory ? parse_partition_folder_name(entry.name) : std::nullopt;
      if (!name || in_turn_.done()) continue;
      const Path partition = folder / entry.name;
      if (name->kind != PartitionFolderKind::current) {
        output_.remark(fmt::format("{}: left out; name it to dump it", partition.native()));
        continue;
      }
      beside_broker(partition, [&] { partition_folder(partition); });
    }
  }

  void log_file(const Path& file, TargetKind kind) {
    const Segment segment = lone_segment(files_, file);
    const TailStart tail = tail_of({&segment, 1});
    PartitionReader reader = PartitionReader::of_file(files_, file, reader_options(tail));
    const auto folder = partition_of_folder(file.parent_path());
    log(reader, folder, kind == TargetKind::metadata_snapshot ? kClusterMetadataTopic : topic_of(folder),
        tail.skip);
  }

  void partition_folder(const Path& folder) {
    TailStart tail;
    if (options_.tail) tail = tail_of(PartitionLog::open(files_, folder).segments());
    PartitionReader reader = PartitionReader::of_folder(files_, folder, reader_options(tail));
    const auto partition_name = partition_of_folder(folder);
    log(reader, partition_name, topic_of(partition_name), tail.skip);
    if (!side_files_wanted()) return;
    const PartitionLog partition = PartitionLog::open(files_, folder);
    for (const Segment& segment : partition.segments()) {
      for (const auto& index : {segment.offset_index, segment.time_index, segment.transaction_index}) {
        if (index) side_file_of_folder(*index);
      }
    }
    for (const auto& [offset, snapshot] : partition.snapshots()) side_file_of_folder(snapshot);
    for (const std::string_view name : {kLeaderEpochCheckpoint, kPartitionMetadata, kQuorumState}) {
      if (files_.info(folder / name)) side_file_of_folder(folder / name);
    }
  }

  void side_file_of_folder(const Path& file) {
    const auto kind = file_kind(file.filename().native());
    if (kind) beside_broker(file, [&] { side_file(file, *kind); });
  }

  void side_file(const Path& file, TargetKind kind) {
    entries_ += dump_side_file(files_, file, kind, selection_.offsets, output_);
  }

  static std::string_view topic_of(const std::optional<PartitionFolderName>& folder) {
    return folder ? std::string_view(folder->partition.topic) : std::string_view();
  }

  // Leaves out the first `skip` records (batches) that are selected.
  void log(PartitionReader& reader, const std::optional<PartitionFolderName>& folder, std::string_view topic,
           std::uint64_t skip) {
    const auto partition = folder ? std::optional(folder->partition) : std::nullopt;
    const auto decoded_as = options_.decoder.of(topic);
    in_turn_.begin_partition(partition, decoded_as, skip);
    by_stretches_.begin_partition(partition, decoded_as);
    const bool stretched = !options_.batches && !options_.limit && !options_.tail;
    while (!in_turn_.done() && reader.begin_segment()) {
      for (const IndexDoubt& doubt : reader.take_doubts()) {
        output_.note(doubt.file, doubt.position, doubt.reason);
      }
      in_turn_.begin_file(reader.segment().log);
      if (stretched) by_stretches_.segment(reader, in_turn_);
      while (!in_turn_.done()) {
        const auto batch = reader.next_in_segment();
        if (!batch) {
          defect(reader, batch.error());
        } else if (*batch) {
          in_turn_.batch(**batch);
        } else {
          break;
        }
      }
    }
  }

  void defect(PartitionReader& reader, const Defect& defect) {
    const Path& file = reader.segment().log;
    if (defect.code == DefectCode::torn_tail && reader.in_active_segment()) {
      return output_.note(file, defect.position, describe(defect));
    }
    // The header of a batch with a wrong crc is shown for what it may be worth.
    if (defect.code == DefectCode::crc_mismatch) {
      std::array<std::uint8_t, RecordBatchHeader::kSize> bytes{};
      const std::size_t read = reader.file().read_at(defect.position, bytes);
      const auto header = decode_record_batch_header(Bytes(bytes).first(read), defect.position);
      if (header) in_turn_.damaged(*header, defect.position);
    }
    output_.defect(file, defect);
  }

  const DumpOptions& options_;
  RecordSelection selection_;
  FileSystem& files_;
  Output& output_;
  BatchDump in_turn_;
  StretchDump by_stretches_;
  std::uint64_t entries_ = 0;
};

void add_count(CLI::App& command, const std::string& name, std::optional<std::uint64_t>& count,
               const std::string& help) {
  command
      .add_option_function<std::string>(
          name,
          [name, &count](const std::string& text) {
            count = parse_count(text);
            if (!count) throw CLI::ValidationError(name, "expected a number, found " + text);
          },
          help)
      ->type_name("N");
}

}  // namespace

void add_dump_command(CLI::App& app, ChosenCommand& chosen) {
  const auto options = std::make_shared<DumpOptions>();
  CLI::App* command = app.add_subcommand("dump", "Show what is in segments, indexes and side files");
  command->add_option("TARGET", options->targets, "files, partition folders, log directories")->type_name("");
  add_output_options_with_kafka(*command, options->output);
  command->add_flag("--batches", options->batches,
                    "headers of batches only; nothing is decompressed or checked");
  command->add_flag("--logs-only", options->logs_only, "of folders, leave out what is not records");
  add_range_options(*command, options->selection);
  add_index_option(*command, options->selection);
  add_key_options(*command, options->selection);
  add_batch_options(*command, options->selection);
  add_count(*command, "--tail", options->tail, "the last N of these records of each partition");
  add_count(*command, "--limit", options->limit, "stop after N records, with --batches N batches");
  command
      ->add_option_function<std::string>(
          "--decoder",
          [options](const std::string& text) {
            const auto choice = parse_decoder_choice(text);
            if (!choice)
              throw CLI::ValidationError(
                  "--decoder",
                  "expected none, consumer_offsets, transaction_state, "
                  "share_group_state, cluster_metadata or remote_log_metadata, found " +
                      text);
            options->decoder = *choice;
          },
          "decode records as those of __NAME, or none (default: by the folder's name)")
      ->type_name("NAME");
  command
      ->add_option_function<std::string>(
          "--values",
          [options](const std::string& text) {
            const auto form = parse_value_form(text);
            if (!form)
              throw CLI::ValidationError("--values", "expected none, hex, base64 or utf8, found " + text);
            options->values = *form;
          },
          "how to show values (default: as text if they are, long ones cut short)")
      ->type_name("none|hex|base64|utf8");
  add_kafka_dump_options(*command, options->kafka);
  command->footer(kFooter);
  command->callback([options, command, &chosen] {
    check_kafka_dump_options(*command, options->output.format == Format::kafka);
    if (options->targets.empty() && command->count("--files") == 0) throw CLI::RequiredError("TARGET");
    if (command->count("--values") > 0 && command->count("--decoder") == 0)
      options->decoder = {.by = DecoderChoice::By::nothing};
    const SelectionOptions& selection = options->selection;
    if (selection.selects_keys() && options->batches)
      throw CLI::ValidationError("--batches", "looks at no record, so it cannot select by key");
    if (selection.selects_keys() && selection.control_only)
      throw CLI::ValidationError("--control", "control records have no key to select by");
    chosen = {.format = options->output.format,
              .run = [options](Output& output) { return run_dump(*options, output); }};
  });
}

ExitStatus run_dump(const DumpOptions& options, Output& output) {
  if (options.output.format == Format::kafka) return run_kafka_dump(options.targets, options.kafka, output);
  FileSystem& files = posix_file_system();
  std::vector<std::pair<Path, TargetKind>> targets;
  for (const Path path : options.targets) {
    const auto kind = target_kind(files, path);
    if (!kind) {
      output.remark(fmt::format("{}: no file or folder of a log directory, by its name; see kseg dump --help",
                                path.native()));
      return ExitStatus::usage;
    }
    targets.emplace_back(path, *kind);
  }
  Dump dump(options, files, output);
  for (const auto& [path, kind] : targets) dump.target(path, kind);
  dump.summary();
  return output.defects() == 0 ? ExitStatus::done : ExitStatus::no;
}

}  // namespace kseg
