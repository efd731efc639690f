// What a compaction replaced comes back, byte for byte, whatever was in the way.
#include "lib/undo.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <cerrno>

#include "lib/compaction.h"
#include "lib/log_dir_compaction.h"
#include "tests/power_cuts.h"
#include "tests/refusals.h"
#include "tests/support/faulty_file_system.h"
#include "tests/support/load.h"
#include "tests/support/log_builder.h"
#include "tests/support/lost_records.h"
#include "tests/support/random_log.h"

namespace kseg {
namespace {

constexpr std::int64_t kNowMs = 100'000;

// Values that later segments supersede, a due tombstone behind a value that it hides, an aborted transaction.
constexpr const char* kLog =
    "{0} [a=1 b=1] d=1 {3} [a=2 e=1] T7[f=1] {6} A7 !7,5,6,6 [b=2 g=1] {9} d=~^50 h=1 {11} e=~^60 a=3 {13} "
    "[j=1 j=2] {15} a=4";

struct Sample {
  LogBuilder log = LogBuilder::from_notation(kLog);
  TemporaryFolder folder;
  Path root = folder.path() / "root";
  Path partition = root / "t-0";
  Path originals = folder.path() / "originals";
  std::uint64_t segment_bytes = 14;

  Sample() {
    log.options({.snapshots_of_segments = true}).in_log_dir("t", 0, {.first_dirty = Offset{3}});
    restore();
  }

  void restore() {
    std::filesystem::remove_all(root);
    std::filesystem::remove_all(originals);
    std::filesystem::copy(log.root(), root, std::filesystem::copy_options::recursive);
  }

  CompactionRequest request() const {
    CompactionRequest request{.partition = partition, .keep_originals = originals, .now_ms = kNowMs};
    request.config.set("cleanup.policy", "compact");
    request.config.segment_bytes = segment_bytes;
    return request;
  }

  std::string checkpoint() const { return std::string(as_text(read_whole_file(root / kCleanerCheckpoint))); }
};

// Why it was refused, if it was.
std::string try_to_compact_and_keep(FileSystem& files, const Sample& sample) {
  if (const auto refusal = Originals::prepare(files, sample.originals, false)) return refusal->reason;
  const auto outcome = compact(files, sample.request());
  const auto* refusal = std::get_if<Refusal>(&outcome);
  return refusal == nullptr ? "" : refusal->reason;
}

void compact_and_keep(FileSystem& files, const Sample& sample) {
  const std::string refused = try_to_compact_and_keep(files, sample);
  if (!refused.empty()) FAIL("refused: ", refused);
}

// What stands in the folder, with times.
std::map<std::string, std::pair<ByteBuffer, std::int64_t>> state_of(const Path& folder) {
  std::map<std::string, std::pair<ByteBuffer, std::int64_t>> state;
  for (auto& [name, bytes] : read_folder(folder))
    state[name] = {bytes, posix_file_system().info(folder / name)->mtime_ns};
  return state;
}

std::optional<Refusal> undo(FileSystem& files, const Path& kept) {
  PartitionUndo undo(files, kept);
  if (auto refusal = undo.check()) return refusal;
  return undo.run();
}

// Empty if there was nothing to object to.
std::string refused(const Sample& sample) {
  const auto refusal = undo(posix_file_system(), sample.originals / "t-0");
  if (!refusal) return "";
  std::string text;
  for (const std::string& detail : refusal->details) text += detail + "; ";
  for (const LocatedDefect& defect : refusal->defects) text += describe(defect.defect) + "; ";
  return text.empty() ? refusal->reason : text;
}

template <typename State>
std::string different_names(const State& expected, const State& found) {
  std::string text;
  for (const auto& [name, file] : expected) {
    const auto other = found.find(name);
    if (other == found.end()) {
      text += name + " is missing; ";
    } else if (other->second.first != file.first) {
      text += name + " has other bytes; ";
    } else if (other->second.second != file.second) {
      text += name + " has another time; ";
    }
  }
  for (const auto& [name, file] : found) {
    if (expected.count(name) == 0) text += name + " is new; ";
  }
  return text;
}

template <typename State>
void expect_undone(const Sample& sample, const State& before, const std::string& checkpoint) {
  if (posix_file_system().info(sample.originals / "t-0")) CHECK(refused(sample) == "");
  CHECK(different_names(before, state_of(sample.partition)) == "");
  CHECK(sample.checkpoint() == checkpoint);
  CHECK_FALSE(std::filesystem::exists(sample.originals / "t-0"));
}

}  // namespace

TEST_CASE("after undo every file is there again, with its bytes and its time, and nothing else") {
  for (const std::uint64_t segment_bytes : {14u, 300u, 1u << 30}) {
    CAPTURE(segment_bytes);
    Sample sample;
    sample.segment_bytes = segment_bytes;
    const auto before = state_of(sample.partition);
    const std::string checkpoint = sample.checkpoint();
    compact_and_keep(posix_file_system(), sample);
    CHECK(state_of(sample.partition) != before);
    CHECK(sample.checkpoint() != checkpoint);
    expect_undone(sample, before, checkpoint);
  }
}

TEST_CASE("an entry that was not in the cleaner checkpoint is removed again") {
  Sample sample;
  sample.log.in_log_dir("t", 0);
  sample.restore();
  const auto before = state_of(sample.partition);
  compact_and_keep(posix_file_system(), sample);
  CHECK(sample.checkpoint() == "0\n1\nt 0 15\n");
  expect_undone(sample, before, "0\n0\n");
}

TEST_CASE("the newest group goes back first, so that no deleted value is seen without its tombstone") {
  Sample sample;
  compact_and_keep(posix_file_system(), sample);
  FaultyFileSystem files(posix_file_system());
  REQUIRE_FALSE(undo(files, sample.originals / "t-0"));
  std::vector<std::string> swaps;
  for (const std::string& operation : files.journal()) {
    if (operation.starts_with("rename") && operation.ends_with(".log.swap")) swaps.push_back(operation);
  }
  REQUIRE(swaps.size() > 2);
  CHECK(std::is_sorted(swaps.rbegin(), swaps.rend()));
  // Before any of them, the checkpoint.
  const auto first = [&](const std::string& end) {
    return std::find_if(files.journal().begin(), files.journal().end(),
                        [&](const std::string& operation) { return operation.ends_with(end); });
  };
  CHECK(first("cleaner-offset-checkpoint.tmp") < first(".log"));
}

TEST_CASE("a compaction that dies at any operation can be undone") {
  for (const std::uint64_t segment_bytes : {14u, 300u}) {
    for (const bool torn : {false, true}) {
      for (const bool broker_starts : {false, true}) {
        Sample sample;
        sample.segment_bytes = segment_bytes;
        FaultyFileSystem undisturbed(posix_file_system());
        undisturbed.skip_syncs();
        compact_and_keep(undisturbed, sample);
        for (std::size_t at = 0; at < undisturbed.operation_count(); ++at) {
          CAPTURE(segment_bytes);
          CAPTURE(torn);
          CAPTURE(broker_starts);
          CAPTURE(undisturbed.journal()[at]);
          sample.restore();
          const auto before = state_of(sample.partition);
          const std::string checkpoint = sample.checkpoint();
          FaultyFileSystem dying(posix_file_system());
          dying.skip_syncs();
          torn ? dying.tear_at(at) : dying.stop_at(at);
          CHECK_THROWS_AS(compact_and_keep(dying, sample), Stopped);
          const bool kept = posix_file_system().info(sample.originals / "t-0").has_value();
          if (broker_starts || !kept) load_as_broker(posix_file_system(), sample.partition);
          CHECK(differences(sample.partition, sample.log.path()) == "");
          if (kept) CHECK(refused(sample) == "");
          load_as_broker(posix_file_system(), sample.partition);  // `.cleaned` of a group that was not kept
          expect_undone(sample, before, checkpoint);
        }
      }
    }
  }
}

TEST_CASE("a compaction that the system stops at any operation can be undone") {
  Sample sample;
  std::map<std::string, std::pair<ByteBuffer, std::int64_t>> before;
  const std::string checkpoint = sample.checkpoint();
  Refusals{
      .what = "compaction that keeps originals",
      .restore =
          [&] {
            sample.restore();
            before = state_of(sample.partition);
          },
      .run = [&](FileSystem& files) { try_to_compact_and_keep(files, sample); },
      .judge =
          [&](bool) {
            for (const auto& [name, bytes] : read_folder(sample.partition))
              CHECK_FALSE(name.ends_with(".cleaned"));
            expect_undone(sample, before, checkpoint);
          },
      // Of a file that seems to end early the digest is another one's, and undo refuses: nothing is lost.
      .short_reads = false}
      .make_all();
}

TEST_CASE("an undo that dies at any operation loses nothing and can be done again") {
  for (const std::uint64_t segment_bytes : {14u, 300u}) {
    for (const bool torn : {false, true}) {
      for (const bool broker_starts : {false, true}) {
        Sample sample;
        sample.segment_bytes = segment_bytes;
        const std::size_t operations = [&] {
          compact_and_keep(posix_file_system(), sample);
          FaultyFileSystem undisturbed(posix_file_system());
          REQUIRE_FALSE(undo(undisturbed, sample.originals / "t-0"));
          return undisturbed.operation_count();
        }();
        for (std::size_t at = 0; at < operations; ++at) {
          CAPTURE(segment_bytes);
          CAPTURE(torn);
          CAPTURE(broker_starts);
          CAPTURE(at);
          sample.restore();
          const auto before = state_of(sample.partition);
          const std::string checkpoint = sample.checkpoint();
          compact_and_keep(posix_file_system(), sample);
          FaultyFileSystem dying(posix_file_system());
          dying.skip_syncs();
          torn ? dying.tear_at(at) : dying.stop_at(at);
          CHECK_THROWS_AS(undo(dying, sample.originals / "t-0"), Stopped);
          if (broker_starts) load_as_broker(posix_file_system(), sample.partition);
          CHECK(differences(sample.partition, sample.log.path()) == "");
          expect_undone(sample, before, checkpoint);
        }
      }
    }
  }
}

TEST_CASE("a power cut at any operation of a compaction leaves what can be undone") {
  Sample sample;
  sample.segment_bytes = 300;
  std::map<std::string, std::pair<ByteBuffer, std::int64_t>> before;
  const std::string checkpoint = sample.checkpoint();
  PowerCuts{.what = "compaction that keeps originals",
            .root = sample.folder.path(),
            .restore =
                [&] {
                  sample.restore();
                  before = state_of(sample.partition);
                },
            .run = [&](FileSystem& files) { compact_and_keep(files, sample); },
            .judge =
                [&] {
                  const bool kept = posix_file_system().info(sample.originals / "t-0").has_value();
                  if (!kept) load_as_broker(posix_file_system(), sample.partition);
                  CHECK(differences(sample.partition, sample.log.path()) == "");
                  if (kept) CHECK(refused(sample) == "");
                  load_as_broker(posix_file_system(), sample.partition);
                  expect_undone(sample, before, checkpoint);
                }}
      .make_all();
}

TEST_CASE("a power cut at any operation of an undo loses nothing, and it can be done again") {
  Sample sample;
  sample.segment_bytes = 300;
  std::map<std::string, std::pair<ByteBuffer, std::int64_t>> before;
  const std::string checkpoint = sample.checkpoint();
  PowerCuts{.what = "undo",
            .root = sample.folder.path(),
            .restore =
                [&] {
                  sample.restore();
                  before = state_of(sample.partition);
                  compact_and_keep(posix_file_system(), sample);
                },
            .run = [&](FileSystem& files) { CHECK_FALSE(undo(files, sample.originals / "t-0")); },
            .judge =
                [&] {
                  CHECK(differences(sample.partition, sample.log.path()) == "");
                  expect_undone(sample, before, checkpoint);
                }}
      .make_all();
}

TEST_CASE("an undo that the system stops at any operation loses nothing and can be done again") {
  Sample sample;
  sample.segment_bytes = 300;
  std::map<std::string, std::pair<ByteBuffer, std::int64_t>> before;
  const std::string checkpoint = sample.checkpoint();
  Refusals{.what = "undo",
           .restore =
               [&] {
                 sample.restore();
                 before = state_of(sample.partition);
                 compact_and_keep(posix_file_system(), sample);
               },
           .run = [&](FileSystem& files) { undo(files, sample.originals / "t-0"); },
           .judge =
               [&](bool) {
                 for (const auto& [name, bytes] : read_folder(sample.partition))
                   CHECK_FALSE(name.ends_with(".cleaned"));
                 CHECK(differences(sample.partition, sample.log.path()) == "");
                 expect_undone(sample, before, checkpoint);
               }}
      .make_all();
}

TEST_CASE("what was written since is told, and nothing is undone") {
  const auto told = [](auto change) {
    Sample sample;
    compact_and_keep(posix_file_system(), sample);
    change(sample);
    const auto before = state_of(sample.partition);
    const std::string text = refused(sample);
    if (!text.empty()) CHECK(different_names(before, state_of(sample.partition)) == "");
    return text;
  };
  const auto log = [](const Sample& sample, std::int64_t base) {
    return sample.partition / to_string(SegmentFileName{.kind = SegmentFileKind::log, .offset = {base}});
  };
  CHECK(told([](const Sample&) {}) == "");
  CHECK(told([&](const Sample& sample) {
          ByteBuffer bytes = read_whole_file(log(sample, 15));
          bytes.insert(bytes.end(), 80, 0);
          write_whole_file(log(sample, 15), bytes);
        }) == "00000000000000000015.log has 150 bytes, it had 70; ");
  CHECK(told([&](const Sample& sample) { set_mtime_ms(log(sample, 15), 5); }) ==
        "00000000000000000015.log was written to; ");
  CHECK(told([&](const Sample& sample) { write_whole_file(log(sample, 16), {}); }) ==
        "00000000000000000016.log is new; ");
  CHECK(told([&](const Sample& sample) {
          ByteBuffer bytes = read_whole_file(log(sample, 0));
          bytes.push_back(1);
          write_whole_file(log(sample, 0), bytes);
        }) == "00000000000000000000.log is another one; ");
  CHECK(told([&](const Sample& sample) { std::filesystem::remove(log(sample, 0)); }) ==
        "00000000000000000000.log is not there any more; ");
  CHECK(told([&](const Sample& sample) {
          std::filesystem::remove(sample.originals / "t-0" / "00000000000000000000.log");
        }).starts_with("00000000000000000000.log is not kept any more; "));
  CHECK(told([](const Sample& sample) {
          LogDir::at(posix_file_system(), sample.root)->write_checkpoint(kCleanerCheckpoint, {"t", 0}, {9});
        }) == "cleaner-offset-checkpoint says 9, not 15; ");
  CHECK(told([](const Sample& sample) {
          std::filesystem::remove(sample.root / kCleanShutdownFile);
        }).find("not cleanly shut down") != std::string::npos);
  CHECK(told([](const Sample& sample) {
          write_whole_file(sample.partition / "00000000000000000015.log.swap", {});
        }).find("a broker would rename") != std::string::npos);
}

TEST_CASE("two compactions are undone in turn, the later one first") {
  Sample sample;
  const auto before = state_of(sample.partition);
  const std::string checkpoint = sample.checkpoint();
  compact_and_keep(posix_file_system(), sample);
  const auto between = state_of(sample.partition);

  CompactionRequest later = sample.request();
  later.keep_originals = sample.folder.path() / "later";
  later.config.segment_bytes = 1u << 30;
  later.first_dirty = Offset{0};
  later.now_ms += 1'000'000'000;
  REQUIRE_FALSE(Originals::prepare(posix_file_system(), *later.keep_originals, false));
  REQUIRE(std::holds_alternative<CompactionReport>(compact(posix_file_system(), later)));
  REQUIRE(state_of(sample.partition) != between);

  CHECK(refused(sample) != "");
  CHECK_FALSE(undo(posix_file_system(), *later.keep_originals / "t-0"));
  CHECK(different_names(between, state_of(sample.partition)) == "");
  expect_undone(sample, before, checkpoint);
}

TEST_CASE("originals are kept once, outside of log directories and partitions") {
  Sample sample;
  FileSystem& files = posix_file_system();
  for (const Path& folder :
       {sample.root, sample.root / "kept", sample.partition, sample.partition / "kept"}) {
    CAPTURE(folder);
    CHECK(Originals::prepare(files, folder, false));
    CHECK((folder == sample.root || folder == sample.partition || !files.info(folder)));
  }
  CHECK_FALSE(Originals::prepare(files, sample.originals, true));
  CHECK_FALSE(files.info(sample.originals));
  compact_and_keep(files, sample);
  const auto again = compact(files, sample.request());
  REQUIRE(std::holds_alternative<Refusal>(again));
  CHECK(std::get<Refusal>(again).reason.ends_with("holds originals of t-0 already"));
}

TEST_CASE("where there can be no link, nothing is swapped") {
  Sample sample;
  const auto before = state_of(sample.partition);
  for (const int error : {EXDEV, EPERM}) {
    FaultyFileSystem files(posix_file_system());
    REQUIRE_FALSE(Originals::prepare(files, sample.originals, false));
    files.fail_at(files.operation_count(), error);
    const auto outcome = compact(files, sample.request());
    REQUIRE(std::holds_alternative<Refusal>(outcome));
    CHECK(std::get<Refusal>(outcome).reason.find("originals cannot be kept here") != std::string::npos);
    CHECK(state_of(sample.partition) == before);
  }
}

TEST_CASE("a real broker's log directory is as it was, partitions compacted side by side") {
  const TemporaryFolder folder;
  const Path root = folder.path() / "root";
  std::filesystem::copy(KSEG_TEST_DATA "/broker/compaction/0-before", root,
                        std::filesystem::copy_options::recursive);
  std::map<std::string, std::map<std::string, std::pair<ByteBuffer, std::int64_t>>> before;
  FileSystem& files = posix_file_system();
  for (const DirectoryEntry& entry : files.list(root)) {
    if (entry.is_directory) before[entry.name] = state_of(root / entry.name);
  }
  const LogDir log_dir = *LogDir::at(files, root);
  const auto checkpoints = LogDirCheckpoints::read(log_dir);
  TopicConfig config;
  for (const auto& [name, value] :
       {std::pair("cleanup.policy", "compact"), std::pair("segment.bytes", "9000")})
    REQUIRE_FALSE(config.set(name, value));
  const CandidateOptions asked{
      .all = true,
      .now_ms = 1'795'000'000'000,
      .selects = [](const TopicPartition& partition) { return partition.topic.starts_with("kv"); },
      .config_of = [&](const TopicPartition&, const Path&) { return config; }};
  const Path originals = folder.path() / "originals";
  REQUIRE_FALSE(Originals::prepare(files, originals, false));
  int done = 0;
  const LogDirCompaction run{.request = {.keep_originals = originals, .now_ms = asked.now_ms},
                             .jobs = 4,
                             .done = [&](const CleaningCandidate&, const CompactionOutcome& outcome) {
                               done += std::holds_alternative<CompactionReport>(outcome) ? 1 : 0;
                             }};
  WorkMeter meter;
  run.run(files, log_dir, checkpoints, cleaning_candidates(files, log_dir, checkpoints, asked), meter);
  CHECK(done == 9);
  for (const DirectoryEntry& entry : files.list(originals)) {
    CAPTURE(entry.name);
    CHECK(PartitionUndo::holds_originals(files, originals / entry.name));
    CHECK(state_of(root / entry.name) != before[entry.name]);
    CHECK_FALSE(undo(files, originals / entry.name));
  }
  CHECK(files.list(originals).empty());
  for (const auto& [name, state] : before) CHECK(different_names(state, state_of(root / name)) == "");
  CHECK(as_text(read_whole_file(root / kCleanerCheckpoint)) == "0\n0\n");
}

TEST_CASE("random logs are as they were") {
  int swapped = 0;
  for (std::uint64_t seed = 1; seed <= 400; ++seed) {
    CAPTURE(seed);
    const TemporaryFolder folder;
    const Path partition = folder.path() / "t-0";
    RandomRound round = random_round(seed);
    round.folder.snapshots_of_segments = true;
    std::filesystem::create_directory(partition);
    write_folder(partition, to_files(round.log, round.folder));
    set_mtimes(partition, round.log);
    const auto before = state_of(partition);
    const Path originals = folder.path() / "originals";
    CompactionRequest request{.partition = partition, .keep_originals = originals, .now_ms = 1'000'000};
    request.config.set("cleanup.policy", "compact");
    request.config.segment_bytes = seed % 3 == 0 ? 1u << 30 : 14;
    REQUIRE_FALSE(Originals::prepare(posix_file_system(), originals, false));
    const auto outcome = compact(posix_file_system(), request);
    if (!std::holds_alternative<CompactionReport>(outcome)) continue;
    if (!posix_file_system().info(originals / "t-0")) continue;
    ++swapped;
    CHECK_FALSE(undo(posix_file_system(), originals / "t-0"));
    CHECK(different_names(before, state_of(partition)) == "");
  }
  CHECK(swapped > 100);
}

TEST_CASE("a manifest reads as it was written; cut short, it knows less; damaged, it says so") {
  const OriginalsManifest::Partition partition{
      .folder = "/a b/t-0",
      .checkpoint_before = std::nullopt,
      .checkpoint_after = Offset{7},
      .logs = {{"00000000000000000000.log", 10, -5}, {"00000000000000000007.log", 0, 9}}};
  OriginalsManifest::Group group{
      .kept = {{"00000000000000000000.log", 10, -5}, {"00000000000000000000.index", 0, 3}},
      .output_bytes = 61,
      .output = {.high = 1, .low = ~std::uint64_t{0}}};
  const std::string head = OriginalsManifest::encode(partition);
  const std::string text = head + OriginalsManifest::encode(group) + OriginalsManifest::encode(group);
  const auto manifest = OriginalsManifest::decode(as_bytes(text));
  REQUIRE(manifest);
  CHECK(*manifest->partition == partition);
  CHECK(manifest->groups == std::vector{group, group});

  for (std::size_t size = 0; size < text.size(); ++size) {
    CAPTURE(size);
    const auto cut = OriginalsManifest::decode(as_bytes(std::string_view(text).substr(0, size)));
    REQUIRE(cut);
    CHECK(cut->partition.has_value() == (size >= head.size()));
    CHECK(cut->groups.size() < 2);
  }
  for (std::size_t at = 0; at < text.size(); ++at) {
    CAPTURE(at);
    std::string damaged = text;
    damaged[at] = static_cast<char>(damaged[at] ^ 1);
    const auto read = OriginalsManifest::decode(as_bytes(damaged));
    if (read) CHECK(read->groups.size() < 2);
  }
  std::string later = text;
  later.replace(0, 16, "kseg originals 2");
  later.replace(head.find("end ") + 4, 32,
                to_string(Digest::of(as_bytes(later.substr(0, head.find("end "))))));
  CHECK(OriginalsManifest::decode(as_bytes(later)).error().code == DefectCode::unknown_version);
}

}  // namespace kseg
