#include "tests/support/repeated_round.h"

#include <fmt/format.h>

#include <stdexcept>

#include "formats/checkpoint_file.h"
#include "tests/support/round_request.h"
#include "tests/support/same_as_kafka.h"
#include "tests/support/temporary_folder.h"

namespace kseg {
namespace {

constexpr std::int64_t kNsPerMs = 1'000'000;

// Rounds in which we differ from Kafka on purpose.
const std::map<std::string, ExpectedOutcome>& exceptions() {
  using enum ExpectedOutcome::Kind;
  static const std::map<std::string, ExpectedOutcome> list{
      {"E10/0", {refused, "an ABORT marker has data but no index entry: aborted data would become visible"}},
      {"E10/1", {refused, "the same log, a round later"}},
      {"I16/0", {refused, "a wrong crc: a rebuilt batch would get a right one"}},
      {"P9/0", {refused, "a damaged batch of an aborted transaction: its crc is wrong"}},
      {"P12/0", {not_kafka, "a segment with offsets 2^31 apart is split and cleaned at once"}},
      {"B15/0", {not_kafka, "the broker forgets a transaction it read past (compaction.md §5.5)"}},
  };
  return list;
}

// Under the rule of 4.4 it is the high watermark that ends a round.
Offset high_watermark_of(const RecordedRound& round) {
  const auto& end_of_round = round.parameters.end_of_round;
  return end_of_round && *end_of_round != round.parameters.first_uncleanable ? *end_of_round
                                                                             : round.high_watermark;
}

// A log directory around the partition t-0 with the round's files and checkpoints.
class Stage {
 public:
  explicit Stage(const RecordedRound& round) {
    files_.make_directory(partition(), 0755);
    write_folder(partition(), round.before);
    for (const auto& [name, mtime_ms] : round.mtimes_before)
      files_.set_mtime(partition() / name, mtime_ms * kNsPerMs);
    const TopicPartition name{.topic = "t", .partition = 0};
    const auto checkpoint = [&](std::string_view file, Offset offset) {
      const std::string text = encode_offset_checkpoint({{.partition = name, .offset = offset}});
      write_whole_file(root() / file, as_bytes(text));
    };
    checkpoint(kLogStartCheckpoint, round.parameters.log_start);
    checkpoint(kReplicationCheckpoint, high_watermark_of(round));
    checkpoint(kCleanerCheckpoint, round.parameters.first_dirty);
    write_whole_file(root() / kCleanShutdownFile, {});
  }

  const Path& root() const { return folder_.path(); }
  Path partition() const { return folder_.path() / "t-0"; }

  FolderFiles after() const { return read_folder(partition()); }
  std::int64_t mtime_ns(const std::string& name) const { return files_.info(partition() / name)->mtime_ns; }
  std::optional<Offset> cleaner_checkpoint() const {
    const auto entries = decode_offset_checkpoint(read_file(files_, root() / kCleanerCheckpoint));
    if (!entries) throw std::runtime_error(describe(entries.error()));
    return find(*entries, {.topic = "t", .partition = 0});
  }

 private:
  FileSystem& files_ = posix_file_system();
  TemporaryFolder folder_;
};

std::string in_words(const Refusal& refusal) {
  std::string words = "refused: " + refusal.reason;
  for (const LocatedDefect& defect : refusal.defects) words += "; " + describe(defect.defect);
  return words;
}

std::string files_unlike_kafkas(const RecordedRound& round, const FolderFiles& after) {
  for (const auto& [name, bytes] : after) {
    if (!round.after.contains(name)) return "a surplus " + name;
  }
  for (const auto& [name, bytes] : round.after) {
    if (!after.contains(name)) return "no " + name;
  }
  return differing_files(
      after, round.after,
      {.recompressed = round.recompressed, .index_interval_bytes = round.parameters.index_interval_bytes});
}

// The first difference from what Kafka left.
std::string difference(const RecordedRound& round, const Stage& stage) {
  if (std::string files = files_unlike_kafkas(round, stage.after()); !files.empty()) return files;
  const Offset end = round.end.value_or(round.parameters.first_dirty);
  if (const auto checkpoint = stage.cleaner_checkpoint(); checkpoint != end) {
    return checkpoint ? fmt::format("checkpoint {}, Kafka has {}", *checkpoint, end) : "no checkpoint";
  }
  for (const auto& [name, mtime_ms] : round.mtimes_after) {
    if (stage.mtime_ns(name) != mtime_ms * kNsPerMs) {
      return fmt::format("mtime of {} is {} ns, Kafka's is {} ms", name, stage.mtime_ns(name), mtime_ms);
    }
  }
  return {};
}

}  // namespace

ExpectedOutcome expected_outcome(const RecordedRound& round) {
  using enum ExpectedOutcome::Kind;
  if (round.map_limited) return {skipped, "the key map has a limit, kseg's set has none"};
  if (const auto exception = exceptions().find(round.id); exception != exceptions().end()) {
    return exception->second;
  }
  if (round.error) return {refused, "as Kafka's cleaner fails: " + *round.error};
  if (!round.end) return {as_kafka, "nothing to clean, nothing changed"};
  return {as_kafka, round.recompressed ? "decoded batches (recompressed)" : "byte for byte"};
}

std::string repeat_round(const RecordedRound& round, const ExpectedOutcome& expected,
                         const RoundCleaner& clean) {
  const Stage stage(round);
  const auto outcome = clean(request_of(round.parameters, stage.partition()));
  const auto* refusal = std::get_if<Refusal>(&outcome);
  switch (expected.kind) {
    case ExpectedOutcome::Kind::as_kafka:
      return refusal != nullptr ? in_words(*refusal) : difference(round, stage);
    case ExpectedOutcome::Kind::not_kafka:
      if (refusal != nullptr) return in_words(*refusal);
      return difference(round, stage).empty() ? "what Kafka left" : "";
    case ExpectedOutcome::Kind::refused:
      if (refusal == nullptr) return "not refused";
      return stage.after() == round.before ? "" : "refused, but files have changed";
    case ExpectedOutcome::Kind::skipped: break;
  }
  throw std::logic_error("a round that cannot be made again");
}

}  // namespace kseg
