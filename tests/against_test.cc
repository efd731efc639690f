#include "lib/against.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <set>

#include "tests/support/collected_report.h"
#include "tests/support/log_builder.h"
#include "tests/support/notation.h"
#include "tests/support/recorded_rounds.h"

namespace kseg {
namespace {

const Path kBroker = KSEG_TEST_DATA "/broker";

// What compare() said, and what it told of defects.
struct Judgement {
  Comparison comparison;
  CollectedReport report;

  bool ok() const { return comparison.difference_count == 0 && report.defects.empty(); }
  std::string text() const {
    std::string lines = report.text();
    for (const Difference& each : comparison.differences) {
      lines += fmt::format("{}: {}: expected {}, found {}\n", each.offset, name(each.code), each.expected,
                           each.found);
    }
    return lines;
  }
  bool first_is(DifferenceCode code, std::int64_t offset) const {
    CAPTURE(text());
    REQUIRE(!comparison.differences.empty());
    const Difference& first = comparison.differences.front();
    return first.code == code && first.offset.value == offset;
  }
  bool only_is(DifferenceCode code, std::int64_t offset) const {
    return first_is(code, offset) && comparison.difference_count == 1 && report.defects.empty();
  }
};

Judgement compare_folders(const Path& cleaned, const Path& original, const AgainstOptions& options = {}) {
  Judgement judgement;
  judgement.comparison = compare(posix_file_system(), cleaned, original, options, judgement.report);
  return judgement;
}

Judgement judge(LogModel original, LogModel cleaned, const AgainstOptions& options = {}) {
  LogBuilder before(std::move(original));
  LogBuilder after(std::move(cleaned));
  return compare_folders(after.path(), before.path(), options);
}

Judgement judge(std::string_view original, std::string_view cleaned, const AgainstOptions& options = {}) {
  return judge(log_of(original), log_of(cleaned), options);
}

// A log and what compaction makes of it.
constexpr std::string_view kOriginal = "{0} [a=1 b=1#h:x#i:~] [a=2 c=1] {4} [-=x c=~] d=1 {7} z=1 z=2";
constexpr std::string_view kCleaned = "{0} [. b=1#h:x#i:~] [a=2 .] {4} [. c=~]^99 d=1 {7} z=1 z=2";

TEST_CASE("a compaction that lost nothing has no differences") {
  const Judgement judgement = judge(kOriginal, kCleaned);
  CAPTURE(judgement.text());
  CHECK(judgement.ok());
  CHECK(judgement.comparison.original_records == 9);
  CHECK(judgement.comparison.left_records == 6);
  CHECK(judgement.comparison.keys == 5);
  CHECK(judgement.comparison.keyless_gone == 1);
  CHECK(judge(kOriginal, kOriginal).ok());
}

TEST_CASE("the last record of a key must be left") {
  CHECK(judge(kOriginal, "{0} [. b=1#h:x#i:~] {4} [. c=~]^99 d=1 {7} z=1 z=2")
            .only_is(DifferenceCode::last_value_gone, 2));
  CHECK(judge(kOriginal, "{0} 2:[a=2 .] {4} [. c=~]^99 d=1 {7} z=1 z=2")
            .only_is(DifferenceCode::last_value_gone, 1));
}

TEST_CASE("records must be what they were") {
  CHECK(judge(kOriginal, "{0} [. b=9#h:x#i:~] [a=2 .] {4} [. c=~]^99 d=1 {7} z=1 z=2")
            .only_is(DifferenceCode::record_value, 1));
  CHECK(judge(kOriginal, "{0} [. b=~#h:x#i:~] [a=2 .] {4} [. c=~]^99 d=1 {7} z=1 z=2")
            .only_is(DifferenceCode::record_value, 1));
  CHECK(judge(kOriginal, "{0} [. e=1#h:x#i:~] [a=2 .] {4} [. c=~]^99 d=1 {7} z=1 z=2")
            .only_is(DifferenceCode::record_key, 1));
  CHECK(judge(kOriginal, "{0} [. b=1#h:x] [a=2 .] {4} [. c=~]^99 d=1 {7} z=1 z=2")
            .only_is(DifferenceCode::record_headers, 1));
  CHECK(judge(kOriginal, "{0} [. b=1#h:x#i:''] [a=2 .] {4} [. c=~]^99 d=1 {7} z=1 z=2")
            .only_is(DifferenceCode::record_headers, 1));
  CHECK(judge(kOriginal, "{0} [. b=1#i:~#h:x] [a=2 .] {4} [. c=~]^99 d=1 {7} z=1 z=2")
            .only_is(DifferenceCode::record_headers, 1));
  CHECK(judge(kOriginal, "{0} [. b=1@0#h:x#i:~] [a=2 .] {4} [. c=~]^99 d=1 {7} z=1 z=2")
            .first_is(DifferenceCode::record_timestamp, 1));
}

TEST_CASE("a header key that is not UTF-8 may come out as Kafka's cleaner writes it, which is counted") {
  LogModel original = log_of("{0} [a=0 a=1#q:x] {2} z=1");
  ByteBuffer& bytes = original.segments[0].batches[0].bytes;
  const auto key = std::find(bytes.begin() + RecordBatchHeader::kSize, bytes.end(), 'q');
  REQUIRE(key != bytes.end());
  *key = 0xff;
  seal_batch(bytes, 0);
  const Judgement judgement = judge(original, log_of("{0} [. a=1#%ef%bf%bd:x] {2} z=1"));
  CAPTURE(judgement.text());
  CHECK(judgement.ok());
  CHECK(judgement.comparison.reencoded_header_keys == 1);
  CHECK(
      judge(original, log_of("{0} [. a=1#%ef%bf%be:x] {2} z=1")).only_is(DifferenceCode::record_headers, 1));
}

TEST_CASE("an offset that moved by one is seen") {
  CHECK_FALSE(judge(kOriginal, "{0} [b=1#h:x#i:~ .] [a=2 .] {4} [. c=~]^99 d=1 {7} z=1 z=2").ok());
  CHECK_FALSE(judge(kOriginal, "{0} 1:[. b=1#h:x#i:~] 3:[a=2] {4} [. c=~]^99 d=1 {7} z=1 z=2").ok());
  CHECK(judge(kOriginal, "{0} [. b=1#h:x#i:~] [. a=2] {4} [. c=~]^99 d=1 {7} z=1 z=2")
            .first_is(DifferenceCode::last_value_gone, 2));
}

TEST_CASE("batches that changed places are seen") {
  LogModel cleaned = log_of(kCleaned);
  std::swap(cleaned.segments[0].batches[0], cleaned.segments[0].batches[1]);
  CHECK_FALSE(judge(log_of(kOriginal), cleaned).ok());
}

TEST_CASE("nothing may be invented") {
  CHECK(
      judge("{0} [a=1 b=1] {5} z=1", "{0} [a=1 b=1] c=1 {5} z=1").only_is(DifferenceCode::batch_invented, 2));
  CHECK(judge("{0} [a=1 . b=1] {5} z=1", "{0} [a=1 c=1 b=1] {5} z=1")
            .first_is(DifferenceCode::batch_header, 0));
  CHECK(judge("{0} [a=1 . b=1] {5} z=1", "{0} [. a=1 b=1] {5} z=1")
            .first_is(DifferenceCode::last_value_gone, 0));
  CHECK(judge("{0} a=1 {5} z=1", "{0} a=1 {5} z=1 z=2").first_is(DifferenceCode::batch_invented, 6));
}

TEST_CASE("what a batch's header says of its place and its producer must stay") {
  const auto differs = [](std::string_view original, std::string_view cleaned) {
    return judge(original, cleaned).first_is(DifferenceCode::batch_header, 0);
  };
  CHECK(judge("{0} P5s10e1[a=1 b=1 a=2]+3 {5} z=1", "{0} P5s10e1[. b=1 a=2]+3 {5} z=1").ok());
  CHECK(differs("{0} P5s10e1[a=1 b=1 a=2]+3 {5} z=1", "{0} P6s10e1[. b=1 a=2]+3 {5} z=1"));
  CHECK(differs("{0} P5s10e1[a=1 b=1 a=2]+3 {5} z=1", "{0} P5s11e1[. b=1 a=2]+3 {5} z=1"));
  CHECK(differs("{0} P5s10e1[a=1 b=1 a=2]+3 {5} z=1", "{0} P5s10e2[. b=1 a=2]+3 {5} z=1"));
  CHECK(differs("{0} P5s10e1[a=1 b=1 a=2]+3 {5} z=1", "{0} P5s10e1[. b=1 a=2]+4 {5} z=1"));
  CHECK(differs("{0} [a=1 b=1 a=2] {5} z=1", "{0} [. b=1 a=2 .] {5} z=1"));
  CHECK(differs("{0} [a=1 b=1 a=2@0] {5} z=1", "{0} [. b=1@0 a=2@0]& {5} z=1"));
}

TEST_CASE("a delete horizon stays as long as records do, and maxTimestamp is that of the records") {
  CHECK(judge("{0} [a=1 a=~ b=~]^50 {5} z=1", "{0} [. a=~ b=~]^50 {5} z=1").ok());
  CHECK(judge("{0} [a=1 a=~ b=~]^50 {5} z=1", "{0} [. a=~ b=~]^51 {5} z=1")
            .only_is(DifferenceCode::batch_timestamps, 0));
  CHECK(judge("{0} [a=1 a=~ b=~]^50 {5} z=1", "{0} [. a=~ b=~] {5} z=1")
            .only_is(DifferenceCode::batch_timestamps, 0));
  LogModel cleaned = log_of("{0} [. b=1] {2} z=1");
  BatchModel& batch = cleaned.segments[0].batches[0];
  batch.header.max_timestamp += 7;
  ByteBuffer header;
  encode_record_batch_header(batch.header, header);
  std::copy(header.begin(), header.end(), batch.bytes.begin());
  seal_batch(batch.bytes, 0);
  CHECK(judge(log_of("{0} [b=0 b=1] {2} z=1"), cleaned).first_is(DifferenceCode::batch_timestamps, 0));
}

TEST_CASE("a tombstone may go together with everything older of its key") {
  CHECK(judge("{0} [a=1 a=~ b=1] {3} z=1", "{0} [. . b=1] {3} z=1").ok());
  CHECK(judge("{0} [a=1 a=~ b=1] {3} z=1", "{0} [. a=~ b=1] {3} z=1").ok());
  CHECK(judge("{0} [a=1 a=~ b=1] {3} z=1", "{0} [a=1 . b=1] {3} z=1")
            .only_is(DifferenceCode::deleted_value_back, 1));
  CHECK(judge("{0} [a=1 a=2 a=~ b=1] {4} z=1", "{0} [a=1 . . b=1] {4} z=1")
            .only_is(DifferenceCode::deleted_value_back, 2));
  CHECK(judge("{0} [a=~ a=1 b=1] {3} z=1", "{0} [. a=1 b=1] {3} z=1").ok());
}

TEST_CASE("from one round to the next a tombstone goes only if its horizon was there and has passed") {
  const AgainstOptions one_round{.one_round = true};
  const auto at = [](std::int64_t now_ms) { return AgainstOptions{.one_round = true, .now_ms = now_ms}; };
  CHECK(judge("{0} [a=~ b=1] {2} z=1", "{0} [. b=1] {2} z=1").ok());
  CHECK(judge("{0} [a=~ b=1] {2} z=1", "{0} [. b=1] {2} z=1", one_round)
            .only_is(DifferenceCode::tombstone_early, 0));
  CHECK(judge("{0} [a=~ b=1]^50 {2} z=1", "{0} [. b=1]^50 {2} z=1", one_round).ok());
  CHECK(judge("{0} [a=~ b=1]^50 {2} z=1", "{0} [. b=1]^50 {2} z=1", at(50)).ok());
  CHECK(judge("{0} [a=~ b=1]^50 {2} z=1", "{0} [. b=1]^50 {2} z=1", at(49))
            .only_is(DifferenceCode::tombstone_early, 0));
  CHECK(judge("{0} [a=~ a=1] {2} z=1", "{0} [. a=1] {2} z=1", one_round).ok());
}

TEST_CASE("the log must begin and end where it did") {
  CHECK(judge("{0} a=1 a=2 {2} z=1", "{0} 1:a=2 {2} z=1").ok());
  CHECK(judge("{0} a=1 {1} a=2 {2} z=1", "{1} a=2 {2} z=1").only_is(DifferenceCode::log_start, 0));
  CHECK(judge("{0} a=1 {1} a=2 {2} z=1 -=1", "{0} {1} a=2 {2} z=1").only_is(DifferenceCode::log_end, 4));
  CHECK(judge("{0} a=1 {1} a=2 {2}", "{0} {1} a=2 {2}").ok());
  CHECK(judge("{0} a=1 {1} a=2 {2}", "{0} {1} a=2").ok());
}

constexpr std::string_view kTransactions = "{0} a=0 T7[a=1 b=1] c=1 A7 T7s2[d=1] C7 !7,1,4,5 {7} z=1";

TEST_CASE("aborted data may go, with its index entry and its marker") {
  CHECK(judge(kTransactions, kTransactions).ok());
  CHECK(judge(kTransactions, "{0} a=0 3:c=1 A7 T7s2[d=1] C7 !7,1,4,5 {7} z=1").ok());
  CHECK(judge(kTransactions, "{0} a=0 3:c=1 A7 T7s2[d=1] C7 {7} z=1").ok());
  CHECK(judge(kTransactions, "{0} a=0 3:c=1 5:T7s2[d=1] C7 {7} z=1").ok());
  const Judgement judgement = judge(kTransactions, "{0} a=0 3:c=1 5:T7s2[d=1] C7 {7} z=1");
  CHECK(judgement.comparison.aborted_gone == 2);
}

TEST_CASE("an aborted record is never the last of its key") {
  CHECK(judge(kTransactions, "{0} 3:c=1 5:T7s2[d=1] C7 {7} z=1").only_is(DifferenceCode::last_value_gone, 0));
}

TEST_CASE("aborted data that is left, even an empty header, keeps entry and marker") {
  for (const char* left : {"T7[a=1 b=1]", "T7[. .]"}) {
    CAPTURE(left);
    const auto cleaned = [&](std::string_view rest) {
      return fmt::format("{{0}} a=0 {} {} {{7}} z=1", left, rest);
    };
    CHECK(judge(kTransactions, cleaned("c=1 A7 T7s2[d=1] C7 !7,1,4,5")).ok());
    CHECK(
        judge(kTransactions, cleaned("c=1 A7 T7s2[d=1] C7")).first_is(DifferenceCode::aborted_data_shown, 1));
    CHECK(judge(kTransactions, cleaned("c=1 5:T7s2[d=1] C7 !7,1,4,5"))
              .first_is(DifferenceCode::marker_gone, 4));
    CHECK(judge(kTransactions, cleaned("c=1 M7[.] T7s2[d=1] C7 !7,1,4,5"))
              .first_is(DifferenceCode::marker_gone, 4));
  }
}

TEST_CASE("committed data must not become hidden, and its marker stays as long as it does") {
  CHECK(judge(kTransactions, "{0} a=0 3:c=1 5:T7s2[d=1] C7 !7,5,6,7 {7} z=1")
            .first_is(DifferenceCode::committed_data_hidden, 5));
  CHECK(judge(kTransactions, "{0} a=0 3:c=1 5:T7s2[d=1] {7} z=1").only_is(DifferenceCode::marker_gone, 6));
  CHECK(judge("{0} T7[a=1] C7 a=2 {3} z=1", "{0} 2:a=2 {3} z=1").ok());
  CHECK(judge("{0} T7[a=1] C7 a=2 {3} z=1", "{0} 2:a=2 {3} z=1", {.one_round = true})
            .only_is(DifferenceCode::marker_early, 1));
  CHECK(judge("{0} K0 a=1 {2} z=1", "{0} 1:a=1 {2} z=1").only_is(DifferenceCode::control_record_gone, 0));
}

TEST_CASE("from an open transaction on everything stays") {
  constexpr std::string_view open = "{0} a=0 T7[b=1] a=1 -=x a=2 {5} z=1";
  CHECK(judge(open, open).ok());
  CHECK(judge(open, "{0} a=0 T7[b=1] 3:-=x a=2 {5} z=1").only_is(DifferenceCode::undecided_gone, 2));
  CHECK(judge(open, "{0} a=0 T7[b=1] a=1 4:a=2 {5} z=1").only_is(DifferenceCode::undecided_gone, 3));
  CHECK(judge(open, "{0} 1:T7[b=1] a=1 -=x a=2 {5} z=1").only_is(DifferenceCode::last_value_gone, 0));
}

TEST_CASE("differences are counted, and the first by offset are listed") {
  const Judgement judgement = judge("{0} a=1 b=1 c=1 d=1 e=1 {5} z=1", "{0} {5} z=1", {.listed = 2});
  CHECK(judgement.comparison.difference_count == 5);
  REQUIRE(judgement.comparison.differences.size() == 2);
  CHECK(judgement.comparison.differences[0].offset.value == 0);
  CHECK(judgement.comparison.differences[1].offset.value == 1);
}

TEST_CASE("each flipped bit of a cleaned log is a difference or a defect") {
  LogBuilder original = LogBuilder::from_notation(kOriginal);
  LogBuilder cleaned = LogBuilder::from_notation(kCleaned);
  const Path file = cleaned.file(SegmentFileKind::log, 0);
  const ByteBuffer bytes = read_whole_file(file);
  for (std::size_t i = 0; i < bytes.size() * 8; ++i) {
    ByteBuffer flipped = bytes;
    flipped[i / 8] ^= static_cast<std::uint8_t>(1U << (i % 8));
    write_whole_file(file, flipped);
    CAPTURE(i);
    CHECK_FALSE(compare_folders(cleaned.path(), original.path()).ok());
  }
}

TEST_CASE("many keys in many segments are told apart") {
  LogModel original = log_of("{0}");
  LogModel cleaned = log_of("{0}");
  LogBuilder before(original);
  LogBuilder after(cleaned);
  for (int batch = 0; batch < 400; ++batch) {
    std::string text;
    std::string left;
    for (int i = 0; i < 10; ++i) {
      const int key = (batch * 10 + i) % 3000;
      const bool last = batch >= 100;
      text += fmt::format("{}k{}={}", i == 0 ? "" : " ", key, batch);
      left += last ? fmt::format("{}k{}={}", i == 0 ? "" : " ", key, batch) : (i == 0 ? "." : " .");
    }
    before.append("[" + text + "]");
    if (batch >= 100) after.append(fmt::format("{}:[{}]", batch * 10, left));
  }
  const Judgement judgement = compare_folders(after.path(), before.path());
  CAPTURE(judgement.text());
  CHECK(judgement.ok());
  CHECK(judgement.comparison.keys == 3000);
  CHECK(judgement.comparison.left_records == 3000);
}

TEST_CASE("what Kafka's cleaner made of the broker's partitions has no differences") {
  int partitions = 0;
  for (const auto& entry : std::filesystem::directory_iterator(kBroker / "compaction/0-before")) {
    const std::string folder = entry.path().filename().string();
    if (!folder.starts_with("kv")) continue;
    ++partitions;
    const Judgement judgement =
        compare_folders(kBroker / "compaction/1-first-round" / folder, entry.path(), {.one_round = true});
    CAPTURE(folder);
    CAPTURE(judgement.text());
    CHECK(judgement.ok());
    CHECK(judgement.comparison.left_records < judgement.comparison.original_records);
    // Records were written between the rounds.
    const Judgement later =
        compare_folders(kBroker / "compaction/2-second-round" / folder, entry.path(), {.listed = 1'000'000});
    CHECK(std::any_of(later.comparison.differences.begin(), later.comparison.differences.end(),
                      [](const Difference& each) { return each.code == DifferenceCode::log_end; }));
  }
  CHECK(partitions == 9);
}

// Kafka's cleaner may be told to begin anywhere, and then leaves below that what has no later record:
// an older value stays where its tombstone goes. Only a log that was cleaned up to first_dirty before
// keeps the promise that is judged here.
bool cleaned_up_to(const LogModel& log, Offset first_dirty) {
  std::set<ByteBuffer> keys;
  for (const SegmentModel& segment : log.segments) {
    for (const BatchModel& batch : segment.batches) {
      if (batch.header.is_control()) continue;
      for (const RecordModel& record : batch.records) {
        if (record.offset < first_dirty && record.key && !keys.insert(*record.key).second) return false;
      }
    }
  }
  return true;
}

// The cleaner is never let above an open transaction.
Offset first_open(const LogModel& log) {
  Offset first = log.end_offset();
  for (const ProducerStateEntry& entry : replay_producers(log)) {
    if (entry.current_txn_first_offset.value >= 0) first = std::min(first, entry.current_txn_first_offset);
  }
  return first;
}

// Some cases are about what Kafka does to damage.
bool is_sound(const FolderFiles& files) {
  TemporaryFolder folder;
  write_folder(folder.path(), files);
  return verify_folder(folder.path()).defects.empty();
}

TEST_CASE("what Kafka's cleaner made of small logs has no differences") {
  int rounds = 0;
  for (const char* name : {"cases.jsonl", "random.jsonl", "rounds-4.4.jsonl"}) {
    for (const RecordedRound& round : recorded_rounds(name)) {
      if (round.error) continue;
      const auto log = from_files(round.before);
      if (!log || !is_sound(round.before)) continue;
      if (!cleaned_up_to(*log, round.parameters.first_dirty) ||
          round.parameters.first_uncleanable > first_open(*log))
        continue;
      TemporaryFolder folder;
      std::filesystem::create_directory(folder.path() / "t-0");
      std::filesystem::create_directory(folder.path() / "t-1");
      write_folder(folder.path() / "t-0", round.before);
      write_folder(folder.path() / "t-1", round.after);
      if (round.parameters.log_start > log->segments.front().base) {
        const auto root_entry = [&](std::int32_t partition) {
          return RootEntry{.partition = {"t", partition},
                           .end_offset = log->end_offset(),
                           .log_start = round.parameters.log_start};
        };
        write_root(folder.path(), {root_entry(0), root_entry(1)});
      }
      const Judgement judgement = compare_folders(folder.path() / "t-1", folder.path() / "t-0",
                                                  {.one_round = true, .now_ms = round.parameters.now_ms});
      CAPTURE(round.id);
      CAPTURE(round.notation_before);
      CAPTURE(judgement.text());
      CHECK(judgement.ok());
      ++rounds;
    }
  }
  MESSAGE(rounds, " rounds");
  CHECK(rounds > 400);
}

}  // namespace
}  // namespace kseg
