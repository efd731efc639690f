// The state that newest-first reading finds, beside one that a map makes.
#include "lib/latest_state.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <random>

#include "lib/compaction.h"
#include "tests/support/collected_report.h"
#include "tests/support/log_builder.h"
#include "tests/support/notation.h"
#include "tests/support/random_log.h"

namespace kseg {
namespace {

using Request = ReadableLog::Request;

ByteBuffer owned(Bytes bytes) {
  return {bytes.begin(), bytes.end()};
}

struct FoundState {
  std::vector<RecordModel> records;  // without headers
  StateCounts counts;
  OffsetRange range;
  CollectedReport report;

  // "a=1 b=~", with offsets: "1:a=1 3:b=~".
  std::string text() const {
    std::string text;
    for (const RecordModel& each : records) {
      text += fmt::format("{}{}:{}={}", text.empty() ? "" : " ", each.offset, as_text(*each.key),
                          each.value ? as_text(*each.value) : "~");
    }
    return text;
  }
};

FoundState read_state(const Path& target, const Request& request = {}, bool tombstones = false) {
  FoundState found;
  const ReadableLog log = ReadableLog::open(posix_file_system(), target, request, found.report);
  found.range = log.range();
  LatestState state = LatestState::of(posix_file_system(), log, {.tombstones = tombstones}, found.report);
  found.counts = state.counts();
  RecordStream records = state.records(found.report);
  while (records.next_batch()) {
    for (RecordView record; records.next(record);) {
      RecordModel& added = found.records.emplace_back();
      added.offset = record.offset;
      added.timestamp_ms = record.timestamp_ms;
      added.key = owned(*record.key);
      if (record.value) added.value = owned(*record.value);
    }
  }
  return found;
}

std::string state_of(std::string_view notation, const Request& request = {}, bool tombstones = false) {
  LogBuilder log = LogBuilder::from_notation(notation);
  const FoundState found = read_state(log.path(), request, tombstones);
  CHECK(found.report.text() == "");
  return found.text();
}

TEST_CASE("the state is the last value of each key, in the order of offsets") {
  CHECK(state_of("{0} [a=1 b=1] a=2 {3} [c=1 c=2] {5} d=1") == "1:b=1 2:a=2 4:c=2 5:d=1");
  CHECK(state_of("{0} [a=1 b=1] a=~ -=x ''=''", {}) == "1:b=1 4:=");
  CHECK(state_of("{0} [a=1 b=1] a=~ -=x", {}, /*tombstones=*/true) == "1:b=1 2:a=~");
  CHECK(state_of("{0}") == "");
  CHECK(state_of("{100} {200}") == "");
  CHECK(state_of("{0} zs[a=1 b=1] zl[a=2 c=1] {4} zz[c=~ a=3]") == "1:b=1 5:a=3");
}

TEST_CASE("read committed, aborted records are not there, nor anything from an open transaction on") {
  constexpr std::string_view log = "{0} a=0 T7[a=1 b=1] A7 T8[a=2] C8 T9[c=1] d=1 !7,1,3,3 {9} e=1";
  CHECK(state_of(log) == "4:a=2");
  CHECK(state_of(log, {.isolation = Isolation::read_uncommitted}) == "2:b=1 4:a=2 6:c=1 7:d=1 9:e=1");
  LogBuilder builder = LogBuilder::from_notation(log);
  CHECK(read_state(builder.path()).range.end == Offset{6});
}

TEST_CASE("a marker without its index entry is told, for the aborted data would be shown") {
  LogBuilder log = LogBuilder::from_notation("{0} a=0 T7[a=1] A7 b=1");
  const FoundState committed = read_state(log.path());
  REQUIRE(committed.report.defects.size() == 1);
  CHECK(committed.report.defects[0].defect.code == DefectCode::transaction_mismatch);
  CHECK(read_state(log.path(), {.isolation = Isolation::read_uncommitted}).report.defects.empty());
}

TEST_CASE("as it was at an offset, transactions that were open then are open") {
  constexpr std::string_view log = "{0} a=0 T7[b=1] a=1 C7 [a=2 a=3] {6} a=4";
  const auto at = [&](std::int64_t offset) { return state_of(log, {.at_offset = Offset{offset}}); };
  CHECK(at(0) == "");
  CHECK(at(1) == "0:a=0");
  CHECK(at(3) == "0:a=0");
  CHECK(at(4) == "1:b=1 2:a=1");
  CHECK(at(5) == "1:b=1 4:a=2");
  CHECK(at(6) == "1:b=1 5:a=3");
  CHECK(at(1000) == "1:b=1 6:a=4");
}

TEST_CASE("as it was at a time: before the first record with a later one") {
  constexpr std::string_view log = "{0} a=0@10 [b=1@20 b=2@40 b=3@30] {4} a=1@15 a=2@50";
  const auto at = [&](std::int64_t time_ms) { return state_of(log, {.at_time_ms = time_ms}); };
  CHECK(at(9) == "");
  CHECK(at(10) == "0:a=0");
  CHECK(at(35) == "0:a=0 1:b=1");
  CHECK(at(40) == "3:b=3 4:a=1");
  CHECK(at(50) == "3:b=3 5:a=2");
}

TEST_CASE("what lies below the log start is not there") {
  LogBuilder log = LogBuilder::from_notation("{0} [a=1 b=1 c=1] {3} c=2");
  log.in_log_dir("t", 0, {.log_start = Offset{1}});
  CHECK(read_state(log.path()).text() == "1:b=1 3:c=2");
}

TEST_CASE("a segment's file is read as if it was the whole log") {
  LogBuilder log = LogBuilder::from_notation("{0} a=1 b=1 T7[b=2] {3} A7 b=3 c=1 !7,2,3,3");
  CHECK(read_state(log.file(SegmentFileKind::log, 0)).text() == "0:a=1 1:b=1");
  CHECK(read_state(log.file(SegmentFileKind::log, 3)).text() == "4:b=3 5:c=1");
}

TEST_CASE("a damaged batch is told, and what it superseded is shown") {
  LogBuilder log;
  log.segment(100).batch({{"k1", "v1"}, {"k2", "v2"}}).batch({{"k1", "v3"}}).batch({{"k4", "v4"}});
  CHECK(read_state(log.path()).text() == "101:k2=v2 102:k1=v3 103:k4=v4");
  log.flip_byte(/*batch=*/1, /*offset_in_batch=*/70);
  const FoundState found = read_state(log.path());
  CHECK(found.text() == "100:k1=v1 101:k2=v2 103:k4=v4");
  REQUIRE(found.report.defects.size() == 1);
  CHECK(found.report.defects[0].defect.code == DefectCode::crc_mismatch);
  CHECK(found.report.defects[0].defect.position == log.position_of(1));
}

TEST_CASE("what a broker removes while the log is read, is read all the same") {
  LogBuilder log = LogBuilder::from_notation("{0} [a=1 b=1] {2} a=2 {3} c=1");
  CollectedReport report;
  const ReadableLog readable = ReadableLog::open(posix_file_system(), log.path(), {}, report);
  std::filesystem::remove(log.file(SegmentFileKind::log, 0));
  LatestState state = LatestState::of(posix_file_system(), readable, {}, report);
  std::filesystem::remove(log.file(SegmentFileKind::log, 2));
  RecordStream records = state.records(report);
  std::vector<std::int64_t> offsets;
  while (records.next_batch()) {
    for (RecordView record; records.next(record);) offsets.push_back(record.offset.value);
  }
  CHECK(offsets == std::vector<std::int64_t>{1, 2, 3});
  CHECK(report.text() == "");
}

TEST_CASE("a batch out of order is told") {
  LogModel model = log_of("{0} a=1 a=2 a=3");
  std::swap(model.segments[0].batches[0], model.segments[0].batches[1]);
  LogBuilder log(model);
  const FoundState found = read_state(log.path());
  REQUIRE(found.report.defects.size() == 1);
  CHECK(found.report.defects[0].defect.code == DefectCode::offset_order);
}

// --- The same from a map, batch by batch and with no cleverness.

// Whether the transaction that `batch` belongs to had a marker below `limit`.
bool is_decided(const LogModel& log, const BatchModel& batch, Offset limit) {
  for (const SegmentModel& segment : log.segments) {
    for (const BatchModel& marker : segment.batches) {
      if (!marker.header.is_control() || marker.header.producer_id != batch.header.producer_id) continue;
      if (marker.header.base_offset <= batch.header.base_offset || marker.header.base_offset >= limit)
        continue;
      const auto type = control_type(marker);
      if (type == ControlType::abort || type == ControlType::commit) return true;
    }
  }
  return false;
}

bool is_aborted(const LogModel& log, const BatchModel& batch) {
  for (const SegmentModel& segment : log.segments) {
    for (const AbortedTxn& txn : segment.aborted) {
      if (txn.producer_id == batch.header.producer_id && batch.header.is_transactional() &&
          txn.first_offset <= batch.header.last_offset() && batch.header.base_offset < txn.last_offset)
        return true;
    }
  }
  return false;
}

std::vector<RecordModel> obvious_state(const LogModel& log, Isolation isolation, Offset limit,
                                       bool tombstones) {
  const bool committed = isolation == Isolation::read_committed;
  std::map<ByteBuffer, RecordModel> last;
  bool open = false;
  for (const SegmentModel& segment : log.segments) {
    for (const BatchModel& batch : segment.batches) {
      if (batch.header.is_control() || batch.header.base_offset >= limit) continue;
      open = open || (committed && batch.header.is_transactional() && !is_decided(log, batch, limit));
      if (open || (committed && is_aborted(log, batch))) continue;
      for (const RecordModel& record : batch.records) {
        if (record.key && record.offset < limit) last[*record.key] = record;
      }
    }
  }
  std::vector<RecordModel> state;
  for (auto& [key, record] : last) {
    record.headers.clear();
    if (record.value || tombstones) state.push_back(record);
  }
  std::sort(state.begin(), state.end(),
            [](const RecordModel& a, const RecordModel& b) { return a.offset < b.offset; });
  return state;
}

// Where the log ended at that time.
Offset obvious_limit(const LogModel& log, std::int64_t time_ms) {
  for (const SegmentModel& segment : log.segments) {
    for (const BatchModel& batch : segment.batches) {
      for (const RecordModel& record : batch.records) {
        if (record.timestamp_ms > time_ms) return record.offset;
      }
    }
  }
  return {std::numeric_limits<std::int64_t>::max()};
}

TEST_CASE("on a thousand random logs the state is that of a map, at any offset and time") {
  std::uint64_t records = 0;
  for (std::uint64_t seed = 0; seed < 1'000; ++seed) {
    CAPTURE(seed);
    std::mt19937_64 dice(seed);
    const RandomRound random = random_round(seed);
    LogBuilder log(random.log);
    CAPTURE(print_notation(random.log));
    const Offset begin = random.log.segments.front().base;
    const Offset end = random.log.end_offset();
    const Offset at = begin + static_cast<std::int64_t>(dice() % static_cast<std::uint64_t>(end - begin + 2));
    const auto time_ms = static_cast<std::int64_t>(dice() % 11'000);
    for (const Isolation isolation : {Isolation::read_committed, Isolation::read_uncommitted}) {
      const bool tombstones = dice() % 2 == 0;
      const FoundState now = read_state(log.path(), {.isolation = isolation}, tombstones);
      REQUIRE(now.report.text() == "");
      REQUIRE(now.records == obvious_state(random.log, isolation, end, tombstones));
      REQUIRE(now.counts.keys == obvious_state(random.log, isolation, end, false).size());
      const FoundState then = read_state(log.path(), {.isolation = isolation, .at_offset = at}, tombstones);
      CAPTURE(at);
      REQUIRE(then.records == obvious_state(random.log, isolation, at, tombstones));
      const FoundState by_time =
          read_state(log.path(), {.isolation = isolation, .at_time_ms = time_ms}, tombstones);
      CAPTURE(time_ms);
      REQUIRE(by_time.records ==
              obvious_state(random.log, isolation, obvious_limit(random.log, time_ms), tombstones));
      records += now.records.size() + then.records.size() + by_time.records.size();
    }
  }
  CHECK(records > 10'000);
}

TEST_CASE("compaction leaves the state as it was") {
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    CAPTURE(seed);
    const RandomRound random = random_round(seed);
    LogBuilder log(random.log);
    const Path partition = log.path();
    const Path cleaned = partition.parent_path() / "cleaned-0";
    const auto outcome = compact(posix_file_system(), {.partition = partition,
                                                       .output = cleaned,
                                                       .first_uncleanable = random.round.first_uncleanable,
                                                       .now_ms = random.round.now_ms});
    if (std::get_if<CompactionReport>(&outcome) == nullptr) continue;
    CAPTURE(print_notation(random.log));
    REQUIRE(read_state(cleaned).text() == read_state(partition).text());
  }
}

}  // namespace
}  // namespace kseg
