// Every round that a real cleaner made, made again by ours: tests/data/cases.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <map>
#include <string>
#include <vector>

#include "formats/checkpoint_file.h"
#include "lib/compaction.h"
#include "tests/support/log_folder.h"
#include "tests/support/recorded_rounds.h"
#include "tests/support/same_as_kafka.h"
#include "tests/support/temporary_folder.h"

namespace kseg {
namespace {

constexpr std::int64_t kNsPerMs = 1'000'000;

// Rounds in which we differ from Kafka on purpose.
struct Exception {
  enum class Kind { refused, better } kind;
  std::string reason;
};
const std::map<std::string, Exception>& exceptions() {
  using enum Exception::Kind;
  static const std::map<std::string, Exception> list{
      {"E10/0", {refused, "an ABORT marker has data but no index entry: aborted data would become visible"}},
      {"E10/1", {refused, "the same log, a round later"}},
      {"I16/0", {refused, "a wrong crc: a rebuilt batch would get a right one"}},
      {"P9/0", {refused, "a damaged batch of an aborted transaction: its crc is wrong"}},
      {"B15/0", {better, "the broker forgets a transaction it read past (compaction.md §5.5)"}},
  };
  return list;
}

// The release whose rule about the end of the round was in force.
Compat compat_of(const RecordedRound& round) {
  const auto& end_of_round = round.parameters.end_of_round;
  if (!end_of_round) return *parse_compat("3.9.1");
  return *parse_compat(*end_of_round == round.parameters.first_uncleanable ? "4.3" : "4.4");
}

// Under the rule of 4.4 it is the high watermark that ends a round.
Offset high_watermark_of(const RecordedRound& round) {
  const auto& end_of_round = round.parameters.end_of_round;
  return compat_of(round).end_of_round == Compat::EndOfRound::at_high_watermark ? *end_of_round
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
      replace_file(files_, root() / file, as_bytes(text));
    };
    checkpoint(kLogStartCheckpoint, round.parameters.log_start);
    checkpoint(kReplicationCheckpoint, high_watermark_of(round));
    checkpoint(kCleanerCheckpoint, round.parameters.first_dirty);
    replace_file(files_, root() / kCleanShutdownFile, {});
  }

  const Path& root() const { return folder_.path(); }
  Path partition() const { return folder_.path() / "t-0"; }

  FolderFiles after() const { return read_folder(partition()); }
  std::optional<Offset> cleaner_checkpoint() {
    const auto entries = decode_offset_checkpoint(read_file(files_, root() / kCleanerCheckpoint));
    REQUIRE(static_cast<bool>(entries));
    return find(*entries, {.topic = "t", .partition = 0});
  }

 private:
  FileSystem& files_ = posix_file_system();
  TemporaryFolder folder_;
};

CompactionRequest request_of(const RecordedRound& round, const Path& partition) {
  CompactionRequest request{
      .partition = partition, .compat = compat_of(round), .now_ms = round.parameters.now_ms};
  request.config.delete_retention_ms = round.parameters.delete_retention_ms;
  request.config.segment_bytes = round.parameters.segment_bytes;
  request.config.segment_index_bytes = round.parameters.segment_index_bytes;
  request.config.index_interval_bytes = static_cast<std::uint64_t>(round.parameters.index_interval_bytes);
  request.config.producer_id_expiration_ms = INT32_MAX;
  request.first_dirty = round.parameters.first_dirty;
  request.first_uncleanable = round.parameters.first_uncleanable;
  return request;
}

struct Table {
  std::map<std::string, int> rows;
  void print(const std::string& file) const {
    fmt::print("{}:\n", file);
    for (const auto& [row, count] : rows) fmt::print("  {:5}  {}\n", count, row);
  }
};

void run_corpus(const std::string& file) {
  Table table;
  for (const RecordedRound& round : recorded_rounds(file)) {
    INFO(file, " ", round.id, ": ", round.notation_before);
    if (has_legacy_batches(round.before)) {
      ++table.rows["skipped: message format 0 or 1 (a later issue)"];
      continue;
    }
    if (round.map_limited) {
      ++table.rows["skipped: the key map has a limit, kseg's set has none"];
      continue;
    }
    Stage stage(round);
    const auto outcome = compact(posix_file_system(), request_of(round, stage.partition()));
    const auto* refusal = std::get_if<Refusal>(&outcome);
    if (round.error) {
      CHECK(refusal != nullptr);
      CHECK(stage.after() == round.before);
      ++table.rows["refused, as Kafka's cleaner fails: " + *round.error];
      continue;
    }
    const auto exception = exceptions().find(round.id);
    if (exception != exceptions().end() && exception->second.kind == Exception::Kind::refused) {
      CHECK(refusal != nullptr);
      CHECK(stage.after() == round.before);
      ++table.rows[fmt::format("excepted: {}: refused, {}", round.id, exception->second.reason)];
      continue;
    }
    if (refusal != nullptr) {
      std::string why = refusal->reason;
      for (const LocatedDefect& defect : refusal->defects) why += "; " + describe(defect.defect);
      FAIL_CHECK("refused: ", why);
      ++table.rows["DISAGREES: " + round.id];
      continue;
    }
    const std::string difference = differing_files(
        stage.after(), round.after,
        {.recompressed = round.recompressed, .index_interval_bytes = round.parameters.index_interval_bytes});
    if (exception != exceptions().end()) {
      CHECK(!difference.empty());
      ++table.rows[fmt::format("excepted: {}: better, {}", round.id, exception->second.reason)];
      continue;
    }
    CHECK(difference == "");
    CHECK(stage.cleaner_checkpoint() == round.end.value_or(round.parameters.first_dirty));
    for (const auto& [name, mtime_ms] : round.mtimes_after) {
      CAPTURE(name);
      CHECK(posix_file_system().info(stage.partition() / name)->mtime_ns == mtime_ms * kNsPerMs);
    }
    const bool agrees = difference.empty();
    ++table.rows[!agrees              ? "DISAGREES: " + round.id
                 : !round.end         ? "agree: nothing to clean, nothing changed"
                 : round.recompressed ? "agree: decoded batches (recompressed)"
                                      : "agree: byte for byte"];
  }
  table.print(file);
}

TEST_CASE("every case of the specification comes out as Kafka 4.3.1 leaves it") {
  run_corpus("cases.jsonl");
}

TEST_CASE("every random round comes out as Kafka 4.3.1 leaves it") {
  run_corpus("random.jsonl");
}

TEST_CASE("rounds that Kafka 4.4.0 ends otherwise come out as it leaves them") {
  run_corpus("rounds-4.4.jsonl");
}

TEST_CASE("rounds that Kafka 3.9.1 ends otherwise come out as it leaves them") {
  run_corpus("cases-3.9.jsonl");
  run_corpus("random-3.9.jsonl");
}

}  // namespace
}  // namespace kseg
