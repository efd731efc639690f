#include "lib/record_selection.h"

#include <doctest/doctest.h>

#include "tests/support/log_model.h"
#include "tests/support/notation.h"
#include "tests/support/random_log.h"

namespace kseg {
namespace {

RecordBatchHeader header_of(std::string_view batch) {
  return log_of("{0} " + std::string(batch)).segments[0].batches[0].header;
}

std::vector<std::int64_t> matching(std::string_view notation, const RecordSelection& selection) {
  std::vector<std::int64_t> offsets;
  for (const SegmentModel& segment : log_of(notation).segments) {
    for (const BatchModel& batch : segment.batches) {
      if (!selection.may_match(batch.header)) continue;
      for (const RecordModel& record : batch.records) {
        RecordView view{.offset = record.offset, .timestamp_ms = record.timestamp_ms};
        if (record.key) view.key = *record.key;
        if (selection.matches(view)) offsets.push_back(record.offset.value);
      }
    }
  }
  return offsets;
}

using Offsets = std::vector<std::int64_t>;

TEST_CASE("all that is given must hold, and nothing given takes everything") {
  const std::string_view log = "{0} [a=1 b=2] P7[a=3] T7[b=4] C7 -=5";
  CHECK(matching(log, {}) == Offsets{0, 1, 2, 3, 4, 5});
  CHECK(matching(log, {.offsets = {{1}, {3}}}) == Offsets{1, 2});
  CHECK(matching(log, {.producer_id = 7}) == Offsets{2, 3, 4});
  CHECK(matching(log, {.control_only = true}) == Offsets{4});
  CHECK(matching(log, {.offsets = {{0}, {4}}, .producer_id = 7}) == Offsets{2, 3});

  KeySelection keys;
  keys.add_key(as_bytes("a"));
  CHECK(matching(log, {.keys = keys}) == Offsets{0, 2});
  CHECK(matching(log, {.keys = keys, .producer_id = 7}) == Offsets{2});
  CHECK(matching(log, {.keys = KeySelection{}}).empty());
}

TEST_CASE("keys are bytes, a prefix may be empty, and a null key has none") {
  const std::string_view log = "{0} [ab=1 a=2 ''=3 -=4 %00%ff=5]";
  KeySelection exact;
  exact.add_key(as_bytes("a"));
  exact.add_key(as_bytes(""));
  exact.add_key(as_bytes(std::string_view("\x00\xff", 2)));
  CHECK(matching(log, {.keys = exact}) == Offsets{1, 2, 4});

  KeySelection prefix;
  prefix.add_prefix(as_bytes("a"));
  CHECK(matching(log, {.keys = prefix}) == Offsets{0, 1});
  prefix.add_prefix(as_bytes(""));
  CHECK(matching(log, {.keys = prefix}) == Offsets{0, 1, 2, 4});
}

TEST_CASE("the key of a control record is no key") {
  KeySelection any;
  any.add_prefix(as_bytes(""));
  CHECK(matching("{0} T7[a=1] C7", {.keys = any}) == Offsets{0});
}

TEST_CASE("times are half-open and need not ascend in a batch") {
  const std::string_view log = "{0} [a=1@50 b=2@20 c=3@80] d=4@10";
  CHECK(matching(log, {.times = TimeRange{20, 80}}) == Offsets{0, 1});
  CHECK(matching(log, {.times = TimeRange{.begin_ms = 50}}) == Offsets{0, 2});
  CHECK(matching(log, {.times = TimeRange{.end_ms = 21}}) == Offsets{1, 3});
}

TEST_CASE("a header rules out what is too early, too late only if all its records have one time") {
  const RecordSelection early{.times = TimeRange{.end_ms = 20}};
  CHECK(early.may_match(header_of("[a=1@50 b=2@10]")));
  CHECK(early.may_match(header_of("[a=~@10]^900")));  // the base timestamp is the horizon
  CHECK_FALSE(early.may_match(header_of("[a=1@50 b=2@50]&")));
  const RecordSelection late{.times = TimeRange{.begin_ms = 60}};
  CHECK_FALSE(late.may_match(header_of("[a=1@50 b=2@10]")));
  CHECK_FALSE(late.may_match(header_of("[a=~@10]^900")));
  CHECK(late.may_match(header_of("[a=1@50 b=2@60]")));
}

TEST_CASE("a batch that is ruled out holds no record that is wanted") {
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    CAPTURE(seed);
    const LogModel log = random_round(seed).log;
    for (std::int64_t begin = -5; begin < 30'000; begin += 997) {
      const RecordSelection selection{.times = TimeRange{begin, begin + 1500}};
      for (const SegmentModel& segment : log.segments) {
        for (const BatchModel& batch : segment.batches) {
          if (selection.may_match(batch.header)) continue;
          for (const RecordModel& record : batch.records)
            REQUIRE_FALSE(selection.times->contains(record.timestamp_ms));
        }
      }
    }
  }
}

}  // namespace
}  // namespace kseg
