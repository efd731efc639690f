#include "lib/partition_summary.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "formats/metadata_record.h"
#include "formats/partition_metadata.h"
#include "lib/log_scan.h"
#include "tests/support/log_builder.h"
#include "tests/support/metadata_log.h"

namespace kseg {
namespace {

using Choice = CleaningCandidate::Choice;
using State = PartitionState;

constexpr std::int64_t kNow = 1'800'000'000'000;

struct Asked {
  std::vector<std::pair<std::string, std::string>> config = {};
  bool in_use = false;
  std::uint64_t max_replay_bytes = std::uint64_t{1} << 20;
};

PartitionSummary summary_of(const Path& folder, const Asked& asked = {}) {
  FileSystem& files = posix_file_system();
  const auto root = LogDir::parent_of(files, folder);
  const auto checkpoints = root ? LogDirCheckpoints::read(*root) : LogDirCheckpoints{};
  const auto settings = TopicSettings::read(files, {.root = root, .command_line = asked.config});
  const PartitionSurroundings around{.root = root ? &*root : nullptr,
                                     .checkpoints = checkpoints,
                                     .settings = std::get<TopicSettings>(settings),
                                     .in_use = asked.in_use,
                                     .cleanly_shut_down = root && root->cleanly_shut_down()};
  const auto summary = PartitionSummary::of(files, folder, around,
                                            {.now_ms = kNow,
                                             .max_replay_bytes = asked.max_replay_bytes,
                                             .max_replay_bytes_if_compacted = asked.max_replay_bytes});
  REQUIRE(summary);
  return *summary;
}

bool has_note(const PartitionSummary& summary, std::string_view part) {
  return std::any_of(summary.notes.begin(), summary.notes.end(),
                     [&](const std::string& note) { return note.find(part) != std::string::npos; });
}

const Asked kCompacted = {.config = {{"cleanup.policy", "compact"}, {"min.cleanable.dirty.ratio", "0"}}};

TEST_CASE("a summary tells offsets, times, sizes and the policy of a clean partition") {
  LogBuilder log = LogBuilder::from_notation("{0} a=1@500 b=2@900 {2} a=3@700 c=4@1200 {4} d=5@800");
  log.in_log_dir("orders", 3, {.first_dirty = Offset{2}});
  const PartitionSummary summary = summary_of(log.path(), kCompacted);
  CHECK(summary.state == State::clean);
  CHECK(to_string(summary.folder_name->partition) == "orders-3");
  CHECK(summary.policy == "compact");
  CHECK(summary.segments == 3);
  CHECK(summary.log_bytes > 0);
  CHECK(summary.log_start == Offset{0});
  CHECK(summary.log_end == Offset{5});
  CHECK(summary.last_stable == Offset{5});
  REQUIRE(summary.candidate.range);
  CHECK(summary.candidate.range->first_dirty == Offset{2});
  CHECK(summary.candidate.range->dirty_ratio() == doctest::Approx(0.5).epsilon(0.1));
  CHECK(summary.candidate.choice == Choice::chosen);
  CHECK(summary.oldest_ms == 500);
  CHECK(summary.newest_ms == 800);  // of the last segment, though one before has a later time
  CHECK(summary.defects.empty());
  CHECK(summary.notes.empty());
}

TEST_CASE(
    "of a partition that is not compacted there is no range, and of an unknown policy nothing is said") {
  LogBuilder log = LogBuilder::from_notation("{0} a=1 {1} a=2");
  log.in_log_dir("orders", 3);
  CHECK_FALSE(summary_of(log.path()).policy);
  const PartitionSummary summary = summary_of(log.path(), {.config = {{"cleanup.policy", "delete"}}});
  CHECK(summary.policy == "delete");
  CHECK_FALSE(summary.candidate.range);
  CHECK(summary.candidate.choice == Choice::not_compacted);
  CHECK(summary_of(log.path(), {.config = {{"cleanup.policy", "compact,delete"}}}).policy ==
        "compact,delete");
}

TEST_CASE("what stands in the cleaner checkpoint is compacted where nobody says more") {
  LogBuilder log = LogBuilder::from_notation("{0} a=1 {1} a=2");
  log.in_log_dir("orders", 3, {.first_dirty = Offset{0}});
  CHECK(summary_of(log.path()).policy == "compact");
}

TEST_CASE("the oldest time is that of the first record, or the latest of a batch that has lost it") {
  LogBuilder plain = LogBuilder::from_notation("{0} [a=1@500 b=2@400]");
  CHECK(summary_of(plain.path()).oldest_ms == 500);
  LogBuilder horizon = LogBuilder::from_notation("{0} [a=~@500 b=2@600]^1100 {2} c=3@800");
  CHECK(summary_of(horizon.path()).oldest_ms == 600);
  LogBuilder appended = LogBuilder::from_notation("{0} a=1@700&");
  CHECK(summary_of(appended.path()).oldest_ms == 700);
  LogBuilder timeless = LogBuilder::from_notation("{0} a=1@-1");
  CHECK_FALSE(summary_of(timeless.path()).oldest_ms);
  CHECK_FALSE(summary_of(timeless.path()).newest_ms);
}

TEST_CASE("an open transaction and the high watermark bound the last stable offset") {
  LogBuilder open = LogBuilder::from_notation("{0} a=1 T7[b=2] c=3 {3} d=4");
  open.in_log_dir("orders", 3);
  CHECK(summary_of(open.path()).last_stable == Offset{1});
  LogBuilder behind = LogBuilder::from_notation("{0} a=1 b=2 c=3");
  behind.in_log_dir("orders", 3, {.high_watermark = Offset{2}});
  CHECK(summary_of(behind.path()).last_stable == Offset{2});
}

TEST_CASE("what is too much to look at for open transactions is said, and no last stable offset is made up") {
  LogBuilder log = LogBuilder::from_notation("{0} a=1 T7[b=2] c=3 {3} d=4");
  log.in_log_dir("orders", 3);
  std::filesystem::remove(log.file(SegmentFileKind::producer_snapshot, 4));
  const PartitionSummary summary = summary_of(log.path(), {.max_replay_bytes = 100});
  CHECK_FALSE(summary.last_stable);
  CHECK(summary.log_end == Offset{4});
  CHECK(has_note(summary, "open transactions are not known"));
  CHECK(summary_of(log.path()).last_stable == Offset{1});
}

TEST_CASE("an empty partition, and one without any segment, have no times") {
  LogBuilder log = LogBuilder::from_notation("{7}");
  log.in_log_dir("orders", 3);
  const PartitionSummary summary = summary_of(log.path(), kCompacted);
  CHECK(summary.state == State::clean);
  CHECK(summary.log_start == Offset{7});
  CHECK(summary.log_end == Offset{7});
  CHECK_FALSE(summary.oldest_ms);
  CHECK(summary.candidate.choice == Choice::nothing_to_clean);
  std::filesystem::remove(log.file(SegmentFileKind::log, 7));
  const PartitionSummary gone = summary_of(log.path(), kCompacted);
  CHECK(gone.segments == 0);
  CHECK(has_note(gone, "no .log file"));
}

TEST_CASE("behind an unclean end only what was not flushed needs recovery") {
  LogBuilder log = LogBuilder::from_notation("{0} a=1 b=2");
  log.in_log_dir("orders", 3);
  std::filesystem::remove(log.root() / ".kafka_cleanshutdown");
  CHECK(summary_of(log.path()).state == State::clean);  // the recovery point is the log end
  const LogDir root = *LogDir::at(posix_file_system(), log.root());
  CHECK_FALSE(root.write_checkpoint(kRecoveryPointCheckpoint, {"orders", 3}, Offset{1}));
  const PartitionSummary summary = summary_of(log.path());
  CHECK(summary.state == State::needs_recovery);
  CHECK(has_note(summary, "from 1 on"));
  CHECK(summary_of(log.path(), {.in_use = true}).state == State::clean);
}

TEST_CASE(
    "a torn tail is recovered after an unclean end, damage after a clean one, ordinary beside a broker") {
  LogBuilder log = LogBuilder::from_notation("{0} a=1 b=2");
  log.in_log_dir("orders", 3, {.high_watermark = Offset{1}});
  const Path active = log.file(SegmentFileKind::log, 0);
  std::filesystem::resize_file(active, std::filesystem::file_size(active) - 1);
  CHECK(summary_of(log.path(), {.in_use = true}).state == State::clean);
  const PartitionSummary damaged = summary_of(log.path());
  CHECK(damaged.state == State::damaged);
  CHECK(damaged.log_end == Offset{1});
  REQUIRE(damaged.defects.size() == 2);  // the recovery point is behind what is left as well
  CHECK(damaged.defects[0].defect.code == DefectCode::torn_tail);
  CHECK(damaged.defects[1].defect.code == DefectCode::offset_order);
  std::filesystem::remove(log.root() / ".kafka_cleanshutdown");
  const PartitionSummary summary = summary_of(log.path());
  CHECK(summary.state == State::needs_recovery);
  CHECK(summary.defects.empty());
  CHECK(has_note(summary, "torn_tail"));
}

TEST_CASE("a copied folder with a torn tail needs recovery, a whole one is clean") {
  LogBuilder log = LogBuilder::from_notation("{0} a=1 b=2");
  CHECK(summary_of(log.path()).state == State::clean);
  const Path active = log.file(SegmentFileKind::log, 0);
  std::filesystem::resize_file(active, std::filesystem::file_size(active) - 1);
  CHECK(summary_of(log.path()).state == State::needs_recovery);
}

TEST_CASE("a segment without its .index needs recovery") {
  LogBuilder log = LogBuilder::from_notation("{0} a=1 {1} b=2");
  std::filesystem::remove(log.file(SegmentFileKind::offset_index, 0));
  const PartitionSummary summary = summary_of(log.path());
  CHECK(summary.state == State::needs_recovery);
  CHECK(has_note(summary, "00000000000000000000.log has no .index"));
}

TEST_CASE("a first header that makes no sense is damage") {
  LogBuilder log = LogBuilder::from_notation("{0} a=1 b=2 {2} c=3");
  log.flip_byte(0, 16);
  const PartitionSummary summary = summary_of(log.path(), kCompacted);
  CHECK(summary.state == State::damaged);
  REQUIRE(summary.defects.size() == 1);
  CHECK(summary.defects[0].defect.code == DefectCode::unknown_magic);
  CHECK(summary.candidate.choice == Choice::refused);
  CHECK_FALSE(summary.oldest_ms);
}

TEST_CASE("a first batch below its segment's base, or longer than its file, is damage") {
  LogBuilder low = LogBuilder::from_notation("{5} a=1 {6} b=2");
  std::filesystem::rename(low.file(SegmentFileKind::log, 5), low.path() / "00000000000000000003.log");
  CHECK(summary_of(low.path()).state != State::damaged);  // gaps are ordinary
  std::filesystem::rename(low.path() / "00000000000000000003.log", low.path() / "00000000000000000006.log");
  CHECK(summary_of(low.path()).defects.at(0).defect.code == DefectCode::segment_range);
  LogBuilder cut = LogBuilder::from_notation("{0} a=1 {1} b=2");
  std::filesystem::resize_file(cut.file(SegmentFileKind::log, 0), 65);
  CHECK(summary_of(cut.path()).defects.at(0).defect.code == DefectCode::torn_tail);
}

TEST_CASE("checkpoints behind the end of a log that was shut down cleanly are damage") {
  LogBuilder log = LogBuilder::from_notation("{0} a=1 b=2");
  log.in_log_dir("orders", 3);
  const LogDir root = *LogDir::at(posix_file_system(), log.root());
  for (const auto name : {kRecoveryPointCheckpoint, kReplicationCheckpoint, kLogStartCheckpoint}) {
    CAPTURE(name);
    CHECK_FALSE(root.write_checkpoint(name, {"orders", 3}, Offset{2}));
    CHECK(summary_of(log.path()).state == State::clean);
    CHECK_FALSE(root.write_checkpoint(name, {"orders", 3}, Offset{3}));
    const PartitionSummary summary = summary_of(log.path());
    CHECK(summary.state == State::damaged);
    REQUIRE(summary.defects.size() == 1);
    CHECK(summary.defects[0].file == log.root() / name);
    CHECK_FALSE(root.write_checkpoint(name, {"orders", 3}, Offset{2}));
  }
}

TEST_CASE("a cleaner checkpoint behind the log end is only told: a broker begins anew") {
  LogBuilder log = LogBuilder::from_notation("{0} a=1 {1} b=2");
  log.in_log_dir("orders", 3, {.first_dirty = Offset{9}});
  const PartitionSummary summary = summary_of(log.path());
  CHECK(summary.state == State::clean);
  CHECK(has_note(summary, "outside the log"));
  CHECK(summary.candidate.range->first_dirty == Offset{0});
}

TEST_CASE("an unfinished swap, a name that no broker loads, and one that it would read otherwise") {
  LogBuilder log = LogBuilder::from_notation("{0} a=1 {1} b=2");
  const Path index = log.file(SegmentFileKind::offset_index, 0);
  for (const auto kind : {SegmentFileKind::log, SegmentFileKind::offset_index, SegmentFileKind::time_index}) {
    const Path path = log.file(kind, 0);
    std::filesystem::copy_file(path, Path(path) += ".swap");
  }
  const PartitionSummary swap = summary_of(log.path(), kCompacted);
  CHECK(swap.state == State::unfinished_swap);
  CHECK(swap.candidate.choice == Choice::refused);
  write_whole_file(log.path() / "7.log", {});
  CHECK(has_note(summary_of(log.path()), "7.log: a broker takes it for 00000000000000000007.log"));
  write_whole_file(log.path() / "old.log", {});
  const PartitionSummary broken = summary_of(log.path());
  CHECK(broken.state == State::damaged);
  CHECK(broken.defects.at(0).defect.code == DefectCode::bad_text);
}

TEST_CASE("folders that are moved in, set aside or about to go have their state by name") {
  const std::string id = ".0123456789abcdef0123456789abcdef";
  for (const auto& [suffix, state] :
       {std::pair("-future", State::future_replica), std::pair("-stray", State::stray),
        std::pair("-delete", State::deleted)}) {
    CAPTURE(suffix);
    LogBuilder log = LogBuilder::from_notation("{0} a=1 b=2");
    log.in_log_dir("orders", 3);
    const Path folder = log.root() / ("orders-3" + id + suffix);
    std::filesystem::rename(log.path(), folder);
    const PartitionSummary summary = summary_of(folder, kCompacted);
    CHECK(summary.state == state);
    CHECK(summary.segments == 1);
    CHECK(summary.log_end.has_value() == (state != State::deleted));
  }
}

TEST_CASE("a folder that the metadata does not assign here is stray") {
  Uuid id;
  id.bytes[0] = 1;
  Uuid other = id;
  other.bytes[0] = 2;
  LogBuilder log = LogBuilder::from_notation("{0} a=1 b=2");
  log.in_log_dir("orders", 0);
  const auto give_id = [&](const Uuid& topic_id) {
    const std::string text = encode_partition_metadata({.version = 0, .topic_id = topic_id});
    write_whole_file(log.path() / kPartitionMetadata, as_bytes(text));
  };
  MetadataLog metadata;
  metadata.add(TopicRecord{.name = "orders", .topic_id = id});
  metadata.add(PartitionRecord{.partition = 0, .topic_id = id, .replicas = {1}});
  metadata.write(log.root());
  give_id(id);
  CHECK(summary_of(log.path()).state == State::clean);
  CHECK(summary_of(log.path()).policy == "delete");
  CHECK(summary_of(log.path()).topic_id == id);
  give_id(other);
  const PartitionSummary summary = summary_of(log.path());
  CHECK(summary.state == State::stray);
  CHECK(has_note(summary, "other_topic"));
  write_whole_file(log.path() / kPartitionMetadata, as_bytes("version: 0\n"));
  CHECK(summary_of(log.path()).defects.at(0).defect.code == DefectCode::bad_text);
}

TEST_CASE("the metadata log goes by snapshots") {
  LogBuilder log = LogBuilder::from_notation("{0} a=1 b=2");
  log.in_log_dir("orders", 0);
  MetadataLog metadata;
  metadata.add(TopicRecord{.name = "orders"});
  const PartitionSummary summary = summary_of(metadata.write(log.root()));
  CHECK(summary.policy == "snapshots");
  CHECK(summary.state == State::clean);
  CHECK_FALSE(summary.candidate.range);
  CHECK(summary.log_end == Offset{1});
}

TEST_CASE("a folder that has gone has no summary") {
  LogBuilder log = LogBuilder::from_notation("{0} a=1");
  const Path folder = log.root() / "t-1";
  const LogDirCheckpoints none;
  const auto settings = TopicSettings::read(posix_file_system(), {});
  const PartitionSurroundings around{.checkpoints = none, .settings = std::get<TopicSettings>(settings)};
  CHECK_FALSE(PartitionSummary::of(posix_file_system(), folder, around, {}));
}

// The bounds of a log that was read from its first batch to its last.
struct Scanned {
  Offset log_end;
  Offset last_stable;
};

Scanned scan(const PartitionLog& log, Offset log_start, const std::optional<Offset>& high_watermark) {
  const LogScan scan = LogScan::of(
      posix_file_system(), log, {.log_start = log_start, .high_watermark = high_watermark, .now_ms = kNow});
  const Offset end = scan.log_end;
  const Offset decided = std::clamp(high_watermark.value_or(end), log_start, end);
  return {end, std::min(decided, std::max(scan.first_unstable.value_or(end), log_start))};
}

TEST_CASE("a summary of each partition of real log directories says what reading all of it says") {
  FileSystem& files = posix_file_system();
  std::size_t seen = 0;
  const Path broker = Path(KSEG_TEST_DATA) / "broker";
  std::vector<Path> roots = {broker / "cluster-a"};
  for (const char* group : {"compaction", "unclean"}) {
    for (const DirectoryEntry& entry : files.list(broker / group)) {
      if (entry.is_directory) roots.push_back(broker / group / entry.name);
    }
  }
  for (const Path& path : roots) {
    const LogDir root = *LogDir::at(files, path);
    const auto checkpoints = LogDirCheckpoints::read(root);
    for (const DirectoryEntry& entry : files.list(path)) {
      const auto name = entry.is_directory ? parse_partition_folder_name(entry.name) : std::nullopt;
      if (!name || name->kind != PartitionFolderKind::current) continue;
      const Path folder = path / entry.name;
      CAPTURE(folder);
      const bool is_metadata_log = name->partition.topic == kClusterMetadataTopic;
      const PartitionSummary summary = summary_of(folder);
      const PartitionLog log = PartitionLog::open(files, folder);
      if (log.segments().empty()) continue;  // of some only what a recovery left is kept
      const auto stored = checkpoints.of(name->partition);
      const Offset log_start =
          std::max(stored.log_start.value_or(Offset{0}), log.segments().front().base_offset);
      const auto high_watermark =
          is_metadata_log ? std::nullopt : std::optional(stored.high_watermark.value_or(Offset{0}));
      const Scanned scanned = scan(log, log_start, high_watermark);
      CHECK(summary.state != State::damaged);
      CHECK(summary.log_start == log_start);
      CHECK(summary.log_end == scanned.log_end);
      CHECK(summary.last_stable == scanned.last_stable);
      if (summary.candidate.range)
        CHECK(summary.candidate.range->first_dirty == stored.first_dirty.value_or(log_start));
      ++seen;
    }
  }
  CHECK(seen > 80);
}

}  // namespace
}  // namespace kseg
