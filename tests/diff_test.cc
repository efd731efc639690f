// Logs compared record by record, and their states key by key.
#include <doctest/doctest.h>

#include <filesystem>
#include <map>

#include "lib/latest_state.h"
#include "lib/record_lookup.h"
#include "lib/state_diff.h"
#include "tests/support/collected_report.h"
#include "tests/support/log_builder.h"
#include "tests/support/notation.h"
#include "tests/support/random_log.h"
#include "tests/support/rebatched_log.h"

namespace kseg {
namespace {

const Path kBroker = KSEG_TEST_DATA "/broker";
constexpr ReadableLog::Request kUncommitted{.isolation = Isolation::read_uncommitted};

ReadableLog open(const Path& target, const ReadableLog::Request& request, VerifyReport& report) {
  return ReadableLog::open(posix_file_system(), target, request, report);
}

struct Found {
  std::string text;  // "<3 >4 !5value,headers"
  DiffCounts counts;
  CollectedReport report;
};

std::string text_of(const DifferingFields& fields) {
  return fmt::format("{}{}{}{}{}", fields.timestamp ? "t" : "", fields.key ? "k" : "",
                     fields.value ? "v" : "", fields.headers ? "h" : "", fields.control ? "c" : "");
}

Found diff_folders(const Path& left, const Path& right, bool control = false,
                   const ReadableLog::Request& request = kUncommitted) {
  Found found;
  const ReadableLog left_log = open(left, request, found.report);
  const ReadableLog right_log = open(right, request, found.report);
  RecordStream left_records(posix_file_system(), left_log, found.report, {.control = control});
  RecordStream right_records(posix_file_system(), right_log, found.report, {.control = control});
  RecordDiff diff(left_records, right_records);
  while (diff.next()) {
    if (!found.text.empty()) found.text += " ";
    if (!diff.right())
      found.text += fmt::format("<{}", diff.left()->offset);
    else if (!diff.left())
      found.text += fmt::format(">{}", diff.right()->offset);
    else
      found.text += fmt::format("!{}{}", diff.left()->offset, text_of(diff.fields()));
  }
  found.counts = diff.counts();
  return found;
}

std::string diff(LogModel left, LogModel right, bool control = false,
                 const ReadableLog::Request& request = kUncommitted) {
  LogBuilder left_log(std::move(left));
  LogBuilder right_log(std::move(right));
  const Found found = diff_folders(left_log.path(), right_log.path(), control, request);
  CHECK(found.report.text() == "");
  return found.text;
}

std::string diff(std::string_view left, std::string_view right, bool control = false,
                 const ReadableLog::Request& request = kUncommitted) {
  return diff(log_of(left), log_of(right), control, request);
}

TEST_CASE("batches, codecs and segments make no difference") {
  constexpr std::string_view log = "{0} [a=1 b=1#h:x] T7[c=~] A7 -=x !7,2,3,2";
  CHECK(diff(log, log) == "");
  CHECK(diff(log, "{0} zs[a=1] {1} zz[b=1#h:x] {2} P9s4[c=~ . -=x]") == "");
  CHECK(diff("{0}", "{0} {5}") == "");
}

TEST_CASE("what a record says makes one") {
  constexpr std::string_view log = "{0} [a=1 b=1#h:x] c=~ -=x";
  CHECK(diff(log, "{0} [a=2 b=1#h:x] c=~ -=x") == "!0v");
  CHECK(diff(log, "{0} [a=1 b=1#h:y] c=~ -=x") == "!1h");
  CHECK(diff(log, "{0} [a=1 b=1] c=~ -=x") == "!1h");
  CHECK(diff(log, "{0} [a=1 b=1#i:x] c='' -=x") == "!1h !2v");
  CHECK(diff(log, "{0} [a=1@9 b=1#h:x] d=~ ''=x") == "!0t !2k !3k");
  CHECK(diff(log, "{0} [a=1 b=1#h:x] 3:-=x") == "<2");
  CHECK(diff("{0} [a=1 b=1#h:x] 3:-=x", log) == ">2");
  CHECK(diff(log, "{0} a=1") == "<1 <2 <3");
  CHECK(diff(log, "{0}") == "<0 <1 <2 <3");
  CHECK(diff("{0}", log) == ">0 >1 >2 >3");
}

TEST_CASE("control records are compared if asked for") {
  constexpr std::string_view committed = "{0} T7[a=1] C7 b=1";
  constexpr std::string_view aborted = "{0} T7[a=1] A7 b=1 !7,0,1,0";
  CHECK(diff(committed, aborted) == "");
  CHECK(diff(committed, aborted, /*control=*/true) == "!1k");
  CHECK(diff(committed, "{0} T7[a=1 . b=1]", /*control=*/true) == "<1");
  CHECK(diff(committed, aborted, false, {}) == "<0");
}

TEST_CASE("a damaged batch is told, and its records are missing from that side") {
  LogBuilder left;
  left.segment(0).batch({{"a", "1"}, {"b", "1"}}).batch({{"c", "1"}});
  LogBuilder right;
  right.segment(0).batch({{"a", "1"}, {"b", "1"}}).batch({{"c", "1"}}).flip_byte(0, 70);
  const Found found = diff_folders(left.path(), right.path());
  CHECK(found.text == "<0 <1");
  REQUIRE(found.report.defects.size() == 1);
  CHECK(found.report.defects[0].defect.code == DefectCode::crc_mismatch);
}

BatchModel* first_data_batch(LogModel& log) {
  for (SegmentModel& segment : log.segments) {
    for (BatchModel& batch : segment.batches) {
      if (!batch.header.is_control() && !batch.records.empty()) return &batch;
    }
  }
  return nullptr;
}

TEST_CASE(
    "random logs differ in nothing from the same records in other batches, and in one from one altered") {
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    CAPTURE(seed);
    const LogModel log = random_round(seed).log;
    CAPTURE(print_notation(log));
    const LogModel other = rebatched(log, Codec::lz4);
    REQUIRE(diff(log, other) == "");
    REQUIRE(diff(log, other, false, {}) == "");
    LogModel altered = other;
    BatchModel* batch = first_data_batch(altered);
    if (batch == nullptr) continue;
    batch->records[0].value = ByteBuffer{'?'};
    *batch = make_batch(batch->header, batch->records);
    REQUIRE(diff(log, altered) == fmt::format("!{}v", batch->records[0].offset));
  }
}

// --- By key.

struct FoundStates {
  StateDifferences differences;
  CollectedReport report;
  std::string text() const {
    std::string text;
    for (const KeyDifference& each : differences.first) {
      text += text.empty() ? "" : " ";
      if (each.left) text += fmt::format("<{}", *each.left);
      if (each.right) text += fmt::format(">{}", *each.right);
    }
    return text;
  }
};

FoundStates diff_state_folders(const Path& left, const Path& right, std::size_t listed = 20) {
  FoundStates found;
  const ReadableLog left_log = open(left, {}, found.report);
  const ReadableLog right_log = open(right, {}, found.report);
  found.differences = compare_states(posix_file_system(), left_log, right_log, listed, found.report);
  return found;
}

std::string diff_states(std::string_view left, std::string_view right, std::size_t listed = 20) {
  LogBuilder left_log = LogBuilder::from_notation(left);
  LogBuilder right_log = LogBuilder::from_notation(right);
  const FoundStates found = diff_state_folders(left_log.path(), right_log.path(), listed);
  CHECK(found.report.text() == "");
  return found.text();
}

TEST_CASE("states are the same wherever their values stand") {
  CHECK(diff_states("{0} [a=1 b=1] a=2 c=~ -=x", "{100} b=1 {200} zz[a=2 d=~]") == "");
  CHECK(diff_states("{0} a=1 T7[a=2] A7 !7,1,2,1", "{0} a=1 T8[b=1]") == "");
  CHECK(diff_states("{0}", "{0} a=~") == "");
}

TEST_CASE("a key that is on one side, or says something else, is a difference") {
  CHECK(diff_states("{0} a=1 b=1 c=1", "{5} b=2 d=1 a=1") == "<1>5 <2 >6");
  CHECK(diff_states("{0} a=1#h:x", "{0} a=1#h:y") == "<0>0");
  CHECK(diff_states("{0} a=1", "{0} a=''") == "<0>0");
  CHECK(diff_states("{0} a=1", "{0} a=1 a=~") == "<0");
  CHECK(diff_states("{0} a=~", "{0} a=1") == ">0");
  CHECK(diff_states("{0} a=1 b=1 c=1", "{5} b=2 d=1 a=1", 2) == "<1>5 <2");
}

std::map<ByteBuffer, std::string> obvious_state(const Path& partition) {
  CollectedReport report;
  const ReadableLog log = open(partition, {}, report);
  LatestState state = LatestState::of(posix_file_system(), log, {}, report);
  RecordStream records = state.records(report);
  std::map<ByteBuffer, std::string> found;
  while (records.next_batch()) {
    for (RecordView record; records.next(record);) {
      std::string content(as_text(*record.value));
      RecordHeaderReader headers(record);
      for (RecordHeaderView header; headers.next(header);) {
        content += fmt::format("|{}={}", as_text(header.key), header.value ? as_text(*header.value) : "~");
      }
      found[{record.key->begin(), record.key->end()}] = content;
    }
  }
  return found;
}

TEST_CASE("states of random logs differ as maps do") {
  std::uint64_t changed = 0;
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    CAPTURE(seed);
    LogBuilder left(random_round(seed).log);
    LogBuilder right(random_round(seed + 1).log);
    const auto left_state = obvious_state(left.path());
    const auto right_state = obvious_state(right.path());
    DiffCounts expected{.left = left_state.size(), .right = right_state.size()};
    for (const auto& [key, content] : left_state) {
      const auto other = right_state.find(key);
      ++(other == right_state.end() ? expected.only_left : expected.changed);
      if (other != right_state.end() && other->second == content) --expected.changed;
    }
    for (const auto& [key, content] : right_state) expected.only_right += left_state.count(key) == 0 ? 1 : 0;
    const DiffCounts found = diff_state_folders(left.path(), right.path()).differences.counts;
    REQUIRE(found.left == expected.left);
    REQUIRE(found.right == expected.right);
    REQUIRE(found.only_left == expected.only_left);
    REQUIRE(found.only_right == expected.only_right);
    REQUIRE(found.changed == expected.changed);
    changed += found.changed;
  }
  CHECK(changed > 100);
}

TEST_CASE("many keys are told apart while the table grows") {
  LogBuilder left;
  left.segment(0);
  LogBuilder right;
  right.segment(0);
  for (int batch = 0; batch < 300; ++batch) {
    std::string text;
    for (int i = 0; i < 10; ++i) text += fmt::format("{}k{}={}", i == 0 ? "" : " ", batch * 10 + i, batch);
    left.append("[" + text + "]");
    right.append(batch == 200 ? "[k0=0]+1" : "[" + text + "]");
  }
  const DiffCounts counts = diff_state_folders(left.path(), right.path()).differences.counts;
  CHECK(counts.left == 3000);
  CHECK(counts.right == 2990);
  CHECK(counts.only_left == 10);
  CHECK(counts.changed == 0);
}

TEST_CASE("a broker's partitions have the state they had before its cleaner ran") {
  int partitions = 0;
  for (const auto& entry : std::filesystem::directory_iterator(kBroker / "compaction/0-before")) {
    const std::string folder = entry.path().filename().string();
    if (!folder.starts_with("kv")) continue;
    ++partitions;
    CAPTURE(folder);
    const FoundStates round = diff_state_folders(entry.path(), kBroker / "compaction/1-first-round" / folder);
    CHECK(round.report.text() == "");
    CHECK(round.differences.counts.left > 20);
    CHECK(round.differences.counts.differences() == 0);
    const FoundStates later =
        diff_state_folders(entry.path(), kBroker / "compaction/2-second-round" / folder);
    CHECK(later.differences.counts.differences() > 0);
  }
  CHECK(partitions == 9);
}

TEST_CASE("a record is found by its offset") {
  LogBuilder log = LogBuilder::from_notation("{0} [a=1 . b=1] {3} zs[c=1 d=1]");
  const auto key_at = [&](std::int64_t offset) {
    std::string key = "none";
    look_up_record(posix_file_system(), log.path(), Offset{offset},
                   [&](const RecordBatchHeader&, const RecordView& record) { key = as_text(*record.key); });
    return key;
  };
  CHECK(key_at(0) == "a");
  CHECK(key_at(1) == "none");
  CHECK(key_at(4) == "d");
  CHECK(key_at(5) == "none");
}

}  // namespace
}  // namespace kseg
