#include "cli/dump.h"

#include <CLI/CLI.hpp>

#include <array>
#include <iterator>
#include <memory>

#include "cli/range_argument.h"
#include "cli/record_lines.h"
#include "cli/side_file_lines.h"
#include "cli/target.h"
#include "lib/batch_check.h"
#include "lib/partition_reader.h"
#include "lib/unless_missing.h"

namespace kseg {
namespace {

constexpr const char* kFooter = R"(TARGETS
  Files are known by their names: .log, .index, .timeindex, .txnindex, .snapshot (also with .deleted,
  .cleaned or .swap behind it), .checkpoint, the four checkpoint files of a log directory,
  leader-epoch-checkpoint, meta.properties, partition.metadata. A partition folder is dumped as a
  broker would load it, a log directory partition by partition, each with its side files, unless
  --logs-only or one of --batches, --offset, --limit is given.

EXIT STATUS
  0  everything was dumped
  1  it was, around defects (told on stderr; in jsonl as objects)
  2  the command line is wrong
  3  the system said no: a file is missing or cannot be read, no space, no memory)";

std::string count(std::uint64_t number, std::string_view noun, std::string_view plural) {
  return fmt::format("{} {}", number, number == 1 ? noun : plural);
}

class Dump {
 public:
  Dump(const DumpOptions& options, FileSystem& files, Output& output)
      : options_(options),
        range_(options.range.value_or(OffsetRange{})),
        files_(files),
        output_(output),
        lines_(output) {}

  void target(const Path& path, TargetKind kind) {
    switch (kind) {
      case TargetKind::log_directory: return log_directory(path);
      case TargetKind::partition_folder: return partition_folder(path);
      case TargetKind::log:
      case TargetKind::metadata_snapshot: {
        PartitionReader reader = PartitionReader::of_file(files_, path, reader_options());
        return log(reader, partition_of_folder(path.parent_path()));
      }
      case TargetKind::offset_index:
      case TargetKind::time_index:
      case TargetKind::transaction_index:
      case TargetKind::producer_snapshot:
      case TargetKind::offset_checkpoint:
      case TargetKind::leader_epochs:
      case TargetKind::meta_properties:
      case TargetKind::partition_metadata: return side_file(path, kind);
    }
  }

  void summary() {
    if (output_.json()) {
      output_.row("summary")
          .field("batches", batches_)
          .field("records", records_)
          .field("entries", entries_)
          .field("defects", output_.defects())
          .end();
      return;
    }
    fmt::format_to(std::back_inserter(output_.line()), "{}, {}{}, {}", count(batches_, "batch", "batches"),
                   count(records_, "record", "records"),
                   entries_ == 0 ? "" : ", " + count(entries_, "entry", "entries"),
                   count(output_.defects(), "defect", "defects"));
    output_.end_line();
  }

 private:
  PartitionReader::Options reader_options() const {
    return {.payload = options_.batches ? SegmentReader::Payload::skip : SegmentReader::Payload::read,
            .range = range_};
  }

  bool side_files_wanted() const { return !options_.logs_only && !options_.selects(); }

  bool done() const { return options_.limit && (options_.batches ? batches_ : records_) >= *options_.limit; }

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
      if (!kind || (*kind != TargetKind::offset_checkpoint && *kind != TargetKind::meta_properties)) continue;
      if (side_files_wanted())
        beside_broker(folder / entry.name, [&] { side_file(folder / entry.name, *kind); });
    }
    for (const DirectoryEntry& entry : entries) {
      const auto name = entry.is_directory ? parse_partition_folder_name(entry.name) : std::nullopt;
      if (!name || done()) continue;
      const Path partition = folder / entry.name;
      if (name->kind != PartitionFolderKind::current) {
        output_.remark(fmt::format("{}: left out; name it to dump it", partition.native()));
        continue;
      }
      beside_broker(partition, [&] { partition_folder(partition); });
    }
  }

  void partition_folder(const Path& folder) {
    PartitionReader reader = PartitionReader::of_folder(files_, folder, reader_options());
    log(reader, partition_of_folder(folder));
    if (!side_files_wanted()) return;
    const PartitionLog partition = PartitionLog::open(files_, folder);
    for (const Segment& segment : partition.segments()) {
      for (const auto& index : {segment.offset_index, segment.time_index, segment.transaction_index}) {
        if (index) side_file_of_folder(*index);
      }
    }
    for (const auto& [offset, snapshot] : partition.snapshots()) side_file_of_folder(snapshot);
    for (const std::string_view name : {kLeaderEpochCheckpoint, kPartitionMetadata}) {
      if (files_.info(folder / name)) side_file_of_folder(folder / name);
    }
  }

  void side_file_of_folder(const Path& file) {
    const auto kind = file_kind(file.filename().native());
    if (kind) beside_broker(file, [&] { side_file(file, *kind); });
  }

  void side_file(const Path& file, TargetKind kind) {
    entries_ += dump_side_file(files_, file, kind, range_, output_);
  }

  void log(PartitionReader& reader, const std::optional<PartitionFolderName>& folder) {
    const auto partition = folder ? std::optional(folder->partition) : std::nullopt;
    Path file;
    while (!done()) {
      const auto batch = reader.next();
      if (batch && !*batch) break;
      if (file != reader.segment().log) {
        file = reader.segment().log;
        lines_.begin_file(file, partition);
      }
      if (!batch)
        defect(reader, batch.error());
      else if (options_.batches)
        show((*batch)->header, (*batch)->position, std::nullopt);
      else
        this->batch(**batch, file);
    }
  }

  void show(const RecordBatchHeader& header, Position position, std::optional<bool> valid) {
    ++batches_;
    lines_.batch(header, position, valid);
  }

  void batch(const RecordBatchView& batch, const Path& file) {
    show(batch.header, batch.position, true);
    const auto records = uncompressed_records(batch, decompressor_, scratch_);
    if (!records) return output_.defect(file, records.error());
    RecordReader reader(batch.header, records->bytes);
    for (RecordView record; !done() && reader.next(record);) {
      if (!range_.contains(record.offset)) continue;
      ++records_;
      auto defect = lines_.record(record);
      if (!defect) continue;
      defect->position = batch.position;
      output_.defect(file, *defect);
    }
    if (reader.defect()) output_.defect(file, in_file(*reader.defect(), batch));
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
      if (header && header->last_offset() >= range_.begin && header->base_offset < range_.end) {
        show(*header, defect.position, false);
      }
    }
    output_.defect(file, defect);
  }

  const DumpOptions& options_;
  OffsetRange range_;
  FileSystem& files_;
  Output& output_;
  RecordLines lines_;
  Decompressor decompressor_;
  ByteBuffer scratch_;
  std::uint64_t batches_ = 0;
  std::uint64_t records_ = 0;
  std::uint64_t entries_ = 0;
};

}  // namespace

void add_dump_command(CLI::App& app, ChosenCommand& chosen) {
  const auto options = std::make_shared<DumpOptions>();
  CLI::App* command = app.add_subcommand("dump", "Show what is in segments, indexes and side files");
  command->add_option("TARGET", options->targets, "files, partition folders, log directories")
      ->type_name("")
      ->required();
  add_output_options(*command, options->output);
  command->add_flag("--batches", options->batches,
                    "headers of batches only; nothing is decompressed or checked");
  command->add_flag("--logs-only", options->logs_only, "of folders, leave out what is not records");
  command
      ->add_option_function<std::string>(
          "--offset",
          [options](const std::string& text) {
            options->range = parse_offset_range(text);
            if (!options->range)
              throw CLI::ValidationError("--offset", "expected A..B, A.., ..B or A, found " + text);
          },
          "records with offsets from A to below B")
      ->type_name("A..B");
  command
      ->add_option_function<std::string>(
          "--limit",
          [options](const std::string& text) {
            options->limit = parse_count(text);
            if (!options->limit) throw CLI::ValidationError("--limit", "expected a number, found " + text);
          },
          "stop after N records, with --batches N batches")
      ->type_name("N");
  command->footer(kFooter);
  command->callback([options, &chosen] {
    chosen = {.format = options->output.format,
              .run = [options](Output& output) { return run_dump(*options, output); }};
  });
}

ExitStatus run_dump(const DumpOptions& options, Output& output) {
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
