#include "cli/kafka_dump.h"

#include <algorithm>
#include <iterator>

#include "cli/kafka_batch_line.h"
#include "cli/kafka_file_name.h"
#include "cli/kafka_findings.h"
#include "cli/kafka_index_lines.h"
#include "cli/kafka_line.h"
#include "cli/kafka_record_line.h"
#include "cli/kafka_side_file_lines.h"
#include "formats/decimal.h"
#include "lib/kafka_log_walk.h"
#include "lib/kafka_records.h"
#include "lib/unless_missing.h"

namespace kseg {
namespace {

constexpr std::size_t kChunkBytes = std::size_t{1} << 20;
constexpr std::int32_t kAll = std::numeric_limits<std::int32_t>::max();  // also the most that Kafka opens
constexpr std::string_view kBootstrapSnapshot = "bootstrap.checkpoint";

struct SnapshotId {
  std::int64_t offset = 0;
  std::int32_t epoch = 0;
};

// Digits by their columns, whatever stands between and behind them.
std::optional<SnapshotId> snapshot_id(std::string_view name) {
  constexpr std::size_t kOffsetDigits = 20;
  constexpr std::size_t kEpochDigits = 10;
  if (name.size() < kOffsetDigits + 1 + kEpochDigits) return std::nullopt;
  const auto offset = parse_decimal<std::int64_t>(name.substr(0, kOffsetDigits));
  const auto epoch = parse_decimal<std::int32_t>(name.substr(kOffsetDigits + 1, kEpochDigits));
  if (!offset || !epoch) return std::nullopt;
  return SnapshotId{.offset = *offset, .epoch = *epoch};
}

constexpr std::string_view kKnownSuffixes[] = {".log",       ".checkpoint", ".index",
                                               ".timeindex", ".snapshot",   ".txnindex"};

std::vector<std::string> files_of(FileSystem& files, const std::vector<std::string>& targets) {
  std::vector<std::string> paths;
  for (const std::string& target : targets) {
    const auto info = files.info(target);
    if (!info || !info->is_directory) {
      paths.push_back(target);
      continue;
    }
    for (const DirectoryEntry& entry : files.list(target)) {
      const std::string path = target + "/" + entry.name;
      const bool known = std::find(std::begin(kKnownSuffixes), std::end(kKnownSuffixes),
                                   KafkaFileName(path).suffix()) != std::end(kKnownSuffixes);
      if (known && !entry.is_directory) paths.push_back(path);
    }
  }
  return paths;
}

Defect unknown_magic(const KafkaBatch& batch) {
  return {.code = DefectCode::unknown_magic,
          .position = batch.position + RecordBatchHeader::kMagicPosition,
          .offset = batch.offset,
          .expected = "magic 0, 1 or 2",
          .found = fmt::format("magic {}", batch.magic)};
}

class KafkaDump {
 public:
  KafkaDump(const KafkaDumpOptions& options, FileSystem& files, Output& output)
      : options_(options), files_(files), output_(output), record_line_(options, output) {}

  // What Kafka's tool does not survive, if anything.
  std::optional<LocatedDefect> file(const KafkaFileName& file) {
    KafkaLine(output_).text("Dumping ", file.path()).end();
    const std::string_view suffix = file.suffix();
    if (suffix == ".log" || suffix == ".checkpoint") return log(file);
    if (suffix == ".index") return kafka_offset_index_lines(files_, file, options_, findings_, output_);
    if (suffix == ".timeindex") return kafka_time_index_lines(files_, file, options_, findings_, output_);
    if (suffix == ".snapshot") return snapshot(file);
    if (suffix == ".txnindex") return transaction_index(file);
    output_.remark(fmt::format("Ignoring unknown file {}", file.path()));
    return std::nullopt;
  }

  const KafkaFindings& findings() const { return findings_; }

 private:
  std::optional<Defect> log_title(const KafkaFileName& file) {
    KafkaLine line(output_);
    if (file.suffix() == ".log") {
      const auto base = file.base_offset();
      if (!base) return file.not_a_number();
      line.text("Log starting offset: ", *base).end();
    } else if (file.name() == kBootstrapSnapshot) {
      line.text("KRaft bootstrap snapshot").end();
    } else {
      const auto id = snapshot_id(file.name());
      if (!id) {
        return Defect{.code = DefectCode::bad_text,
                      .position = {},
                      .expected = "a file name of an offset of 20 digits and an epoch of 10",
                      .found = std::string(file.name())};
      }
      line.text("Snapshot end offset: ", id->offset).text(", epoch: ", id->epoch).end();
    }
    return std::nullopt;
  }

  std::optional<LocatedDefect> log(const KafkaFileName& name) {
    if (auto defect = log_title(name)) return LocatedDefect{name.path(), *defect};
    const auto file = files_.open(name.path());
    const std::uint64_t size_bytes = file->info().size_bytes;
    if (size_bytes > kAll) {
      return LocatedDefect{name.path(), Defect{.code = DefectCode::segment_too_large,
                                               .position = {},
                                               .expected = fmt::format("at most {} bytes", kAll),
                                               .found = fmt::format("{}", size_bytes)}};
    }
    const Position end{std::min<std::uint64_t>(size_bytes, static_cast<std::uint64_t>(options_.max_bytes))};
    FileChunk chunk(*file, kChunkBytes);
    KafkaLogWalk walk(chunk, {.begin = {}, .end = end}, KafkaLogWalk::Payload::read);
    previous_ = Offset{-1};
    while (true) {
      const auto next = walk.next();
      if (!next) return LocatedDefect{name.path(), next.error()};
      if (*next == nullptr) break;
      if (auto defect = batch(**next, name)) return LocatedDefect{name.path(), *defect};
    }
    if (const std::uint64_t left = end - walk.position(); left > 0 && options_.max_bytes == kAll) {
      KafkaLine(output_).text("Found ", left).text(" invalid bytes at the end of ", name.name()).end();
      findings_.damage();
    }
    return std::nullopt;
  }

  std::optional<Defect> batch(const KafkaBatch& batch, const KafkaFileName& file) {
    const auto header = batch.header();
    if (batch.magic < 0 || !header) {
      // This far Kafka's tool comes with a message.
      if (batch.magic < RecordBatchHeader::kMagic) KafkaLine(output_).text("offset: ", batch.offset);
      return header ? unknown_magic(batch) : header.error();
    }
    const RecordBatchView view{.header = *header, .position = batch.position, .bytes = batch.whole()};
    const auto valid = kafka_batch_line(view, output_);
    if (!valid) return valid.error();
    if (!*valid) findings_.damage();
    if (!options_.shows_records()) return std::nullopt;
    record_line_.begin_batch(*header);
    records_.open(view);
    for (RecordView record; records_.next(record);) {
      if (record.offset != previous_ + 1) findings_.not_consecutive(file, previous_, record.offset);
      previous_ = record.offset;
      auto defect = header->is_legacy() ? record_line_.message(record, records_.message())
                                        : record_line_.record(record);
      if (defect) {
        defect->position = batch.position;
        return defect;
      }
    }
    return records_.defect();
  }

  std::optional<LocatedDefect> snapshot(const KafkaFileName& file) {
    if (kafka_snapshot_lines(read_file(files_, file.path()), output_)) findings_.damage();
    return std::nullopt;
  }

  std::optional<LocatedDefect> transaction_index(const KafkaFileName& file) {
    if (!file.base_offset()) return LocatedDefect{file.path(), file.not_a_number()};
    const auto bytes = unless_missing([&] { return read_file(files_, file.path()); });
    if (!bytes) return std::nullopt;
    const auto defect = kafka_transaction_index_lines(*bytes, output_);
    return defect ? std::optional(LocatedDefect{file.path(), *defect}) : std::nullopt;
  }

  const KafkaDumpOptions& options_;
  FileSystem& files_;
  Output& output_;
  KafkaRecordLine record_line_;
  KafkaRecords records_;
  KafkaFindings findings_;
  Offset previous_{-1};  // of the record before, in the log at hand
};

}  // namespace

ExitStatus run_kafka_dump(const std::vector<std::string>& targets, const KafkaDumpOptions& options,
                          Output& output) {
  FileSystem& files = posix_file_system();
  std::vector<std::string> paths = files_of(files, targets);
  paths.insert(paths.end(), options.files.begin(), options.files.end());
  KafkaDump dump(options, files, output);
  const auto dump_all = [&]() -> std::optional<LocatedDefect> {
    for (const std::string& path : paths) {
      if (auto end = dump.file(KafkaFileName(path))) return end;
    }
    return std::nullopt;
  };
  if (const auto end = dump_all()) {
    output.defect(end->file, end->defect);
    return ExitStatus::no;
  }
  dump.findings().tell(output);
  const bool damage = dump.findings().any_damage();
  return damage && !options.exit_like_kafka ? ExitStatus::no : ExitStatus::done;
}

}  // namespace kseg
