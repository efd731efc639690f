#include "lib/tail_start.h"

#include <doctest/doctest.h>

#include "tests/dump_lines.h"
#include "tests/support/log_builder.h"
#include "tests/support/random_log.h"

namespace kseg {
namespace {

TailStart tail_of(LogBuilder& log, const RecordSelection& selection, const TailRequest& request) {
  const PartitionLog partition = PartitionLog::open(posix_file_system(), log.path());
  return find_tail(posix_file_system(), partition.segments(), selection, request);
}

TEST_CASE("the last records begin in some batch, of which some may have to be left out") {
  LogBuilder log = LogBuilder::from_notation("{0} [a=1 b=2] [c=3 d=4 e=5] {5} f=6");
  const auto check = [&](std::uint64_t count, std::int64_t begin, std::uint64_t skip) {
    const TailStart tail = tail_of(log, {}, {.count = count});
    CAPTURE(count);
    CHECK(tail.begin.value == begin);
    CHECK(tail.skip == skip);
  };
  check(1, 5, 0);
  check(2, 2, 2);
  check(4, 2, 0);
  check(5, 0, 1);
  check(6, 0, 0);
  check(7, 0, 0);
  CHECK(tail_of(log, {}, {.count = 0}).begin == OffsetRange{}.end);
  CHECK(tail_of(log, {}, {.count = 2, .of_batches = true}).begin == Offset{2});
}

TEST_CASE("only what is selected counts") {
  LogBuilder log = LogBuilder::from_notation("{0} a=1 a=2 {2} b=3 a=4 b=5");
  KeySelection keys;
  keys.add_key(as_bytes("a"));
  CHECK(tail_of(log, {.keys = keys}, {.count = 2}).begin == Offset{1});
  CHECK(tail_of(log, {.offsets = {{0}, {3}}}, {.count = 2}).begin == Offset{1});
}

TEST_CASE("a segment without room for more is not opened") {
  LogBuilder log = LogBuilder::from_notation("{0} a=1 {1} b=2 {2} c=3");
  const PartitionLog partition = PartitionLog::open(posix_file_system(), log.path());
  std::vector<Segment> segments = partition.segments();
  segments[0].log = "/nowhere";
  CHECK(find_tail(posix_file_system(), segments, {}, {.count = 2}).begin == Offset{1});
  CHECK(find_tail(posix_file_system(), segments, {.offsets = {{1}, {9}}}, {.count = 5}).begin == Offset{0});
  CHECK_THROWS_AS(find_tail(posix_file_system(), segments, {}, {.count = 3}), IoError);
}

TEST_CASE("damaged records do not count, nor does a torn tail") {
  LogBuilder log = LogBuilder::from_notation("{0} a=1 b=2 c=3 d=4");
  log.flip_byte(/*batch=*/2, /*offset_in_batch=*/65);
  CHECK(tail_of(log, {}, {.count = 2}).begin == Offset{1});
  const Path file = log.file(SegmentFileKind::log, 0);
  ByteBuffer bytes = read_whole_file(file);
  bytes.pop_back();
  write_whole_file(file, bytes);
  CHECK(tail_of(log, {}, {.count = 1}).begin == Offset{1});
}

TEST_CASE("a long segment is read in stretches from its end, and a wrong index does not mislead") {
  LogBuilder log;
  for (int i = 0; i < 400; ++i) log.batch({{"k" + std::to_string(i), std::string(2000, 'v')}});
  log.options({.index_interval_bytes = 4096});
  for (const std::uint64_t count : {1U, 30U, 33U, 100U, 399U, 400U, 500U}) {
    CAPTURE(count);
    CHECK(tail_of(log, {}, {.count = count}).begin.value ==
          std::max<std::int64_t>(0, 400 - static_cast<std::int64_t>(count)));
  }
  const Path index = log.file(SegmentFileKind::offset_index, 0);
  ByteBuffer bytes = read_whole_file(index);
  for (std::size_t at = 7; at < bytes.size(); at += 8) bytes[at] ^= 0x11;
  write_whole_file(index, bytes);
  for (const std::uint64_t count : {1U, 30U, 100U, 400U}) {
    CHECK(tail_of(log, {}, {.count = count}).begin.value == 400 - static_cast<std::int64_t>(count));
  }
}

TEST_CASE("on random logs --tail shows the end of what dump shows") {
  const auto shown = [](LogBuilder& log, const SelectionOptions& selection,
                        std::optional<std::uint64_t> tail) {
    std::vector<std::string> records;
    const Dumped dumped =
        dump_json({.targets = {log.path()}, .logs_only = true, .selection = selection, .tail = tail});
    for (const auto& record : dumped.of_type("record")) records.push_back(record.dump());
    return records;
  };
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    const RandomRound random = random_round(seed);
    LogBuilder log(random.log);
    log.options(random.folder);
    std::vector<SelectionOptions> selections(3);
    selections[1].key_prefixes = {"a", "c"};
    selections[2].times = TimeRange{.end_ms = 5000};
    for (const SelectionOptions& selection : selections) {
      const auto all = shown(log, selection, std::nullopt);
      for (const std::uint64_t count : {0U, 1U, 3U, 20U}) {
        CAPTURE(seed);
        CAPTURE(count);
        const std::size_t left_out = all.size() - std::min<std::size_t>(all.size(), count);
        REQUIRE(shown(log, selection, count) ==
                std::vector<std::string>(all.begin() + static_cast<std::ptrdiff_t>(left_out), all.end()));
      }
    }
  }
}

}  // namespace
}  // namespace kseg
