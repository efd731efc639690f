#include "tests/support/obvious_cleaner.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "tests/support/notation.h"
#include "tests/support/random_log.h"
#include "tests/support/recorded_rounds.h"

namespace kseg {
namespace {

// Rounds that come out otherwise here, and why. (Of the random rounds none does.)
const std::map<std::string, std::string_view> kDifferent = {
    // compaction.md 5.5: the broker builds its map from behind the ABORT marker of a transaction that it
    // goes on to take for open, so a committed record of that producer does not supersede an older one.
    {"B15/0", "the broker forgets"},
    // A damaged payload in an aborted batch: the broker drops it unread, the model cannot hold it.
    {"P9/0", "damage the broker does not see"},
};

std::string cleaned(std::string_view text, ObviousRound round) {
  const LogModel log = log_of(text);
  round.first_uncleanable =
      round.first_uncleanable == Offset{} ? log.segments.back().base : round.first_uncleanable;
  round.end_of_round = round.first_uncleanable;
  auto result = clean_obviously(log, round);
  if (!result) return describe(result.error());
  mark_rebuilt(log, result->after);
  return print_notation(result->after);
}

// All that a batch is, but for what the compressor makes of it.
void check_same_but_for_payload(const BatchModel& ours, const BatchModel& kafkas) {
  RecordBatchHeader header = ours.header;
  header.batch_length = kafkas.header.batch_length;
  header.crc = kafkas.header.crc;
  CHECK(header == kafkas.header);
  CHECK(ours.records == kafkas.records);
}

void check_same_folder(const LogModel& ours, const RecordedRound& round) {
  const auto kafkas = from_files(round.after);
  REQUIRE(kafkas);
  REQUIRE(ours.segments.size() == kafkas->segments.size());
  for (std::size_t s = 0; s < ours.segments.size(); ++s) {
    const SegmentModel& segment = ours.segments[s];
    const SegmentModel& expected = kafkas->segments[s];
    CAPTURE(segment.base.value);
    CHECK(segment.base == expected.base);
    CHECK(segment.aborted == expected.aborted);
    REQUIRE(segment.batches.size() == expected.batches.size());
    for (std::size_t b = 0; b < segment.batches.size(); ++b) {
      CAPTURE(b);
      check_same_but_for_payload(segment.batches[b], expected.batches[b]);
    }
  }
  if (round.recompressed) return;
  const FolderFiles files = to_files(ours, {.index_interval_bytes = round.parameters.index_interval_bytes});
  for (const auto& kafkas_file : round.after) {
    const std::string& name = kafkas_file.first;
    CAPTURE(name);
    if (name.ends_with(".log") || name.ends_with("index")) CHECK(files.at(name) == kafkas_file.second);
  }
}

Result<LogModel> model_before(const RecordedRound& round) {
  auto log = from_files(round.before);
  if (!log) return log;
  for (SegmentModel& segment : log->segments) {
    const auto mtime = round.mtimes_before.find(fmt::format("{:020}.log", segment.base.value));
    if (mtime != round.mtimes_before.end()) segment.mtime_ms = mtime->second;
  }
  return log;
}

bool comes_out_alike(const Result<LogModel>& log, const RecordedRound& round) {
  const auto result = log ? clean_obviously(*log, round.parameters) : log.error();
  const auto kafkas = from_files(round.after);
  return result && kafkas && print_notation(result->after) == print_notation(*kafkas);
}

void check_mtimes(const ObviousResult& result, const RecordedRound& round) {
  for (const OutputGroup& group : result.groups) {
    const std::string name = fmt::format("{:020}.log", group.segment.base.value);
    CHECK(group.segment.mtime_ms == round.mtimes_after.at(name));
  }
}

void check_against_kafka(const std::string& file, std::size_t at_least) {
  std::size_t compared = 0;
  for (const RecordedRound& round : recorded_rounds(file)) {
    CAPTURE(round.id);
    if (round.map_limited) continue;
    ++compared;
    const auto log = model_before(round);
    if (round.error) {
      // Damage that the formats already refuse, or a batch that cannot be rebuilt.
      CHECK((!log || !clean_obviously(*log, round.parameters)));
      continue;
    }
    if (kDifferent.contains(round.id)) {
      CHECK(!comes_out_alike(log, round));
      continue;
    }
    REQUIRE(log);
    const auto result = clean_obviously(*log, round.parameters);
    REQUIRE(result);
    if (round.end) {
      CHECK(result->end == *round.end);
    } else {
      CHECK(result->groups.empty());
    }
    if (round.keyless_records) CHECK(result->keyless_records == *round.keyless_records);
    check_same_folder(result->after, round);
    check_mtimes(*result, round);
  }
  CHECK(compared >= at_least);
}

// Key → the last committed value, the tombstones left out: what a reader of committed records ends up
// with. Written for the test alone: it goes by the markers and does not look at the transaction index.
std::map<ByteBuffer, ByteBuffer> committed_view(const LogModel& log) {
  std::map<ByteBuffer, ByteBuffer> view;
  std::set<std::pair<std::int64_t, Offset>> aborted;  // producer and offset of its data batches
  std::map<std::int64_t, std::vector<Offset>> open;
  for (const SegmentModel& segment : log.segments) {
    for (const BatchModel& batch : segment.batches) {
      const RecordBatchHeader& header = batch.header;
      if (header.is_transactional() && !header.is_control())
        open[header.producer_id].push_back(header.base_offset);
      const auto type = control_type(batch);
      if (type != ControlType::abort && type != ControlType::commit) continue;
      for (const Offset offset : std::exchange(open[header.producer_id], {})) {
        if (type == ControlType::abort) aborted.emplace(header.producer_id, offset);
      }
    }
  }
  for (const SegmentModel& segment : log.segments) {
    for (const BatchModel& batch : segment.batches) {
      if (batch.header.is_control() || aborted.contains({batch.header.producer_id, batch.header.base_offset}))
        continue;
      for (const RecordModel& record : batch.records) {
        if (!record.key) continue;
        if (record.value) {
          view[*record.key] = *record.value;
        } else {
          view.erase(*record.key);
        }
      }
    }
  }
  return view;
}

std::map<Offset, RecordModel> records_of(const LogModel& log) {
  std::map<Offset, RecordModel> records;
  for (const SegmentModel& segment : log.segments) {
    for (const BatchModel& batch : segment.batches) {
      for (const RecordModel& record : batch.records) records.emplace(record.offset, record);
    }
  }
  return records;
}

bool offsets_ascend(const LogModel& log) {
  Offset next{0};
  for (const SegmentModel& segment : log.segments) {
    if (segment.base < next) return false;
    next = segment.base;
    for (const BatchModel& batch : segment.batches) {
      if (batch.header.base_offset < next) return false;
      next = batch.header.next_offset();
    }
  }
  return true;
}

}  // namespace

TEST_CASE("the obvious cleaner leaves what Kafka's cleaner leaves of the cases") {
  check_against_kafka("cases.jsonl", 200);
}

TEST_CASE("the obvious cleaner leaves what Kafka's cleaner leaves of random logs") {
  check_against_kafka("random.jsonl", 300);
}

TEST_CASE("the obvious cleaner leaves what Kafka 3.9 leaves") {
  check_against_kafka("random-3.9.jsonl", 15);
}

TEST_CASE("the obvious cleaner leaves what Kafka 4.4 leaves") {
  check_against_kafka("rounds-4.4.jsonl", 15);
}

TEST_CASE("a transaction that ended before first dirty is known to have ended") {
  // Kafka keeps k=4 here (case B15): it goes on taking producer 7 for aborted.
  CHECK(cleaned("{0} x=0 T7[a=1] A7 !7,1,2,3 y=3 k=4 T7[k=5] C7 z=7 {8}",
                {.now_ms = 100, .first_dirty = {4}, .index_interval_bytes = 0}) ==
        "{0} x=0 2:A7 y=3 5:T7[k=5] C7 z=7 !7,1,2,3 {8}");
}

TEST_CASE("a batch that cannot be rebuilt is a defect, and one that is kept whole is not") {
  LogModel log = log_of("{0} P7[a=1 b=2] a=3 {3}");
  log.segments[0].batches[0].header.producer_epoch = kNoProducerEpoch;
  const ObviousRound round{.now_ms = 100, .first_uncleanable = {3}};
  const auto refused = clean_obviously(log, round);
  REQUIRE(!refused);
  CHECK(refused.error().code == DefectCode::bad_producer);

  log.segments[0].batches.pop_back();
  CHECK(clean_obviously(log, round));
}

TEST_CASE("cleaning a random log changes no record and no order, and nothing that a reader ends up with") {
  int cleaned = 0;
  for (std::uint64_t seed = 0; seed < 10'000; ++seed) {
    CAPTURE(seed);
    RandomRound random = random_round(seed);
    random.round.first_dirty = random.log.segments.front().base;
    random.round.log_start = random.round.first_dirty;
    const auto result = clean_obviously(random.log, random.round);
    if (!result) {
      // One below -1; a message of format 0 or 1 that would have to be kept empty.
      REQUIRE((result.error().code == DefectCode::bad_timestamp ||
               result.error().code == DefectCode::legacy_message_emptied));
      continue;
    }
    ++cleaned;
    REQUIRE(offsets_ascend(random.log));
    REQUIRE(offsets_ascend(result->after));
    REQUIRE(committed_view(result->after) == committed_view(random.log));
    const auto before = records_of(random.log);
    for (const auto& [offset, record] : records_of(result->after)) REQUIRE(record == before.at(offset));
  }
  CHECK(cleaned > 9'000);
}

TEST_CASE("begun at the index entry, a transaction that ended before is taken for open, as Kafka does") {
  const LogModel log = log_of("{0} x=0 T7[a=1] A7 !7,1,2,3 y=3 k=4 T7[k=5] C7 z=7 {8}");  // case B15
  ObviousRound round{.now_ms = 100,
                     .first_dirty = {4},
                     .first_uncleanable = {8},
                     .index_interval_bytes = 0,
                     .end_of_round = Offset{8}};
  const auto notation_after = [&] {
    LogModel after = clean_obviously(log, round)->after;
    return print_notation(after);
  };
  CHECK(notation_after() == "{0} x=0 2:A7 y=3 5:T7[k=5] C7 z=7 !7,1,2,3 {8}");
  round.starts_at_index_entry = true;
  CHECK(notation_after() == "{0} x=0 2:A7 y=3 k=4 T7[k=5] C7 z=7 !7,1,2,3 {8}");
}

}  // namespace kseg
