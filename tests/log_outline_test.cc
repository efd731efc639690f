#include "lib/log_outline.h"

#include <doctest/doctest.h>

#include "lib/log_scan.h"
#include "tests/support/log_builder.h"
#include "tests/support/random_log.h"
#include "tests/support/temporary_folder.h"

namespace kseg {
namespace {

LogOutline outline_of(const Path& folder, LogOutline::Inputs inputs = {}) {
  return LogOutline::of(posix_file_system(), PartitionLog::open(posix_file_system(), folder), inputs);
}

TEST_CASE("an outline tells the log end, the log start and the oldest open transaction") {
  LogBuilder log = LogBuilder::from_notation("{0} a=1 T7[b=2] C7 {3} T8[c=3] T7[d=4] {5} e=5");
  const LogOutline outline = outline_of(log.path());
  CHECK(outline.log_start == Offset{0});
  CHECK(outline.log_end == Offset{6});
  REQUIRE(outline.open_transactions.size() == 2);
  CHECK(outline.open_transactions[0].producer_id == 8);
  CHECK(outline.first_unstable() == Offset{3});
  CHECK(outline.defects.empty());
}

TEST_CASE("an outline takes a log start from the checkpoint if it is above the first segment") {
  LogBuilder log = LogBuilder::from_notation("{5} a=1 b=2 {7} c=3");
  CHECK(outline_of(log.path()).log_start == Offset{5});
  CHECK(outline_of(log.path(), {.log_start = Offset{6}}).log_start == Offset{6});
  CHECK(outline_of(log.path(), {.log_start = Offset{3}}).log_start == Offset{5});
}

TEST_CASE("of a torn log the outline tells the tear, and the end before it") {
  LogBuilder log = LogBuilder::from_notation("{0} a=1 b=2");
  const Path active = PartitionLog::open(posix_file_system(), log.path()).active().log;
  ByteBuffer bytes = read_whole_file(active);
  bytes.resize(bytes.size() - 1);
  write_whole_file(active, bytes);
  const LogOutline outline = outline_of(log.path());
  CHECK(outline.log_end == Offset{1});
  REQUIRE(outline.defects.size() == 1);
  CHECK(outline.defects[0].defect.code == DefectCode::torn_tail);
}

TEST_CASE(
    "an outline tells the same end and the same undecided offset as a scan, of a thousand random logs") {
  for (std::uint64_t seed = 0; seed < 1000; ++seed) {
    CAPTURE(seed);
    LogBuilder builder(random_round(seed).log);
    const PartitionLog log = PartitionLog::open(posix_file_system(), builder.path());
    const LogOutline outline = LogOutline::of(posix_file_system(), log, {});
    const LogScan scan = LogScan::of(posix_file_system(), log, {.log_start = outline.log_start});
    REQUIRE(scan.defects.empty());
    CHECK(outline.defects.empty());
    CHECK(outline.log_end == scan.log_end);
    CHECK(outline.first_unstable() == scan.first_unstable);
  }
}

}  // namespace
}  // namespace kseg
