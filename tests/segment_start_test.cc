#include "lib/segment_start.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>

#include "formats/offset_index.h"
#include "formats/time_index.h"
#include "lib/partition_reader.h"
#include "tests/support/log_builder.h"
#include "tests/support/notation.h"
#include "tests/support/random_log.h"

namespace kseg {
namespace {

// Four batches of one record with ascending times, an index entry for each but the first.
struct Ascending : LogBuilder {
  Ascending() : LogBuilder(log_of("{0} a=1@10 b=2@20 c=3@30 d=4@40")) {
    options({.index_interval_bytes = 0});
  }
};

SegmentStart start_of(LogBuilder& log, const WantedFrom& wanted) {
  FileSystem& files = posix_file_system();
  const Segment segment = lone_segment(files, log.file(SegmentFileKind::log, 0));
  const auto file = files.open(segment.log);
  return find_start(files, segment, *file, wanted);
}

Position end_of(LogBuilder& log) {
  return {std::filesystem::file_size(log.file(SegmentFileKind::log, 0))};
}

void overwrite_time_index(LogBuilder& log, const std::vector<TimeIndexEntry>& entries) {
  ByteBuffer bytes;
  for (const TimeIndexEntry& entry : entries) encode_time_index_entry(entry, {0}, bytes);
  write_whole_file(log.file(SegmentFileKind::time_index, 0), bytes);
}

TEST_CASE("reading starts behind the batch that a time index says is too early") {
  Ascending log;
  CHECK(start_of(log, {.time_ms = 10}).position == Position{});
  CHECK(start_of(log, {.time_ms = 20}).position == Position{});  // the first entry is for the second batch
  CHECK(start_of(log, {.time_ms = 21}).position == log.position_of(2));
  CHECK(start_of(log, {.time_ms = 30}).position == log.position_of(2));
  CHECK(start_of(log, {.time_ms = 41}).position == end_of(log));
  CHECK(start_of(log, {.offset = {2}, .time_ms = 41}).position == end_of(log));
  CHECK(start_of(log, {.offset = {3}, .time_ms = 21}).position == log.position_of(3));
  CHECK(start_of(log, {.time_ms = 41}).doubts.empty());
}

TEST_CASE("a late batch in front of an early one is not passed over") {
  LogBuilder log = LogBuilder::from_notation("{0} a=1@90 b=2@20 c=3@30 d=4@100");
  log.options({.index_interval_bytes = 0});
  CHECK(start_of(log, {.time_ms = 40}).position == Position{});
  CHECK(start_of(log, {.time_ms = 91}).position == log.position_of(1));
}

TEST_CASE("a time index entry whose batch has another time is told and not used") {
  Ascending log;
  overwrite_time_index(log, {{20, {1}}, {25, {2}}, {40, {3}}});

  const SegmentStart start = start_of(log, {.time_ms = 30});
  CHECK(start.position == Position{});
  REQUIRE(start.doubts.size() == 1);
  CHECK(start.doubts[0].file == log.file(SegmentFileKind::time_index, 0));
  CHECK(start.doubts[0].position == Position{12});
  CHECK(start.doubts[0].reason == "no batch with timestamp 25 at offset 2: the index is not used");
}

TEST_CASE("a time index entry behind the log's end is told and not used") {
  Ascending log;
  overwrite_time_index(log, {{20, {1}}, {25, {7}}});

  const SegmentStart start = start_of(log, {.time_ms = 30});
  CHECK(start.position == Position{});
  CHECK(start.doubts.size() == 1);
}

TEST_CASE("a time index that was lost and begun anew is told and not used") {
  LogBuilder log = LogBuilder::from_notation("{0} a=1@90 b=2@95 c=3@30 d=4@40");
  log.options({.index_interval_bytes = 0});
  overwrite_time_index(log, {{30, {2}}, {40, {3}}});

  const SegmentStart start = start_of(log, {.time_ms = 60});
  CHECK(start.position == Position{});
  REQUIRE(start.doubts.size() == 1);
  CHECK(start.doubts[0].reason ==
        "begins at offset 2, the offset index at 1: it was lost once, or there are no timestamps before; it "
        "is not used");
}

TEST_CASE("an offset index entry that leads into a batch is told and not used") {
  Ascending log;
  ByteBuffer bytes;
  encode_offset_index_entry({.offset = {1}, .position = log.position_of(1) + 1}, {0}, bytes);
  write_whole_file(log.file(SegmentFileKind::offset_index, 0), bytes);

  const SegmentStart start = start_of(log, {.offset = {2}});
  CHECK(start.position == Position{});
  REQUIRE(start.doubts.size() == 1);
  CHECK(start.doubts[0].reason == "no batch at position 71 with offsets up to 1: the index is not used");
  // The time index still says which batch it is about; it is found from the start.
  CHECK(start_of(log, {.time_ms = 31}).position == log.position_of(3));
}

TEST_CASE("the zeros behind an active segment's entries are no entries") {
  Ascending log;
  for (const auto kind : {SegmentFileKind::offset_index, SegmentFileKind::time_index}) {
    const Path file = log.file(kind, 0);
    ByteBuffer bytes = read_whole_file(file);
    bytes.resize(bytes.size() + 65'536);
    write_whole_file(file, bytes);
  }
  CHECK(start_of(log, {.offset = {2}}).position == log.position_of(2));
  CHECK(start_of(log, {.time_ms = 31}).position == log.position_of(3));
  CHECK(start_of(log, {.offset = {1000}, .time_ms = 1000}).doubts.empty());
}

TEST_CASE("without indexes reading starts at the front") {
  Ascending log;
  std::filesystem::remove(log.file(SegmentFileKind::offset_index, 0));
  CHECK(start_of(log, {.offset = {3}, .time_ms = 41}).position == Position{});
  CHECK(start_of(log, {.offset = {3}, .time_ms = 41}).doubts.empty());
}

bool begins_without_timestamps(const LogModel& log) {
  return std::any_of(log.segments.begin(), log.segments.end(), [](const SegmentModel& segment) {
    return !segment.batches.empty() && segment.batches.front().header.magic == 0;
  });
}

TEST_CASE("on random logs an index leads past nothing that is wanted") {
  std::uint64_t passed_over = 0;
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    const RandomRound random = random_round(seed);
    LogBuilder log(random.log);
    log.options(random.folder);
    const auto read = [&](const PartitionReader::Options& options) {
      PartitionReader reader = PartitionReader::of_folder(posix_file_system(), log.path(), options);
      std::vector<std::int64_t> bases;
      std::uint64_t batches = 0;
      while (true) {
        const auto batch = reader.next();
        REQUIRE(batch);
        if (!*batch) break;
        ++batches;
        if ((*batch)->header.max_timestamp >= options.begin_time_ms)
          bases.push_back((*batch)->header.base_offset.value);
      }
      // Where no timestamps are, a time index looks as if it had been lost.
      if (!begins_without_timestamps(random.log)) CHECK(reader.take_doubts().empty());
      return std::pair(bases, batches);
    };
    for (const SegmentModel& segment : random.log.segments) {
      for (const BatchModel& batch : segment.batches) {
        PartitionReader::Options options{.begin_time_ms = batch.header.max_timestamp};
        const auto looked_up = read(options);
        options.use_indexes = false;
        const auto scanned = read(options);
        CAPTURE(seed);
        REQUIRE(looked_up.first == scanned.first);
        passed_over += scanned.second - looked_up.second;
      }
    }
  }
  CHECK(passed_over > 1000);
}

}  // namespace
}  // namespace kseg
