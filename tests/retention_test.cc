// The delete policy on real folders: what is left on disk, what is refused, what is only looked at.
#include "lib/retention.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "formats/producer_snapshot.h"
#include "formats/time_index.h"
#include "tests/append_lines.h"
#include "tests/support/collected_report.h"
#include "tests/support/lock_holder.h"
#include "tests/support/log_builder.h"

namespace kseg {
namespace {

// Largest timestamps 1, 4, 5 and 6; the log ends at 7.
constexpr const char* kLog =
    "{0} a=1+1 P5[b=2]+2 {2} T7[c=3]+2 A7+2 !7,2,3,4 d=4+3 {5} e=5+3 {6} P5s1[f=6]+3";
constexpr std::string_view kEpochs = "0\n3\n1 0\n2 1\n3 4\n";
constexpr std::int64_t kNowMs = 1000;

std::string name_of(SegmentFileKind kind, std::int64_t offset) {
  return to_string(SegmentFileName{.kind = kind, .offset = {offset}});
}

struct Sample {
  LogBuilder log;

  explicit Sample(RootEntry root = {}, const char* text = kLog) : log(LogBuilder::from_notation(text)) {
    log.options({.snapshots_of_segments = true}).in_log_dir("t", 0, std::move(root));
    write_whole_file(partition() / kLeaderEpochCheckpoint, as_bytes(kEpochs));
  }
  const Path& partition() { return log.path(); }
  Path root() { return log.root(); }
  std::string text_of(std::string_view file) {
    return std::string(as_text(read_whole_file(partition() / file)));
  }
  std::string checkpoint(std::string_view file) {
    return std::string(as_text(read_whole_file(root() / file)));
  }
};

RetentionRequest request_of(std::initializer_list<std::pair<const char*, const char*>> settings,
                            bool dry_run = false) {
  RetentionRequest request{.dry_run = dry_run, .now_ms = kNowMs};
  for (const auto& [name, value] : settings) REQUIRE_FALSE(request.config.set(name, value));
  return request;
}

RetentionRequest older_than(const char* retention_ms, bool dry_run = false) {
  return request_of({{"cleanup.policy", "delete"}, {"retention.ms", retention_ms}}, dry_run);
}

RetentionReport done(const Path& partition, const RetentionRequest& request) {
  const auto outcome = Retention(posix_file_system(), request).apply(partition);
  if (const auto* refusal = std::get_if<Refusal>(&outcome)) FAIL(refusal->reason);
  return std::get<RetentionReport>(outcome);
}

Refusal refused(const Path& partition, const RetentionRequest& request) {
  const FolderFiles before = read_folder(partition);
  const auto outcome = Retention(posix_file_system(), request).apply(partition);
  CHECK(read_folder(partition) == before);
  if (!std::holds_alternative<Refusal>(outcome)) FAIL("not refused");
  return std::get<Refusal>(outcome);
}

std::vector<std::string> names_in(const Path& folder) {
  std::vector<std::string> names;
  for (const auto& [name, bytes] : read_folder(folder)) names.push_back(name);
  return names;
}

}  // namespace

TEST_CASE("segments that are old go with all their files, and what is left is as it was") {
  Sample sample;
  FolderFiles expected = read_folder(sample.partition());
  const RetentionReport report = done(sample.partition(), older_than("995"));

  REQUIRE(report.gone.size() == 2);
  CHECK(report.gone[0].age.base_offset == Offset{0});
  CHECK(report.gone[1].age.base_offset == Offset{2});
  CHECK(report.gone[1].age.largest_timestamp_ms == 4);
  CHECK(report.gone[1].reason == RetentionReason::time);
  CHECK(report.log_start_before == Offset{0});
  CHECK(report.log_start == Offset{5});
  CHECK(report.log_end == Offset{7});
  CHECK(report.segments_before == 4);
  CHECK_FALSE(report.rolled);
  REQUIRE(report.next);
  CHECK(report.next->from_ms == 5 + 995 + 1);
  CHECK(report.next_segment.base_offset == Offset{5});

  for (const std::int64_t base : {0, 2}) {
    for (const auto kind : {SegmentFileKind::log, SegmentFileKind::offset_index, SegmentFileKind::time_index,
                            SegmentFileKind::transaction_index, SegmentFileKind::producer_snapshot}) {
      expected.erase(name_of(kind, base));
    }
  }
  const std::string_view epochs = "0\n1\n3 5\n";
  expected[std::string(kLeaderEpochCheckpoint)].assign(epochs.begin(), epochs.end());
  CHECK(read_folder(sample.partition()) == expected);
  CHECK(verify_folder(sample.partition()).text() == "");
  CHECK_FALSE(std::filesystem::exists(sample.root() / kLockFile));
  CHECK(std::filesystem::exists(sample.root() / kCleanShutdownFile));
}

TEST_CASE("the last leader epoch at or below the new log start is moved up to it (M22)") {
  Sample sample;
  write_whole_file(sample.partition() / kLeaderEpochCheckpoint, as_bytes("0\n4\n0 0\n1 0\n2 1\n3 4\n"));
  done(sample.partition(), older_than("998"));
  CHECK(sample.text_of(kLeaderEpochCheckpoint) == "0\n2\n2 2\n3 4\n");

  // Its place may be right already.
  write_whole_file(sample.partition() / kLeaderEpochCheckpoint, as_bytes("0\n3\n1 0\n2 2\n3 5\n"));
  done(sample.partition(), older_than("995"));
  CHECK(sample.text_of(kLeaderEpochCheckpoint) == "0\n1\n3 5\n");

  Sample without;
  std::filesystem::remove(without.partition() / kLeaderEpochCheckpoint);
  done(without.partition(), older_than("998"));
  CHECK_FALSE(std::filesystem::exists(without.partition() / kLeaderEpochCheckpoint));
}

TEST_CASE("by size too, and the settings tell how much") {
  Sample sample;
  const PartitionLog log = PartitionLog::open(posix_file_system(), sample.partition());
  std::uint64_t bytes = 0;
  for (const Segment& segment : log.segments()) bytes += segment.size_bytes;
  const std::string limit = std::to_string(bytes - log.segments()[0].size_bytes);
  const RetentionReport report = done(sample.partition(), request_of({{"cleanup.policy", "compact,delete"},
                                                                      {"retention.bytes", limit.c_str()},
                                                                      {"retention.ms", "-1"}}));
  REQUIRE(report.gone.size() == 1);
  CHECK(report.gone[0].reason == RetentionReason::size);
  CHECK(report.bytes_before == bytes);
  CHECK(report.bytes_gone == log.segments()[0].size_bytes);
}

TEST_CASE("what lies below the log start goes without a policy, and its checkpoint stays") {
  Sample sample({.log_start = Offset{6}});
  write_whole_file(sample.root() / kLogStartCheckpoint, as_bytes("0\n2\nother 3 9\nt 0 4\n"));
  const RetentionReport report = done(sample.partition(), request_of({}));
  CHECK(report.doubt == PolicyDoubt::unknown);
  CHECK(report.gone.size() == 1);
  CHECK(report.gone[0].reason == RetentionReason::below_log_start);
  CHECK(report.log_start == Offset{4});
  CHECK_FALSE(report.next);
  CHECK(sample.checkpoint(kLogStartCheckpoint) == "0\n2\nother 3 9\nt 0 4\n");
  CHECK(sample.text_of(kLeaderEpochCheckpoint) == "0\n1\n3 4\n");
}

TEST_CASE("a log start that the first segment tells has no entry in its checkpoint any more") {
  for (const char* start : {"2", "1"}) {
    CAPTURE(start);
    Sample sample;
    write_whole_file(sample.root() / kLogStartCheckpoint,
                     as_bytes(fmt::format("0\n2\nother 3 9\nt 0 {}\n", start)));
    CHECK(done(sample.partition(), older_than("998")).log_start == Offset{2});
    CHECK(sample.checkpoint(kLogStartCheckpoint) == "0\n1\nother 3 9\n");
  }
}

TEST_CASE("where nothing goes nothing is written") {
  Sample sample({.log_start = Offset{1}});
  const FolderFiles root = read_folder(sample.root());
  const FolderFiles before = read_folder(sample.partition());
  const RetentionReport report = done(sample.partition(), older_than("100000"));
  CHECK(report.gone.empty());
  CHECK(report.log_start == Offset{1});
  CHECK(read_folder(sample.partition()) == before);
  CHECK(read_folder(sample.root()) == root);
}

TEST_CASE("if everything goes an empty segment at the log's end is left, as a broker leaves it") {
  Sample sample;
  const ByteBuffer snapshot =
      read_whole_file(sample.partition() / name_of(SegmentFileKind::producer_snapshot, 7));
  const RetentionReport report = done(sample.partition(), older_than("0"));
  CHECK(report.gone.size() == 4);
  CHECK(report.rolled);
  CHECK(report.log_start == Offset{7});
  CHECK_FALSE(report.next);
  CHECK(names_in(sample.partition()) ==
        std::vector<std::string>{"00000000000000000007.index", "00000000000000000007.log",
                                 "00000000000000000007.snapshot", "00000000000000000007.timeindex",
                                 std::string(kLeaderEpochCheckpoint)});
  for (const auto kind : {SegmentFileKind::log, SegmentFileKind::offset_index, SegmentFileKind::time_index})
    CHECK(read_whole_file(sample.partition() / name_of(kind, 7)).empty());
  CHECK(read_whole_file(sample.partition() / name_of(SegmentFileKind::producer_snapshot, 7)) == snapshot);
  CHECK(sample.text_of(kLeaderEpochCheckpoint) == "0\n1\n3 7\n");
  CHECK(verify_folder(sample.partition()).text() == "");

  CHECK(done(sample.partition(), older_than("0")).gone.empty());

  // The next record is the one that would have come.
  const Appended next = append_lines(posix_file_system(), {.partition = sample.partition(), .now_ms = kNowMs},
                                     R"({"key":"g","value":"7"})");
  CHECK(next.refused == "");
  CHECK(next.report.log_end_before == Offset{7});
  CHECK(verify_folder(sample.partition()).text() == "");
}

TEST_CASE("what producers did is kept at the log's end if no snapshot there says it") {
  Sample sample;
  const Path snapshot = sample.partition() / name_of(SegmentFileKind::producer_snapshot, 7);
  const auto expected = decode_producer_snapshot(read_whole_file(snapshot));
  std::filesystem::remove(snapshot);
  CHECK(done(sample.partition(), older_than("0")).rolled);
  auto found = decode_producer_snapshot(read_whole_file(snapshot));
  REQUIRE(found);
  REQUIRE(found->size() == 2);
  CHECK((*found)[0].producer_id == 5);
  CHECK((*found)[0].last_offset == Offset{6});
  CHECK((*found)[1].producer_id == 7);
  CHECK(found->size() == expected->size());
}

TEST_CASE("a log that is deleted up to its end by request loses its last segment only by size or time") {
  Sample sample;
  write_whole_file(sample.root() / kLogStartCheckpoint, as_bytes("0\n1\nt 0 7\n"));
  CHECK(done(sample.partition(), request_of({})).gone.size() == 3);
  CHECK(sample.checkpoint(kLogStartCheckpoint) == "0\n1\nt 0 7\n");
  std::filesystem::remove(sample.partition() / name_of(SegmentFileKind::producer_snapshot, 7));

  const RetentionReport report = done(sample.partition(), older_than("0"));
  CHECK(report.gone.size() == 1);
  CHECK(report.rolled);
  CHECK(sample.checkpoint(kLogStartCheckpoint) == "0\n0\n");
  // At the log start there is nothing to tell of producers.
  CHECK_FALSE(std::filesystem::exists(sample.partition() / name_of(SegmentFileKind::producer_snapshot, 7)));
  CHECK(verify_folder(sample.partition()).text() == "");
}

TEST_CASE("a new active segment takes over no transaction index of another") {
  Sample sample;
  const Path orphan = sample.partition() / name_of(SegmentFileKind::transaction_index, 7);
  write_whole_file(orphan, ByteBuffer(34));
  CHECK(done(sample.partition(), older_than("0")).rolled);
  CHECK_FALSE(std::filesystem::exists(orphan));
}

TEST_CASE("nothing at or above the high watermark goes") {
  Sample sample({.high_watermark = Offset{4}});
  const RetentionReport report = done(sample.partition(), older_than("0"));
  CHECK(report.gone.size() == 1);
  CHECK(report.high_watermark == Offset{4});
  REQUIRE(report.next);
  CHECK(report.next->waits_for_high_watermark == Offset{5});
}

TEST_CASE("without an entry for its high watermark nothing of a log counts as replicated") {
  Sample sample;
  write_whole_file(sample.root() / kReplicationCheckpoint, as_bytes("0\n0\n"));
  write_whole_file(sample.root() / kLogStartCheckpoint, as_bytes("0\n1\nt 0 2\n"));
  const RetentionReport report = done(sample.partition(), older_than("0"));
  REQUIRE(report.gone.size() == 1);
  CHECK(report.gone[0].reason == RetentionReason::below_log_start);
  REQUIRE(report.warnings.size() == 1);
  CHECK(report.warnings[0].find("nothing counts as replicated") != std::string::npos);
}

TEST_CASE("of a folder by itself all counts as replicated, and that is told") {
  LogBuilder log = LogBuilder::from_notation(kLog);
  const RetentionReport report = done(log.path(), older_than("995"));
  CHECK(report.gone.size() == 2);
  CHECK_FALSE(report.high_watermark);
  REQUIRE(report.warnings.size() == 1);
  CHECK(report.warnings[0].find("high watermark is unknown") != std::string::npos);
}

TEST_CASE("a policy from the command line does not empty what is known to be kept otherwise") {
  const RetentionRequest plain = older_than("0");
  const RetentionRequest both = request_of({{"cleanup.policy", "compact,delete"}, {"retention.ms", "0"}});

  Sample cleaned({.first_dirty = Offset{5}});
  CHECK(done(cleaned.partition(), plain).gone.empty());
  CHECK(done(cleaned.partition(), plain).doubt == PolicyDoubt::compacted);
  CHECK(done(cleaned.partition(), both).gone.size() == 4);

  for (const char* topic : {"__consumer_offsets", "__transaction_state", "__share_group_state"}) {
    LogBuilder log = LogBuilder::from_notation(kLog);
    log.in_log_dir(topic, 3);
    CHECK(done(log.path(), both).gone.empty());
    CHECK(done(log.path(), plain).doubt == PolicyDoubt::brokers_own);
    // What its topic says counts.
    RetentionRequest known{.now_ms = kNowMs};
    known.config.topic_known = true;
    REQUIRE_FALSE(known.config.set("retention.ms", "0", SettingSource::topic));
    CHECK(done(log.path(), known).gone.size() == 4);
  }
}

TEST_CASE("a retention time that nobody gave does not make a segment old") {
  RetentionRequest request = request_of({{"cleanup.policy", "delete"}});
  request.now_ms = 604'800'000 + kNowMs;
  Sample sample;
  CHECK(done(sample.partition(), request).gone.empty());
  CHECK(done(sample.partition(), request).retention_ms_unknown);
  CHECK_FALSE(done(sample.partition(), request_of({})).retention_ms_unknown);

  // Of a topic that is known a default is what it has.
  request.config = {};
  request.config.topic_known = true;
  const RetentionReport report = done(sample.partition(), request);
  CHECK(report.gone.size() == 4);
  CHECK_FALSE(report.retention_ms_unknown);
}

TEST_CASE("a dry run tells the same and writes nothing") {
  for (const char* retention_ms : {"995", "0"}) {
    Sample sample;
    const FolderFiles before = read_folder(sample.partition());
    const FolderFiles root = read_folder(sample.root());
    const RetentionReport dry = done(sample.partition(), older_than(retention_ms, true));
    CHECK(read_folder(sample.partition()) == before);
    CHECK(read_folder(sample.root()) == root);
    const RetentionReport wet = done(sample.partition(), older_than(retention_ms));
    CHECK(dry.gone.size() == wet.gone.size());
    CHECK(dry.log_start == wet.log_start);
    CHECK(dry.rolled == wet.rolled);
    CHECK(dry.bytes_gone == wet.bytes_gone);
  }
}

TEST_CASE("beside a running broker there is only a dry run, which leaves the lock alone") {
  Sample sample;
  std::filesystem::remove(sample.root() / kCleanShutdownFile);
  const LockHolder broker(sample.root() / kLockFile);
  CHECK(refused(sample.partition(), older_than("0")).reason.find("running broker") != std::string::npos);

  // As the broker has it: indexes in front of zeros, behind the log, a batch half written.
  const Path active = sample.partition() / name_of(SegmentFileKind::log, 6);
  ByteBuffer log = read_whole_file(active);
  const std::size_t half = log.size() / 2;
  log.insert(log.end(), log.begin(), log.begin() + static_cast<std::ptrdiff_t>(half));
  write_whole_file(active, log);
  for (const auto kind : {SegmentFileKind::offset_index, SegmentFileKind::time_index})
    write_whole_file(sample.partition() / name_of(kind, 6), ByteBuffer(1024));

  const FolderFiles before = read_folder(sample.partition());
  const RetentionReport report = done(sample.partition(), older_than("994", true));
  CHECK(read_folder(sample.partition()) == before);
  CHECK(report.gone.size() == 3);
  REQUIRE(report.next);
  CHECK(report.next->from_ms == 6 + 994 + 1);
  CHECK(report.log_end == Offset{7});
  REQUIRE(report.warnings.size() == 1);
  CHECK(report.warnings[0].find("in use by a running broker") != std::string::npos);
  CHECK(done(sample.partition(), older_than("0", true)).rolled);
}

TEST_CASE("what a whole directory is warned of is said once") {
  Sample sample;
  std::filesystem::remove(sample.root() / kCleanShutdownFile);
  std::filesystem::copy(sample.partition(), sample.root() / "t-1");
  write_whole_file(sample.root() / kReplicationCheckpoint, as_bytes("0\n2\nt 0 7\nt 1 7\n"));
  Retention retention(posix_file_system(), older_than("0", true));
  const auto first = retention.apply(sample.partition());
  const auto second = retention.apply(sample.root() / "t-1");
  CHECK(std::get<RetentionReport>(first).warnings.size() == 1);
  CHECK(std::get<RetentionReport>(second).warnings.empty());
}

TEST_CASE("a dry run makes no lock file") {
  Sample sample;
  Retention retention(posix_file_system(), older_than("0", true));
  retention.apply(sample.partition());
  CHECK_FALSE(std::filesystem::exists(sample.root() / kLockFile));
}

TEST_CASE("the lock is held from the first partition of a directory to the end") {
  Sample sample;
  std::filesystem::copy(sample.partition(), sample.root() / "t-1");
  {
    Retention retention(posix_file_system(), older_than("0"));
    for (const char* partition : {"t-0", "t-1", "t-0"}) {
      CHECK(std::holds_alternative<RetentionReport>(retention.apply(sample.root() / partition)));
      CHECK_THROWS(LockHolder(sample.root() / kLockFile));
    }
  }
  CHECK_FALSE(std::filesystem::exists(sample.root() / kLockFile));
}

TEST_CASE("a directory that was not shut down cleanly is refused, a dry run says so") {
  Sample sample;
  std::filesystem::remove(sample.root() / kCleanShutdownFile);
  CHECK(refused(sample.partition(), older_than("0")).reason.find("not cleanly shut down") !=
        std::string::npos);
  const RetentionReport report = done(sample.partition(), older_than("0", true));
  CHECK(report.gone.size() == 4);
  REQUIRE(report.warnings.size() == 1);
  CHECK(report.warnings[0].find("not cleanly shut down") != std::string::npos);
}

TEST_CASE("a checkpoint that cannot be read is a refusal") {
  for (const std::string_view file : {kLogStartCheckpoint, kReplicationCheckpoint, kCleanerCheckpoint}) {
    CAPTURE(file);
    Sample sample;
    write_whole_file(sample.root() / file, as_bytes("0\n2\nt 0 1\n"));
    for (const bool dry_run : {true, false}) {
      const Refusal refusal = refused(sample.partition(), older_than("0", dry_run));
      REQUIRE(refusal.defects.size() == 1);
      CHECK(refusal.defects[0].file == sample.root() / file);
    }
  }
  Sample sample;
  write_whole_file(sample.partition() / kLeaderEpochCheckpoint, as_bytes("0\n1\n1\n"));
  CHECK(refused(sample.partition(), older_than("0")).defects[0].file ==
        sample.partition() / kLeaderEpochCheckpoint);
}

TEST_CASE("a torn or damaged end of the log is a refusal") {
  Sample torn;
  const Path active = torn.partition() / name_of(SegmentFileKind::log, 6);
  ByteBuffer log = read_whole_file(active);
  log.pop_back();
  write_whole_file(active, log);
  Refusal refusal = refused(torn.partition(), older_than("998"));
  REQUIRE(refusal.defects.size() == 1);
  CHECK(refusal.defects[0].defect.code == DefectCode::torn_tail);

  // Inside of a batch only its checksum tells; that is looked at where the batch goes and its end counts.
  Sample flipped;
  flipped.log.flip_byte(/*batch=*/6, /*offset_in_batch=*/65);
  CHECK(done(flipped.partition(), older_than("998", true)).gone.size() == 1);
  refusal = refused(flipped.partition(), older_than("0"));
  REQUIRE(refusal.defects.size() == 1);
  CHECK(refusal.defects[0].defect.code == DefectCode::crc_mismatch);
}

TEST_CASE("a damaged time index does not make its segment old") {
  Sample sample;
  const Path index = sample.partition() / name_of(SegmentFileKind::time_index, 0);
  ByteBuffer bytes;
  encode_time_index_entry({.timestamp_ms = 900, .offset = {0}}, {0}, bytes);
  encode_time_index_entry({.timestamp_ms = 1, .offset = {1}}, {0}, bytes);
  write_whole_file(index, bytes);
  const Refusal refusal = refused(sample.partition(), older_than("998"));
  REQUIRE(refusal.defects.size() == 1);
  CHECK(refusal.defects[0].file == index);
  CHECK(refusal.defects[0].defect.code == DefectCode::index_order);
}

TEST_CASE("an unfinished swap, no segments, another folder, the metadata log: refused") {
  Sample swap;
  std::filesystem::rename(swap.partition() / name_of(SegmentFileKind::log, 0),
                          swap.partition() / "00000000000000000000.log.swap");
  CHECK(refused(swap.partition(), older_than("0")).reason.find("unfinished swap") != std::string::npos);

  Sample sample;
  const auto moved_to = [&](const char* name) {
    const Path path = sample.root() / name;
    std::filesystem::copy(sample.partition(), path);
    return path;
  };
  CHECK(refused(moved_to("__cluster_metadata-0"), older_than("0")).reason.find("controllers' own") !=
        std::string::npos);
  CHECK(refused(moved_to("backup"), older_than("0")).reason.find("not the name") != std::string::npos);
  CHECK(refused(moved_to("t-0.0123456789abcdef0123456789abcdef-delete"), older_than("0"))
            .reason.find("not the name") != std::string::npos);
  std::filesystem::create_directory(sample.root() / "t-9");
  CHECK(refused(sample.root() / "t-9", older_than("0")).reason.find("no segment") != std::string::npos);
}

TEST_CASE("a log start behind the log's end is a refusal") {
  Sample sample;
  write_whole_file(sample.root() / kLogStartCheckpoint, as_bytes("0\n1\nt 0 8\n"));
  CHECK(refused(sample.partition(), older_than("0")).reason.find("behind the end") != std::string::npos);
}

}  // namespace kseg
