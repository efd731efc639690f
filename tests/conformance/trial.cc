#include "tests/conformance/trial.h"

#include <fmt/format.h>

#include <stdexcept>

#include "formats/checkpoint_file.h"
#include "tests/support/faulty_file_system.h"
#include "tests/support/notation.h"
#include "tests/support/round_request.h"
#include "tests/support/same_as_kafka.h"

namespace kseg {
namespace {

constexpr std::int64_t kNsPerMs = 1'000'000;
const TopicPartition kPartition{.topic = "t", .partition = 0};

std::string why(const Refusal& refusal) {
  std::string text = refusal.reason;
  for (const LocatedDefect& defect : refusal.defects) {
    text += fmt::format("; {}: {}", defect.file.filename().string(), describe(defect.defect));
  }
  return text;
}

// Those that Kafka sets on purpose.
std::map<std::string, std::int64_t> mtimes_of_closed_segments(const Path& partition, const LogModel& before) {
  std::map<std::string, std::int64_t> mtimes;
  for (const auto& entry : posix_file_system().list(partition)) {
    const auto file = parse_segment_file_name(entry.name);
    if (!file || file->offset >= before.segments.back().base) continue;
    if (file->kind != SegmentFileKind::log && file->kind != SegmentFileKind::offset_index &&
        file->kind != SegmentFileKind::time_index)
      continue;
    mtimes[entry.name] = posix_file_system().info(partition / entry.name)->mtime_ns / kNsPerMs;
  }
  return mtimes;
}

std::string told(const std::optional<Offset>& end) {
  return end ? fmt::format("{}", *end) : "nothing to clean";
}

bool is_snapshot(const std::string& name) {
  const auto file = parse_segment_file_name(name);
  return file && file->kind == SegmentFileKind::producer_snapshot;
}

// A loader removes the snapshots that are not above the log start, so none is there to begin with.
FolderFiles files_of(const RandomRound& random) {
  FolderFiles files = to_files(random.log, random.folder);
  std::erase_if(files, [&](const auto& file) {
    return is_snapshot(file.first) && parse_segment_file_name(file.first)->offset <= random.round.log_start;
  });
  return files;
}

// Of a log in which nothing is above the log start, Kafka's loader writes empty snapshots if there are
// none, and removes them if there are some: no cleaner's doing.
FolderFiles comparable(const RandomRound& random, FolderFiles files) {
  if (random.log.end_offset() > random.round.log_start) return files;
  std::erase_if(files, [](const auto& file) { return is_snapshot(file.first); });
  return files;
}

// Batches, and the bytes of those that are not compressed.
bool same_log(const LogModel& one, const LogModel& other) {
  return print_notation(one) == print_notation(other);
}

}  // namespace

// A log directory in which only the partition is of interest. Returns the partition's folder.
Path Trial::stage(const RandomRound& random) {
  const Path root = folder_.path() / "root";
  std::filesystem::remove_all(root);
  write_root(root, {{.partition = kPartition,
                     .end_offset = random.log.end_offset(),
                     .high_watermark = {},
                     .first_dirty = random.round.first_dirty,
                     .log_start = random.round.log_start}});
  const Path partition = root / to_string(kPartition);
  write_folder(partition, files_of(random));
  set_mtimes(partition, random.log);
  return partition;
}

Cleaned Trial::by_kafka(const RandomRound& random) {
  const Path partition = stage(random);
  const RealOutcome outcome = kafka_.clean(partition, random.round);
  return {.refused = outcome.error,
          .files = read_folder(partition),
          .mtimes_ms = mtimes_of_closed_segments(partition, random.log),
          .end = outcome.end,
          .report = {}};
}

Cleaned Trial::by_kseg(const RandomRound& random) {
  const Path partition = stage(random);
  FaultyFileSystem files(posix_file_system());
  files.skip_syncs();
  CompactionRequest request = request_of(random.round, partition);
  request.jobs = 2;
  const auto outcome = compact(files, request);
  Cleaned cleaned{.refused = {},
                  .files = read_folder(partition),
                  .mtimes_ms = mtimes_of_closed_segments(partition, random.log),
                  .end = {},
                  .report = {}};
  if (const auto* refusal = std::get_if<Refusal>(&outcome)) {
    cleaned.refused = why(*refusal);
    return cleaned;
  }
  cleaned.report = std::get<CompactionReport>(outcome);
  const auto entries =
      decode_offset_checkpoint(read_file(posix_file_system(), partition.parent_path() / kCleanerCheckpoint));
  if (cleaned.report->ran && entries) cleaned.end = find(*entries, kPartition);
  return cleaned;
}

std::optional<Difference> difference(const RandomRound& random, const Cleaned& kseg, const Cleaned& kafka) {
  using enum Difference::Kind;
  if (kseg.refused && kseg.files != files_of(random)) {
    return Difference{files, "kseg refused, and has changed files: " + *kseg.refused};
  }
  if (kafka.refused && kseg.refused) return std::nullopt;
  if (kafka.refused) return Difference{only_kafka_refuses, "only Kafka fails: " + *kafka.refused};
  if (kseg.refused) return Difference{only_kseg_refuses, "only kseg refuses: " + *kseg.refused};
  if (kseg.end != kafka.end) {
    return Difference{checkpoint,
                      fmt::format("checkpoint {}, Kafka has {}", told(kseg.end), told(kafka.end))};
  }
  std::string text = differing_files(comparable(random, kseg.files), comparable(random, kafka.files),
                                     {.recompressed = recompresses(random, kafka),
                                      .index_interval_bytes = random.round.index_interval_bytes});
  if (!text.empty()) return Difference{files, std::move(text)};
  for (const auto& [name, mtime_ms] : kafka.mtimes_ms) {
    const std::int64_t ours = kseg.mtimes_ms.at(name);
    if (ours != mtime_ms) {
      return Difference{mtimes, fmt::format("mtime of {}: {} ms, Kafka has {}", name, ours, mtime_ms)};
    }
  }
  return std::nullopt;
}

std::optional<Departure> departure(const RandomRound& random, const Cleaned& kseg, const Cleaned& kafka) {
  ObviousRound round = random.round;
  const auto ours = clean_obviously(random.log, round);
  if (kseg.refused || !ours || !same_log(ours->after, log_in(kseg))) return std::nullopt;
  if (kafka.refused) {
    for (const char* index : {"index", "time index"}) {
      if (kafka.refused->starts_with(
              fmt::format("IllegalArgumentException Attempt to append to a full {} ", index))) {
        return Departure::full_index;
      }
    }
    return std::nullopt;
  }
  round.starts_at_index_entry = true;
  const auto theirs = clean_obviously(random.log, round);
  const bool forgotten = theirs && !same_log(ours->after, theirs->after) &&
                         same_log(theirs->after, log_in(kafka)) && kseg.end == kafka.end;
  return forgotten ? std::optional{Departure::forgotten_transaction} : std::nullopt;
}

bool recompresses(const RandomRound& round, const Cleaned& cleaned) {
  LogModel after = log_in(cleaned);
  mark_rebuilt(round.log, after);
  for (const SegmentModel& segment : after.segments) {
    for (const BatchModel& batch : segment.batches) {
      if (batch.rebuilt && batch.header.codec() != Codec::none) return true;
    }
  }
  return false;
}

LogModel log_in(const Cleaned& cleaned) {
  auto log = from_files(cleaned.files);
  if (!log) throw std::runtime_error("a cleaned log that is no log: " + describe(log.error()));
  for (SegmentModel& segment : log->segments) {
    const auto mtime =
        cleaned.mtimes_ms.find(to_string({.kind = SegmentFileKind::log, .offset = segment.base}));
    if (mtime != cleaned.mtimes_ms.end()) segment.mtime_ms = mtime->second;
  }
  return std::move(*log);
}

}  // namespace kseg
