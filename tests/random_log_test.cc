#include "tests/support/random_log.h"

#include <doctest/doctest.h>

#include "tests/support/notation.h"

namespace kseg {

TEST_CASE("the same seed gives the same log, another seed another") {
  CHECK(to_files(random_round(7).log) == to_files(random_round(7).log));
  CHECK(to_files(random_round(7).log) != to_files(random_round(8).log));
}

TEST_CASE("a random log is what its files and its notation say") {
  for (std::uint64_t seed = 0; seed < 500; ++seed) {
    CAPTURE(seed);
    const LogModel log = random_round(seed).log;
    const std::string text = print_notation(log);
    const auto from_disk = from_files(to_files(log));
    REQUIRE(from_disk);
    REQUIRE(print_notation(*from_disk) == text);
    REQUIRE(print_notation(log_of(text)) == text);
  }
}

TEST_CASE("a random log goes on where a round has left it") {
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    CAPTURE(seed);
    RandomLog log(seed);
    for (int i = 0; i < 3; ++i) {
      const RandomRound random = log.round();
      const auto result = clean_obviously(random.log, random.round);
      if (!result) break;
      log.go_on(result->after, result->end);
      const RandomRound next = log.round();
      REQUIRE(next.log.end_offset() >= random.log.end_offset());
      REQUIRE(next.log.segments.size() >= result->after.segments.size());
    }
  }
}

TEST_CASE("random logs hold everything a log can hold") {
  std::set<Codec> codecs;
  std::map<std::string_view, int> found;
  const auto note = [&](std::string_view what, bool is_there) { found[what] += is_there ? 1 : 0; };
  for (std::uint64_t seed = 0; seed < 500; ++seed) {
    const RandomRound random = random_round(seed);
    const ObviousRound& round = random.round;
    note("expired producers", !random.folder.expired_producers.empty());
    note("first dirty inside a segment", round.first_dirty > random.log.segments.front().base);
    note("nothing to clean", round.first_uncleanable <= round.first_dirty);
    note("log start inside a segment", round.log_start > random.log.segments.front().base);
    Offset next = random.log.segments.front().base;
    for (const SegmentModel& segment : random.log.segments) {
      note("empty segments", segment.batches.empty());
      note("aborted transactions", !segment.aborted.empty());
      for (const BatchModel& batch : segment.batches) {
        const RecordBatchHeader& header = batch.header;
        const bool data = !header.is_control();
        codecs.insert(header.codec());
        note("gaps between batches", header.base_offset > next);
        next = header.next_offset();
        note("idempotent producers", header.has_producer() && !header.is_transactional());
        note("transactions", data && header.is_transactional());
        note("big batches", batch.records.size() > 100);
        note("epochs", header.producer_epoch > 0);
        note("leader epochs", header.partition_leader_epoch > 0);
        note("horizons", data && header.delete_horizon_ms());
        note("horizons of markers", !data && header.delete_horizon_ms());
        note("append time", header.timestamp_type() == TimestampType::log_append_time);
        note("markers", control_type(batch) == ControlType::commit);
        note("other control batches", control_type(batch) == ControlType::leader_change);
        note("empty control batches", !data && batch.records.empty());
        note("empty batches of producers", data && header.has_producer() && batch.records.empty());
        note("empty batches without", data && !header.has_producer() && batch.records.empty());
        note("holes in batches",
             data && !batch.records.empty() &&
                 batch.records.size() < static_cast<std::size_t>(header.last_offset_delta) + 1);
        for (const RecordModel& record : batch.records) {
          note("no keys", data && !record.key);
          note("empty keys", record.key && record.key->empty());
          note("tombstones", !record.value);
          note("empty values", record.value && record.value->empty());
          note("headers", !record.headers.empty());
          note("no timestamps", record.timestamp_ms == kNoTimestamp);
          note("negative timestamps", record.timestamp_ms < kNoTimestamp);
        }
      }
    }
  }
  CHECK(codecs.size() == 5);
  for (const auto& what : found) {
    CAPTURE(what.first);
    CHECK(what.second > 0);
  }
}

}  // namespace kseg
