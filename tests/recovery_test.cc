// What a recovery leaves is what a broker's load leaves: recorded ones, and rule by rule.
#include "lib/recovery.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <set>

#include "cli/recovery_lines.h"
#include "formats/legacy_message.h"
#include "formats/offset_index.h"
#include "formats/producer_snapshot.h"
#include "formats/transaction_index.h"
#include "lib/partition_log.h"
#include "tests/dump_lines.h"
#include "tests/power_cuts.h"
#include "tests/refusals.h"
#include "tests/support/broker_cases.h"
#include "tests/support/collected_report.h"
#include "tests/support/faulty_file_system.h"
#include "tests/support/log_builder.h"

namespace kseg {
namespace {

using std::filesystem::copy_options;

const Path kUnclean = Path(KSEG_TEST_DATA) / "broker/unclean";

std::string file(std::string_view short_name) {
  const std::size_t dot = short_name.find('.');
  return std::string(20 - dot, '0') + std::string(short_name);
}

FileSystem& real() {
  return posix_file_system();
}

// Lines of text, with the folder's path left out.
std::string lines_of(const Recovery& recovery, const Path& folder) {
  StringSink sink;
  Output output(Format::text, sink, sink);
  print(recovery, Tense::would, output);
  output.finish();
  std::string text = sink.text;
  const std::string prefix = folder.string() + "/";
  for (std::size_t at = text.find(prefix); at != std::string::npos; at = text.find(prefix)) {
    text.erase(at, prefix.size());
  }
  return text;
}

Recovery plan(const RecoveryRequest& request, FileSystem& files = real()) {
  auto planned = Recovery::plan(files, request);
  if (const auto* refusal = std::get_if<Refusal>(&planned)) {
    std::string text = refusal->reason;
    for (const LocatedDefect& each : refusal->defects) text += "; " + describe(each.defect);
    FAIL("refused: ", text);
  }
  return std::move(*std::get_if<Recovery>(&planned));
}

Refusal refusal(const RecoveryRequest& request) {
  const FolderFiles before = read_folder(request.partition);
  auto planned = Recovery::plan(real(), request);
  REQUIRE(std::holds_alternative<Refusal>(planned));
  CHECK(read_folder(request.partition) == before);
  return *std::get_if<Refusal>(&planned);
}

// The folder as it then is; a second recovery finds nothing to do.
FolderFiles recover(const RecoveryRequest& request) {
  plan(request).carry_out();
  Recovery again = plan(request);
  CHECK(lines_of(again, request.partition) == "");
  return read_folder(request.partition);
}

std::vector<std::string> names(const FolderFiles& files) {
  std::vector<std::string> names;
  for (const auto& [name, bytes] : files) names.push_back(name);
  return names;
}

void check_same(FolderFiles ours, FolderFiles kafka) {
  ours = with_sorted_snapshots(std::move(ours));
  kafka = with_sorted_snapshots(std::move(kafka));
  CHECK(names(ours) == names(kafka));
  for (const auto& [name, bytes] : kafka) {
    CAPTURE(name);
    CHECK(ours[name] == bytes);
  }
}

// What recovery has set aside, out of the folder's files.
FolderFiles take_kept(FolderFiles& files) {
  FolderFiles kept;
  for (auto it = files.begin(); it != files.end();) {
    if (it->first.starts_with("cut-")) {
      kept.insert(*it);
      it = files.erase(it);
    } else {
      ++it;
    }
  }
  return kept;
}

// --- A broker that was killed, and what it made of its logs after that.

struct Killed {
  TemporaryFolder folder;
  Path root = folder.path() / "root";
  std::vector<PartitionOffset> recovery_points;

  Killed() {
    std::filesystem::copy(kUnclean / "torn", root, copy_options::recursive);
    const auto read = decode_offset_checkpoint(read_whole_file(root / kRecoveryPointCheckpoint));
    REQUIRE(read);
    recovery_points = *read;
  }

  RecoveryRequest request(const std::string& partition) const {
    const auto name = parse_partition_folder_name(partition);
    REQUIRE(name);
    return {.partition = root / partition,
            .recovery_point = find(recovery_points, name->partition).value_or(Offset{0}),
            .log_start = {},
            .index_interval_bytes = partition.starts_with("__") ? 4096U : 512U,
            .now_ms = 1'795'398'000'000};
  }
};

TEST_CASE("the logs of a killed broker are recovered as that broker recovered them") {
  Killed killed;
  const auto recovered_points =
      decode_offset_checkpoint(read_whole_file(kUnclean / "recovered" / kRecoveryPointCheckpoint));
  REQUIRE(recovered_points);
  const std::map<std::string, std::vector<std::string>> kept{
      {"torn-0", {"cut-00000000000000000200.log-4460"}},
      {"whole-0", {}},
      {"compacted-0", {"cut-00000000000000000190.log-430"}},
      {"txn-0", {}},
      {"txn-1", {}},
      {"preallocated-0", {}},
      {"__transaction_state-0", {}},
      {"__transaction_state-1", {}},
      {"__consumer_offsets-0", {}},
      {"__consumer_offsets-1", {}},
      {"__consumer_offsets-2", {}}};
  for (const auto& [partition, kept_names] : kept) {
    CAPTURE(partition);
    const RecoveryRequest request = killed.request(partition);
    FolderFiles kafka = read_folder(kUnclean / "torn" / partition);
    std::erase_if(kafka, [](const auto& entry) { return entry.first.ends_with(".deleted"); });
    for (const auto& [name, bytes] : read_folder(kUnclean / "recovered" / partition)) kafka[name] = bytes;
    const FolderFiles torn = read_folder(request.partition);

    const Recovery recovery = plan(request);
    CHECK(recovery.log_end() == find(*recovered_points, parse_partition_folder_name(partition)->partition));
    CHECK(recovery.recovery_point() == std::min(request.recovery_point, recovery.log_end()));
    CHECK(read_folder(request.partition) == torn);
    FolderFiles ours = recover(request);

    CHECK(names(take_kept(ours)) == kept_names);
    // The broker has begun a new leader epoch at the log's end since.
    auto epochs = decode_leader_epoch_checkpoint(kafka.at(std::string(kLeaderEpochCheckpoint)));
    const auto our_epochs = decode_leader_epoch_checkpoint(ours.at(std::string(kLeaderEpochCheckpoint)));
    REQUIRE(epochs);
    REQUIRE(our_epochs);
    while (!epochs->empty() && epochs->back().start_offset >= recovery.log_end()) epochs->pop_back();
    CHECK(*our_epochs == *epochs);
    kafka.erase(std::string(kLeaderEpochCheckpoint));
    ours.erase(std::string(kLeaderEpochCheckpoint));
    check_same(ours, kafka);
  }
}

TEST_CASE("what is cut off a torn log is kept") {
  Killed killed;
  const RecoveryRequest request = killed.request("torn-0");
  const ByteBuffer torn = read_whole_file(request.partition / file("200.log"));
  FolderFiles files = recover(request);
  const FolderFiles kept = take_kept(files);
  ByteBuffer both = files.at(file("200.log"));
  append(both, kept.at("cut-00000000000000000200.log-4460"));
  CHECK(both == torn);

  CollectedReport report = verify_folder(request.partition);
  CHECK(report.defects.empty());
  CHECK(report.warnings.empty());
  CHECK(report.notes.empty());
}

TEST_CASE("the plan of a torn log, as people read it") {
  Killed killed;
  const RecoveryRequest request = killed.request("torn-0");
  CHECK(
      lines_of(plan(request), request.partition) ==
      "would copy 389 bytes of 00000000000000000200.log at position 4460 to "
      "cut-00000000000000000200.log-4460\n"
      "would cut 389 bytes off 00000000000000000200.log at position 4460, offset 255: torn_tail: expected a "
      "batch, found 389 bytes\n"
      "would write 00000000000000000200.timeindex (60 bytes): index\n"
      "would write 00000000000000000200.index (40 bytes): index\n"
      "would write 00000000000000000255.snapshot (56 bytes): snapshot\n");
}

// --- Swaps and left-overs: compaction-cases K, after a clean shutdown.

TEST_CASE("a cleanly closed folder with left-overs becomes what Kafka's loader left (compaction-cases K)") {
  int compared = 0;
  for (const auto& one : broker_cases("load")) {
    const std::string id = one["id"].get<std::string>();
    CAPTURE(id);
    TemporaryFolder folder;
    write_folder(folder.path() / "t-0", decode_files(one["in"]));
    const RecoveryRequest request{.partition = folder.path() / "t-0",
                                  .recovery_point = {7},
                                  .log_start = {},
                                  .cleanly_shut_down = true,
                                  .now_ms = 100};
    ++compared;
    if (!one["error"].is_null()) {
      CHECK(refusal(request).defects.at(0).defect.code == DefectCode::unknown_version);
      continue;
    }
    check_same(recover(request), decode_files(one["out"]));
  }
  CHECK(compared == 24);
}

// --- After an unclean stop, rule by rule: log-format.md 6.7.

// Two batches of 70 bytes a segment, snapshots at the bases, as after a clean shutdown.
struct Sample {
  LogBuilder log;
  explicit Sample(std::string_view notation) : log(LogBuilder::from_notation(notation)) {
    FolderOptions options;
    options.snapshots_of_segments = true;
    log.options(options);
  }
  RecoveryRequest request() {
    return {.partition = log.path(), .recovery_point = {}, .log_start = {}, .now_ms = 100};
  }
  Path path(std::string_view short_name) { return log.path() / file(short_name); }
  void append(std::string_view short_name, ByteBuffer bytes) {
    ByteBuffer content = read_whole_file(path(short_name));
    kseg::append(content, bytes);
    write_whole_file(path(short_name), content);
  }
};

TEST_CASE("a sound log that was not shut down cleanly stays as it is") {
  Sample sample("{0} a=1 P5[b=1] {2} T7[c=1] A7 !7,2,3,4 {4} e=1");
  write_whole_file(sample.log.path() / kLeaderEpochCheckpoint, as_bytes("0\n1\n0 0\n"));
  const Recovery recovery = plan(sample.request());
  CHECK(lines_of(recovery, sample.log.path()) == "");
  CHECK(recovery.segments_scanned() == 3);
  CHECK(recovery.log_end() == Offset{5});
  CHECK(recovery.recovery_point() == Offset{0});
}

TEST_CASE("a flipped byte ends the log there, and what lies behind is set aside") {
  Sample sample("{0} a=1 b=1 {2} c=1 d=1 {4} e=1");
  sample.log.flip_byte(1, 65);
  const FolderFiles before = read_folder(sample.log.path());
  const Recovery recovery = plan(sample.request());
  CHECK(recovery.log_end() == Offset{1});
  CHECK(recovery.bytes_lost() == 4 * 70);

  FolderFiles files = recover(sample.request());
  const FolderFiles kept = take_kept(files);
  CHECK(names(files) == std::vector<std::string>{file("0.index"), file("0.log"), file("0.timeindex"),
                                                 file("1.snapshot"), std::string(kLeaderEpochCheckpoint)});
  CHECK(names(kept) == std::vector<std::string>{"cut-" + file("0.log") + "-70", "cut-" + file("2.log") + "-0",
                                                "cut-" + file("4.log") + "-0"});
  CHECK(kept.at("cut-" + file("2.log") + "-0") == before.at(file("2.log")));
  ByteBuffer whole = files.at(file("0.log"));
  append(whole, kept.at("cut-" + file("0.log") + "-70"));
  CHECK(whole == before.at(file("0.log")));
}

TEST_CASE("below the recovery point nobody looks, so a flipped byte stays") {
  Sample sample("{0} a=1 b=1 {2} c=1 d=1 {4} e=1");
  sample.log.flip_byte(1, 65);
  RecoveryRequest request = sample.request();
  request.recovery_point = {3};
  const Recovery recovery = plan(request);
  CHECK(recovery.segments_scanned() == 2);
  CHECK(recovery.log_end() == Offset{5});
  CHECK(recovery.recovery_point() == Offset{3});
  CHECK(recovery.bytes_lost() == 0);
}

TEST_CASE("zeros behind the last batch are cut off, and nothing of them is kept") {
  Sample sample("{0} a=1 b=1");
  const FolderFiles before = read_folder(sample.log.path());
  sample.append("0.log", ByteBuffer(100));
  const Recovery recovery = plan(sample.request());
  CHECK(recovery.bytes_lost() == 100);
  FolderFiles files = recover(sample.request());
  CHECK(files.at(file("0.log")) == before.at(file("0.log")));
  CHECK(take_kept(files).empty());
}

TEST_CASE("a batch with a byte missing is cut off, one with none missing stays") {
  Sample sample("{0} a=1 b=1");
  ByteBuffer log = read_whole_file(sample.path("0.log"));
  CHECK(plan(sample.request()).log_end() == Offset{2});
  log.pop_back();
  write_whole_file(sample.path("0.log"), log);
  const Recovery recovery = plan(sample.request());
  CHECK(recovery.log_end() == Offset{1});
  const auto is_cut = [](const RecoveryStep& step) { return step.kind == RecoveryStep::Kind::cut; };
  const auto cut = std::find_if(recovery.steps().begin(), recovery.steps().end(), is_cut);
  REQUIRE(cut != recovery.steps().end());
  CHECK(cut->position == Position{70});
  CHECK(cut->size_bytes == 69);
  CHECK(cut->offset == Offset{1});
  CHECK(cut->defect->code == DefectCode::torn_tail);
}

TEST_CASE("in a directory that was shut down cleanly, a torn tail stays") {
  Sample sample("{0} a=1 b=1");
  sample.append("0.log", ByteBuffer(10, 0xa5));
  RecoveryRequest request = sample.request();
  request.cleanly_shut_down = true;
  const Recovery recovery = plan(request);
  CHECK(recovery.log_end() == Offset{2});
  CHECK(recovery.recovery_point() == Offset{2});
  CHECK(recovery.bytes_lost() == 0);

  sample.append("0.log", ByteBuffer(10, 0xa5));  // 20: enough for a length, which makes no sense
  CHECK(refusal(request).hint.find(".kafka_cleanshutdown") != std::string::npos);
}

TEST_CASE("indexes and snapshots that are missing are made, an orphan and what is marked deleted go") {
  Sample sample("{0} a=1 P5[b=1] {2} T7[c=1] A7 !7,2,3,4 {4} e=1");
  const FolderFiles before = read_folder(sample.log.path());
  for (const char* name : {"0.index", "2.timeindex", "2.txnindex", "2.snapshot", "5.snapshot"}) {
    std::filesystem::remove(sample.path(name));
  }
  write_whole_file(sample.path("4.index"), ByteBuffer(4096));
  write_whole_file(sample.path("9.index"), {});
  write_whole_file(sample.path("9.log.deleted"), {});
  FolderFiles files = recover(sample.request());
  CHECK(files.at(std::string(kLeaderEpochCheckpoint)).size() > 0);
  files[std::string(kLeaderEpochCheckpoint)] = before.at(std::string(kLeaderEpochCheckpoint));
  check_same(files, before);
}

TEST_CASE("without any snapshot a clean shutdown is taken for one without producers, another is not") {
  Sample sample("{0} a=1 P5[b=1] {2} c=1");
  std::filesystem::remove(sample.path("2.snapshot"));
  std::filesystem::remove(sample.path("3.snapshot"));
  RecoveryRequest request = sample.request();
  SUBCASE("clean") {
    request.cleanly_shut_down = true;
    FolderFiles files = recover(request);
    CHECK(files.at(file("2.snapshot")).size() == 10);
    CHECK(files.at(file("3.snapshot")).size() == 10);
    CHECK_FALSE(files.contains(file("0.snapshot")));
  }
  SUBCASE("unclean") {
    FolderFiles files = recover(request);
    CHECK(files.at(file("2.snapshot")).size() == 56);
    CHECK(files.at(file("3.snapshot")).size() == 56);
  }
}

TEST_CASE("a damaged snapshot goes, and an older one counts") {
  Sample sample("{0} P5[a=1] b=1 {2} c=1 {3} d=1");
  ByteBuffer snapshot = read_whole_file(sample.path("3.snapshot"));
  RecoveryRequest request = sample.request();
  request.recovery_point = {3};
  snapshot[30] ^= 1;
  write_whole_file(sample.path("3.snapshot"), snapshot);
  const FolderFiles files = recover(request);
  CHECK(decode_producer_snapshot(files.at(file("3.snapshot")))->size() == 1);
  CHECK(decode_producer_snapshot(files.at(file("4.snapshot")))->size() == 1);
}

TEST_CASE("a log that ends below its start is given up, and begins anew there") {
  Sample sample("{0} a=1 {1} b=1");
  const FolderFiles before = read_folder(sample.log.path());
  RecoveryRequest request = sample.request();
  request.log_start = {10};
  request.recovery_point = {12};
  const Recovery recovery = plan(request);
  CHECK(recovery.log_start() == Offset{10});
  CHECK(recovery.log_end() == Offset{10});
  CHECK(recovery.recovery_point() == Offset{10});
  FolderFiles files = recover(request);
  const FolderFiles kept = take_kept(files);
  CHECK(names(files) == std::vector<std::string>{file("10.index"), file("10.log"), file("10.timeindex"),
                                                 std::string(kLeaderEpochCheckpoint)});
  CHECK(kept.at("cut-" + file("0.log") + "-0") == before.at(file("0.log")));
  CHECK(kept.at("cut-" + file("1.log") + "-0") == before.at(file("1.log")));

  request.log_start = {2};  // its end
  Sample sound("{0} a=1 {1} b=1");
  request.partition = sound.log.path();
  CHECK(plan(request).bytes_lost() == 0);
}

TEST_CASE("the transaction index is made anew from the markers") {
  Sample sample("{0} T7[a=1] T8[b=1] {2} c=1 A7 !7,0,3,1 C8 {5} z=1");
  const FolderFiles before = read_folder(sample.log.path());
  write_whole_file(sample.path("2.txnindex"), ByteBuffer(34, 0x55));
  SUBCASE("after an unclean stop, unless no broker reads what is there") {
    CHECK(refusal(sample.request()).defects.at(0).defect.code == DefectCode::unknown_version);
    std::filesystem::remove(sample.path("2.txnindex"));
    CHECK(recover(sample.request()).at(file("2.txnindex")) == before.at(file("2.txnindex")));
  }
  SUBCASE("or if an entry is not of this segment, whatever the stop was") {
    ByteBuffer wrong;
    encode_aborted_txn({.producer_id = 7, .first_offset = {0}, .last_offset = {1}, .last_stable_offset = {2}},
                       wrong);
    write_whole_file(sample.path("2.txnindex"), wrong);
    RecoveryRequest request = sample.request();
    request.cleanly_shut_down = true;
    CHECK(recover(request).at(file("2.txnindex")) == before.at(file("2.txnindex")));
  }
}

TEST_CASE("leader epochs are learnt from what is scanned, and end with the log") {
  Sample sample("{0} a=1+3 b=1+3 {2} c=1+5 d=1+5");
  const Path path = sample.log.path() / kLeaderEpochCheckpoint;
  const auto epochs_after = [&](std::string_view before, RecoveryRequest request) {
    write_whole_file(path, as_bytes(before));
    return std::string(as_text(recover(request).at(std::string(kLeaderEpochCheckpoint))));
  };
  CHECK(epochs_after("0\n1\n3 0\n", sample.request()) == "0\n2\n3 0\n5 2\n");
  CHECK(epochs_after("0\n3\n3 0\n5 2\n9 4\n", sample.request()) == "0\n2\n3 0\n5 2\n");
  RecoveryRequest request = sample.request();
  request.log_start = {1};
  CHECK(epochs_after("0\n2\n3 0\n5 2\n", request) == "0\n2\n3 1\n5 2\n");
  write_whole_file(path, as_bytes("nonsense"));
  CHECK(refusal(sample.request()).defects.at(0).file == path);
}

TEST_CASE("offsets that go back at an index entry empty the segment; below the recovery point nobody asks") {
  Sample sample("{0} a=1 b=1 {10} c=1 d=1 e=1 {20} f=1");
  ByteBuffer log = read_whole_file(sample.path("10.log"));
  log[2 * 70 + 7] = 10;  // the base offset of the third batch, which no checksum covers
  write_whole_file(sample.path("10.log"), log);
  RecoveryRequest request = sample.request();
  request.index_interval_bytes = 1;
  SUBCASE("in the middle of recovering the log") {
    CHECK(plan(request).log_end() == Offset{10});
    FolderFiles files = recover(request);
    FolderFiles kept = take_kept(files);
    CHECK(files.at(file("10.log")).empty());
    CHECK(kept.at("cut-" + file("10.log") + "-0") == log);
    CHECK(kept.contains("cut-" + file("20.log") + "-0"));
  }
  SUBCASE("flushed") {
    request.recovery_point = {20};
    CHECK(plan(request).log_end() == Offset{21});
  }
  SUBCASE("while only an index is wanted, no broker goes on") {
    std::filesystem::remove(sample.path("10.index"));
    CHECK(refusal(request).defects.at(0).defect.code == DefectCode::offset_order);
  }
}

TEST_CASE("what no broker loads is refused") {
  SUBCASE("a marker that says nothing") {
    Sample sample("{0} T7[a=1]");
    BatchModel marker = make_control_batch({1}, ControlType::commit, 7, 0, 0);
    ByteBuffer& bytes = marker.bytes;
    // The record's value, six bytes behind its length, becomes two: lengths of value, record and batch.
    REQUIRE(bytes.size() == 78);
    ByteBuffer shorter(bytes.begin(), bytes.end() - 5);
    shorter.push_back(0);
    shorter[61] = static_cast<std::uint8_t>(shorter[61] - 8);
    shorter[70] = 4;
    shorter[11] = static_cast<std::uint8_t>(shorter[11] - 4);
    seal_batch(shorter, 0);
    sample.append("0.log", shorter);
    CHECK(refusal(sample.request()).defects.at(0).defect.code == DefectCode::bad_control_record);
  }
  SUBCASE("data outside of the open transaction of its producer") {
    Sample sample("{0} T7[a=1] P7s1[b=1] c=1");
    CHECK(refusal(sample.request()).defects.at(0).defect.code == DefectCode::producer_state);
  }
  SUBCASE("offsets below the segment's base") {
    Sample sample("{0} a=1");
    for (const char* name : {"log", "index", "timeindex"}) {
      std::filesystem::rename(sample.path(std::string("0.") + name), sample.path(std::string("5.") + name));
    }
    CHECK(refusal(sample.request()).defects.at(0).defect.code == DefectCode::segment_range);
  }
  SUBCASE("a name without a number, or with too few digits") {
    Sample sample("{0} a=1");
    write_whole_file(sample.log.path() / "x.log", {});
    CHECK(refusal(sample.request()).reason.find("x.log") != std::string::npos);
    std::filesystem::rename(sample.log.path() / "x.log", sample.log.path() / "7.log");
    CHECK(refusal(sample.request()).reason.find("7.log") != std::string::npos);
  }
  SUBCASE("indexes that are too small for the log") {
    Sample sample("{0} a=1 b=1 c=1 d=1");
    RecoveryRequest request = sample.request();
    request.index_interval_bytes = 1;
    request.segment_index_bytes = 24;
    CHECK(refusal(request).defects.at(0).defect.code == DefectCode::index_order);
    request.segment_index_bytes = 48;
    CHECK(plan(request).log_end() == Offset{4});
  }
}

TEST_CASE("a folder that is to be deleted, or the controllers', is not recovered") {
  Sample sample("{0} a=1");
  TemporaryFolder folder;
  for (const char* name : {"t-0.e44179ef2e7c4f7aad8314a90da81d31-delete", "__cluster_metadata-0"}) {
    RecoveryRequest request = sample.request();
    request.partition = folder.path() / name;
    std::filesystem::copy(sample.log.path(), request.partition);
    refusal(request);
  }
}

TEST_CASE("messages of formats 0 and 1 are recovered as others are, what only looks like one is cut off") {
  Sample sample("{0} v0/a=1 v1zl[b=2@50 c=3@40] d=4");
  ByteBuffer message;
  encode_legacy_message({.magic = 0, .offset = {4}}, message);
  SUBCASE("with the right checksum") {
    sample.append("0.log", message);
    const Recovery recovery = plan(sample.request());
    CHECK(recovery.bytes_lost() == 0);
    CHECK(recovery.log_end() == Offset{5});
  }
  SUBCASE("with another") {
    message[LegacyMessage::kCrcPosition] ^= 1;
    sample.append("0.log", message);
    const Recovery recovery = plan(sample.request());
    CHECK(recovery.bytes_lost() == LegacyMessage::kSizeV0);
    CHECK(recovery.log_end() == Offset{4});
  }
}

TEST_CASE("a magic that no release has written is no damage to a broker") {
  Sample sample("{0} a=1 b=1");
  ByteBuffer log = read_whole_file(sample.path("0.log"));
  log[RecordBatchHeader::kMagicPosition] = 3;
  write_whole_file(sample.path("0.log"), log);
  CHECK(plan(sample.request()).log_end() == Offset{2});
  log[RecordBatchHeader::kMagicPosition] = 1;
  write_whole_file(sample.path("0.log"), log);
  CHECK(plan(sample.request()).log_end() == Offset{0});
}

TEST_CASE("offsets that go back where no index entry tells are refused: a broker would not notice") {
  Sample sample("{0} a=1 [b=1 c=1]");
  const ByteBuffer log = read_whole_file(sample.path("0.log"));
  CHECK(plan(sample.request()).log_end() == Offset{3});
  sample.append("0.log", ByteBuffer(log.begin(), log.begin() + 70));
  const Refusal refused = refusal(sample.request());
  CHECK(refused.defects.at(0).defect.code == DefectCode::offset_order);
  CHECK(refused.defects.at(0).defect.offset == Offset{1});
}

TEST_CASE("after a clean shutdown, an index that knows of offsets behind the log's end is refused") {
  Sample sample("{0} a=1 b=1 c=1");
  RecoveryRequest request = sample.request();
  request.cleanly_shut_down = true;
  ByteBuffer index;
  encode_offset_index_entry({.offset = {2}, .position = {140}}, {0}, index);
  write_whole_file(sample.path("0.index"), index);
  CHECK(plan(request).log_end() == Offset{3});
  ByteBuffer log = read_whole_file(sample.path("0.log"));
  log.pop_back();
  write_whole_file(sample.path("0.log"), log);
  CHECK(refusal(request).defects.at(0).defect.code == DefectCode::index_offset);
  request.cleanly_shut_down = false;
  CHECK(plan(request).log_end() == Offset{2});
}

TEST_CASE("leader epochs that were learnt and lost again leave a file that says that there are none") {
  Sample sample("{0} a=1+3");
  sample.log.flip_byte(0, 65);
  const std::string name(kLeaderEpochCheckpoint);
  CHECK(recover(sample.request()).at(name).empty());
  write_whole_file(sample.log.path() / name, as_bytes("0\n1\n3 0\n"));
  CHECK(as_text(recover(sample.request()).at(name)) == "0\n0\n");
}

TEST_CASE(
    "a replay below the recovery point begins where the index says, and does not see damage before it") {
  Sample sample("{0} P5[a=1] P6[b=1] P7[c=1] {3} d=1");
  RecoveryRequest request = sample.request();
  request.recovery_point = {3};
  std::filesystem::remove(sample.path("3.snapshot"));
  std::filesystem::remove(sample.path("4.snapshot"));
  ByteBuffer bytes;
  encode_producer_snapshot({}, bytes);
  write_whole_file(sample.path("2.snapshot"), bytes);
  ByteBuffer log = read_whole_file(sample.path("0.log"));
  log[2] = 1;  // the base offset of the first batch, now behind all others
  write_whole_file(sample.path("0.log"), log);
  const auto producers = [&] {
    return decode_producer_snapshot(recover(request).at(file("4.snapshot")))->size();
  };
  SUBCASE("with an entry for where the snapshot ends") {
    ByteBuffer index;
    encode_offset_index_entry({.offset = {2}, .position = {140}}, {0}, index);
    write_whole_file(sample.path("0.index"), index);
    CHECK(producers() == 1);
  }
  SUBCASE("without one it begins at the damaged batch") {
    CHECK(producers() == 3);
  }
}

// --- Where the bytes go.

TEST_CASE("a second tear at the same place does not overwrite what was kept of the first") {
  Sample sample("{0} a=1");
  const std::string name = "cut-" + file("0.log") + "-70";
  for (const std::uint8_t byte : ByteBuffer{1, 2, 2}) {
    sample.append("0.log", ByteBuffer(20, byte));
    recover(sample.request());
  }
  FolderFiles files = read_folder(sample.log.path());
  const FolderFiles kept = take_kept(files);
  CHECK(names(kept) == std::vector<std::string>{name, name + ".2"});
  CHECK(kept.at(name) == ByteBuffer(20, 1));
  CHECK(kept.at(name + ".2") == ByteBuffer(20, 2));
}

TEST_CASE("in quarantine are the same bytes, and beside the log none") {
  Sample beside("{0} a=1 b=1 {2} c=1 d=1 {4} e=1");
  beside.log.flip_byte(1, 65);
  FolderFiles expected = recover(beside.request());
  const FolderFiles kept = take_kept(expected);

  Sample sample("{0} a=1 b=1 {2} c=1 d=1 {4} e=1");
  sample.log.flip_byte(1, 65);
  TemporaryFolder folder;
  RecoveryRequest request = sample.request();
  request.quarantine = folder.path() / "quarantine";
  CHECK(recover(request) == expected);
  CHECK(read_folder(folder.path() / "quarantine" / "t-0") == kept);
}

TEST_CASE("a quarantine inside of a log directory is refused: no broker starts with it") {
  Sample sample("{0} a=1");
  sample.log.in_log_dir("t", 0);
  RecoveryRequest request = sample.request();
  for (const Path& inside :
       {sample.log.root(), sample.log.root() / "q", sample.log.root() / "q/", sample.log.path() / "q"}) {
    request.quarantine = inside;
    CHECK(refusal(request).hint.find("does not start") != std::string::npos);
  }
  TemporaryFolder folder;
  request.quarantine = folder.path();
  CHECK(lines_of(plan(request), sample.log.path()) != "refused");
}

TEST_CASE("kept bytes survive what a broker and another recovery do to the folder") {
  Sample sample("{0} a=1 b=1 {2} c=1");
  sample.log.flip_byte(1, 65);
  recover(sample.request());
  // A swap that replaces all files with a number in front.
  for (const char* name : {"0.log", "0.index", "0.timeindex"}) {
    std::filesystem::copy(sample.path(name), sample.path(std::string(name) + ".swap"));
  }
  FolderFiles files = recover(sample.request());
  CHECK(take_kept(files).size() == 2);
}

TEST_CASE("a .swap whose sources are gone is set aside, though a broker would remove it") {
  Sample sample("{0} a=1 {1} b=1 {2} c=1");
  const ByteBuffer log = read_whole_file(sample.path("1.log"));
  for (const char* name : {"1.log", "1.index", "1.timeindex"}) {
    std::filesystem::rename(sample.path(name), sample.path(std::string(name) + ".swap"));
  }
  write_whole_file(sample.path("0.log.cleaned"), {});
  FolderFiles files = recover(sample.request());
  CHECK_FALSE(files.contains(file("1.log")));
  CHECK(take_kept(files) == FolderFiles{{"cut-" + file("1.log.swap") + "-0", log}});
}

// --- Deaths and refusals half-way.

struct Unfinished {
  std::string name;
  std::string notation;
  std::function<void(Sample&)> damage;
  std::function<void(RecoveryRequest&)> ask = [](RecoveryRequest&) {};
  bool clean = false;
};

void copy_as(Sample& sample, const char* from, const char* to) {
  std::filesystem::copy(sample.path(from), sample.path(to));
}

std::vector<Unfinished> unfinished() {
  const std::string log =
      "{0} a=1+1 P5[b=1]+1 {2} T7[c=1]+2 A7+2 !7,2,3,4 {4} e=1+3 T8[f=1]+3 {6} g=1+3 h=1+4 {8} i=1+4";
  const auto swap = [](Sample& sample) {
    for (const char* kind : {"log", "index", "timeindex"}) {
      const std::string name = std::string("0.") + kind;
      copy_as(sample, name.c_str(), (name + ".swap").c_str());
      copy_as(sample, (std::string("2.") + kind).c_str(), (std::string("2.") + kind + ".deleted").c_str());
    }
    copy_as(sample, "8.log", "8.log.cleaned");
    copy_as(sample, "8.index", "9.index");
  };
  return {
      {"torn in the middle", log,
       [](Sample& sample) {
         sample.log.flip_byte(5, 65);
         write_whole_file(sample.path("6.index"), ByteBuffer(80));
       }},
      {"torn in the middle, a swap to be finished, left-overs", log,
       [swap](Sample& sample) {
         sample.log.flip_byte(7, 65);
         swap(sample);
       }},
      {"indexes that were lost below the recovery point", log,
       [](Sample& sample) {
         for (const char* name : {"2.index", "2.txnindex", "6.index"})
           std::filesystem::remove(sample.path(name));
         write_whole_file(sample.path("2.timeindex"), ByteBuffer(24));
         sample.append("8.log", ByteBuffer(30, 0xa5));
       },
       [](RecoveryRequest& request) { request.recovery_point = {8}; }},
      {"a segment that cannot be indexed", log,
       [](Sample& sample) {
         ByteBuffer bytes = read_whole_file(sample.path("4.log"));
         bytes[70 + 7] = 3;
         bytes[70 + 26] = 1;
         seal_batch(bytes, 70);
         write_whole_file(sample.path("4.log"), bytes);
       },
       [](RecoveryRequest& request) { request.index_interval_bytes = 1; }},
      {"a log below its start", log,
       [](Sample& sample) {
         write_whole_file(sample.log.path() / kLeaderEpochCheckpoint, as_bytes("0\n1\n1 0\n"));
       },
       [](RecoveryRequest& request) { request.log_start = {30}; }},
      {"no log at all", log,
       [](Sample& sample) {
         for (const auto& [name, bytes] : read_folder(sample.log.path())) {
           if (name.ends_with(".log")) std::filesystem::remove(sample.log.path() / name);
         }
       },
       [](RecoveryRequest& request) { request.log_start = {3}; }},
      {"a clean shutdown with left-overs and a lost index", log,
       [swap](Sample& sample) {
         swap(sample);
         std::filesystem::remove(sample.path("6.index"));
         copy_as(sample, "8.snapshot", "7.snapshot");
         copy_as(sample, "8.snapshot", "99.snapshot");
       },
       [](RecoveryRequest& request) { request.recovery_point = {9}; }, true},
  };
}

struct Prepared {
  Sample sample;
  TemporaryFolder folder;
  Path root = folder.path() / "root";
  Path quarantine = folder.path() / "quarantine";
  RecoveryRequest asked;

  explicit Prepared(const Unfinished& unfinished, bool in_quarantine) : sample(unfinished.notation) {
    sample.log.in_log_dir("t", 0);
    unfinished.damage(sample);
    if (!unfinished.clean) std::filesystem::remove(sample.log.root() / kCleanShutdownFile);
    asked = sample.request();
    asked.partition = root / "t-0";
    if (in_quarantine) asked.quarantine = quarantine;
    unfinished.ask(asked);
  }

  void restore() {
    std::filesystem::remove_all(root);
    std::filesystem::remove_all(quarantine);
    std::filesystem::copy(sample.log.root(), root, copy_options::recursive);
  }
  RecoveryRequest request() const {
    RecoveryRequest request = asked;
    request.cleanly_shut_down = std::filesystem::exists(root / kCleanShutdownFile);
    return request;
  }
  FolderFiles result() const {
    FolderFiles files = read_folder(asked.partition);
    if (!std::filesystem::exists(quarantine / "t-0")) return files;
    for (const auto& [name, bytes] : read_folder(quarantine / "t-0")) files["quarantine/" + name] = bytes;
    return files;
  }
};

// The next one comes to what an undisturbed one leaves.
void expect_finished(Prepared& prepared, const FolderFiles& expected) {
  plan(prepared.request()).carry_out();
  FolderFiles left = prepared.result();
  std::erase_if(left, [](const auto& entry) { return entry.first.ends_with(".tmp"); });
  CHECK(names(left) == names(expected));
  CHECK(left == expected);
}

enum class Death { before_it, half_way };

void die_at_every_operation(Death death, bool in_quarantine) {
  for (const Unfinished& one : unfinished()) {
    CAPTURE(one.name);
    Prepared prepared(one, in_quarantine);
    prepared.restore();
    FaultyFileSystem undisturbed(real());
    undisturbed.skip_syncs();
    plan(prepared.request(), undisturbed).carry_out();
    const FolderFiles expected = prepared.result();
    CHECK(std::filesystem::exists(prepared.root / kCleanShutdownFile) == one.clean);
    CHECK(lines_of(plan(prepared.request()), prepared.asked.partition) == "");

    for (std::size_t at = 0; at < undisturbed.operation_count(); ++at) {
      CAPTURE(at);
      CAPTURE(undisturbed.journal()[at]);
      prepared.restore();
      const RecoveryRequest request = prepared.request();
      FaultyFileSystem dying(real());
      dying.skip_syncs();
      death == Death::half_way ? dying.tear_at(at) : dying.stop_at(at);
      CHECK_THROWS_AS(plan(request, dying).carry_out(), Stopped);
      expect_finished(prepared, expected);
    }
  }
}

TEST_CASE("a recovery that dies before any file operation is finished by the next one") {
  die_at_every_operation(Death::before_it, false);
}

TEST_CASE("so is one that dies half-way through a write, or on the way into quarantine") {
  die_at_every_operation(Death::half_way, true);
}

TEST_CASE("so is one at whose operations the power is cut, whatever of the unsynced is gone") {
  for (const bool in_quarantine : {false, true}) {
    for (const Unfinished& one : unfinished()) {
      CAPTURE(one.name);
      Prepared prepared(one, in_quarantine);
      prepared.restore();
      plan(prepared.request()).carry_out();
      const FolderFiles expected = prepared.result();
      PowerCuts{.what = std::string("recovery, ") + one.name,
                .root = prepared.folder.path(),
                .restore = [&] { prepared.restore(); },
                .run = [&](FileSystem& files) { plan(prepared.request(), files).carry_out(); },
                .judge = [&] { expect_finished(prepared, expected); }}
          .make_all();
    }
  }
}

TEST_CASE("an operation that the system refuses once ends a recovery, and the next one finishes it") {
  for (const Unfinished& one : unfinished()) {
    CAPTURE(one.name);
    Prepared prepared(one, false);
    prepared.restore();
    plan(prepared.request()).carry_out();
    const FolderFiles expected = prepared.result();
    Refusals{.what = "recovery, " + one.name,
             .restore = [&] { prepared.restore(); },
             .run = [&](FileSystem& files) { plan(prepared.request(), files).carry_out(); },
             .judge =
                 [&](bool ended) {
                   CHECK(ended);
                   expect_finished(prepared, expected);
                 },
             .short_reads = false}
        .make_all();
  }
}

}  // namespace
}  // namespace kseg
