#include "lib/retention_policy.h"

#include <doctest/doctest.h>

namespace kseg {
namespace {

constexpr std::int64_t kNow = 1000;

RetentionPolicy policy(bool keep_tombstones = false, bool keep_markers = false) {
  return RetentionPolicy({.now_ms = kNow,
                          .delete_retention_ms = 100,
                          .keep_tombstones = keep_tombstones,
                          .keep_markers = keep_markers});
}

// The matrix of compaction.md §9.4, a row each.
TEST_CASE("a record of a data batch stays or goes by its key, its successors and its horizon") {
  struct Row {
    const char* what;
    RecordFacts record;
    std::optional<std::int64_t> horizon_ms;
    RecordFate fate;
  };
  using enum RecordFate;
  const Row rows[] = {
      {"the last value", {.has_key = true}, {}, keep},
      {"the last value in a batch with a past horizon", {.has_key = true}, kNow - 1, keep},
      {"a superseded value", {.has_key = true, .superseded = true}, {}, drop_superseded},
      {"no key", {.has_key = false}, {}, drop_keyless},
      {"a tombstone without key", {.has_key = false, .tombstone = true}, {}, drop_keyless},
      {"a fresh tombstone", {.has_key = true, .tombstone = true}, {}, keep},
      {"a tombstone before its horizon", {.has_key = true, .tombstone = true}, kNow + 1, keep},
      {"a tombstone at its horizon", {.has_key = true, .tombstone = true}, kNow, drop_tombstone},
      {"a tombstone behind its horizon", {.has_key = true, .tombstone = true}, kNow - 1, drop_tombstone},
      {"a superseded tombstone",
       {.has_key = true, .superseded = true, .tombstone = true},
       kNow + 1,
       drop_superseded},
  };
  for (const Row& row : rows) {
    CAPTURE(row.what);
    CHECK((policy().decide({.delete_horizon_ms = row.horizon_ms}, row.record) == row.fate));
  }
}

TEST_CASE("a due tombstone stays if tombstones are to be kept, a superseded one does not") {
  const BatchFacts due{.delete_horizon_ms = kNow};
  CHECK((policy(true).decide(due, {.has_key = true, .tombstone = true}) == RecordFate::keep));
  CHECK((policy(true).decide(due, {.has_key = true, .superseded = true, .tombstone = true}) ==
         RecordFate::drop_superseded));
}

TEST_CASE("aborted data goes as a whole, a marker only when it is due") {
  CHECK(policy().drops_all_records({.discardable = true}));
  CHECK_FALSE(policy().drops_all_records({.discardable = false}));
  CHECK_FALSE(policy().drops_all_records({.is_control = true, .discardable = true}));
  CHECK_FALSE(
      policy().drops_all_records({.is_control = true, .discardable = true, .delete_horizon_ms = kNow + 1}));
  CHECK(policy().drops_all_records({.is_control = true, .discardable = true, .delete_horizon_ms = kNow}));
  CHECK_FALSE(
      policy().drops_all_records({.is_control = true, .discardable = false, .delete_horizon_ms = kNow}));
}

TEST_CASE("a due marker stays if markers are to be kept, aborted data does not") {
  CHECK_FALSE(policy(false, true)
                  .drops_all_records({.is_control = true, .discardable = true, .delete_horizon_ms = kNow}));
  CHECK(policy(false, true).drops_all_records({.discardable = true}));
}

TEST_CASE("a horizon is set once, for a tombstone that stays and for a marker without data") {
  CHECK(policy().needs_horizon({}, true));
  CHECK_FALSE(policy().needs_horizon({}, false));
  CHECK_FALSE(policy().needs_horizon({.delete_horizon_ms = kNow + 1}, true));
  CHECK(policy().needs_horizon({.is_control = true, .discardable = true}, false));
  CHECK_FALSE(policy().needs_horizon({.is_control = true, .discardable = false}, false));
  CHECK_FALSE(policy().needs_horizon({.is_control = true, .discardable = true, .delete_horizon_ms = kNow + 1},
                                     false));
  CHECK(policy().new_horizon_ms() == kNow + 100);
}

TEST_CASE("a retention so long that the sum overflows is no horizon, as in Java") {
  const RetentionPolicy forever({.now_ms = 1, .delete_retention_ms = INT64_MAX});
  CHECK(forever.new_horizon_ms() < 0);
}

TEST_CASE("a header stays for a producer and for the end of the round") {
  CHECK(BatchFacts{.last_of_producer = true}.keeps_header());
  CHECK(BatchFacts{.ends_round = true}.keeps_header());
  CHECK_FALSE(BatchFacts{}.keeps_header());
}

}  // namespace
}  // namespace kseg
