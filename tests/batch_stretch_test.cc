#include "lib/batch_stretch.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <set>

#include "cli/verify.h"
#include "tests/dump_lines.h"
#include "tests/support/collected_report.h"
#include "tests/support/dice.h"
#include "tests/support/log_builder.h"

namespace kseg {
namespace {

namespace fs = std::filesystem;

const Path kBroker = KSEG_TEST_DATA "/broker";

std::vector<Path> logs_below(const Path& folder) {
  std::vector<Path> logs;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (entry.path().extension() == ".log") logs.push_back(entry.path());
  }
  std::sort(logs.begin(), logs.end());
  return logs;
}

const std::vector<StretchOptions> kWays = {{.jobs = 1, .bytes = 1},      {.jobs = 2, .bytes = 1},
                                           {.jobs = 4, .bytes = 1},      {.jobs = 1, .bytes = 700},
                                           {.jobs = 2, .bytes = 700},    {.jobs = 4, .bytes = 700},
                                           {.jobs = 2, .bytes = 1 << 18}};

// A limit that is never met: batch by batch, as SegmentReader gives them.
void same_in_every_way(DumpOptions options, Dumped (*dump)(DumpOptions)) {
  options.logs_only = true;
  DumpOptions one_by_one = options;
  one_by_one.limit = std::numeric_limits<std::uint64_t>::max();
  const Dumped expected = dump(one_by_one);
  for (const StretchOptions& way : kWays) {
    options.stretches = way;
    const Dumped dumped = dump(options);
    CAPTURE(way.jobs);
    CAPTURE(way.bytes);
    CHECK(dumped.answers == expected.answers);
    CHECK(dumped.notes == expected.notes);
    CHECK(dumped.status == expected.status);
  }
}

void dumped_the_same_in_every_way(const DumpOptions& options) {
  same_in_every_way(options, dump_text);
  same_in_every_way(options, dump_json);
}

void verified_the_same_in_every_way(const Path& folder) {
  FileSystem& files = posix_file_system();
  CollectedReport expected;
  LogCheck one_by_one = LogCheck::of_folder(files, folder, {}, expected);
  while (one_by_one.next()) {
  }
  for (const StretchOptions& way : kWays) {
    CollectedReport report;
    LogCheck check = LogCheck::of_folder(files, folder, {}, report);
    check.to_end(way);
    CAPTURE(way.jobs);
    CAPTURE(way.bytes);
    CHECK(report.text() == expected.text());
    CHECK(report.counts().segments == expected.counts().segments);
    CHECK(report.counts().batches == expected.counts().batches);
    CHECK(report.counts().records == expected.counts().records);
    CHECK(check.end_offset() == one_by_one.end_offset());
  }
}

void overwrite(const Path& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
}

std::string contents(const Path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::string stretched(const Path& path, std::size_t bytes, Position& stopped) {
  const auto file = posix_file_system().open(path);
  StretchReader reader(*file, {}, {file->info().size_bytes}, {.jobs = 1, .bytes = bytes});
  std::string all;
  for (BatchStretch stretch; reader.next(stretch);) {
    CHECK(stretch.begin == Position{all.size()});
    StretchWalk walk(stretch);
    for (RecordBatchView batch; walk.next(batch);) all += as_text(batch.bytes);
    CHECK(walk.at_end());
  }
  stopped = reader.position();
  return all;
}

}  // namespace

TEST_CASE("stretches are whole batches, and together the log") {
  LogBuilder log =
      LogBuilder::from_notation("{0} [a=1 b=2] c=3 T7[d=4] A7 zl[e=5 f=6] g=7 h=8 i=9 j=10 k=11 l=12");
  const Path file = log.file(SegmentFileKind::log, 0);
  for (const std::size_t bytes : {1, 61, 100, 200, 1000, 1 << 20}) {
    Position stopped;
    CHECK(stretched(file, bytes, stopped) == contents(file));
    CHECK(stopped == Position{contents(file).size()});
  }
}

TEST_CASE("stretches end in front of a batch that is not whole, and of what is none") {
  LogBuilder log = LogBuilder::from_notation("{0} [a=1 b=2] c=3 d=4");
  const Path file = log.file(SegmentFileKind::log, 0);
  const std::string whole = contents(file);
  const std::size_t last = log.position_of(2).value;
  std::string bytes = whole;
  SUBCASE("cut") {
    bytes.pop_back();
  }
  SUBCASE("cut in its header") {
    bytes.resize(last + 20);
  }
  SUBCASE("of another format") {
    bytes[last + RecordBatchHeader::kMagicPosition] = 1;
  }
  SUBCASE("with a length that is too small") {
    bytes.replace(last + 8, 4, std::string("\0\0\0\x30", 4));
  }
  SUBCASE("with a length beyond all batches") {
    bytes.replace(last + 8, 4, "\x7f\xff\xff\xff");
  }
  overwrite(file, bytes);
  for (const std::size_t size : {1, 100, 1 << 20}) {
    Position stopped;
    CHECK(stretched(file, size, stopped) == whole.substr(0, last));
    CHECK(stopped == Position{last});
  }
}

TEST_CASE("dumps of a broker's logs are the same by however many threads") {
  for (const Path& log : logs_below(kBroker)) {
    CAPTURE(log);
    dumped_the_same_in_every_way({.targets = {log}});
  }
}

TEST_CASE("a selection is the same by however many threads") {
  const Path folder = kBroker / "cluster-a" / "orders-0";
  const std::vector<std::int64_t> bounds = {0, 1, 2, 3, 7, 20, 50, 1000};
  for (const std::int64_t begin : bounds) {
    for (const std::int64_t end : bounds) {
      DumpOptions options{.targets = {folder}};
      options.selection.offsets = OffsetRange{{begin}, {end}};
      CAPTURE(begin);
      CAPTURE(end);
      dumped_the_same_in_every_way(options);
    }
  }
}

TEST_CASE("a broker's partitions are verified the same by however many threads") {
  std::set<Path> folders;
  for (const Path& log : logs_below(kBroker)) folders.insert(log.parent_path());
  for (const Path& folder : folders) {
    CAPTURE(folder);
    verified_the_same_in_every_way(folder);
  }
}

TEST_CASE("damaged logs are dumped and verified the same by however many threads") {
  Dice dice(20);
  LogBuilder log = LogBuilder::from_notation(
      "{0} [a=1 b=2] c=3 T7[d=4] A7 zl[e=5 f=6] g=7 h=8 {40} i=9 zz[j=10 k=11] l=12 T8[m=13] C8 n=14");
  const std::vector<Path> logs = logs_below(log.path());
  REQUIRE(logs.size() == 2);
  for (int i = 0; i < 300; ++i) {
    const Path file = dice.pick(logs);
    const std::string sound = contents(file);
    std::string bytes = sound;
    for (int hits = static_cast<int>(dice.between(1, 3)); hits > 0; --hits) {
      const auto at = static_cast<std::size_t>(dice.below(static_cast<std::int64_t>(bytes.size())));
      if (dice.chance(15)) {
        bytes.resize(at + 1);
      } else if (dice.chance(10)) {
        bytes.append(100, '\0');
      } else {
        bytes[at] = static_cast<char>(dice.below(256));
      }
    }
    overwrite(file, bytes);
    CAPTURE(i);
    dumped_the_same_in_every_way({.targets = {log.path()}});
    verified_the_same_in_every_way(log.path());
    overwrite(file, sound);
  }
}

TEST_CASE("records that are wrong in a batch with a right crc are told the same by however many threads") {
  LogBuilder log = LogBuilder::from_notation("{0} [a=1 b=2] [c=3 d=4] [e=5 f=6] g=7");
  const Path file = log.file(SegmentFileKind::log, 0);
  std::string bytes = contents(file);
  const std::size_t start = log.position_of(1).value;
  const std::size_t end = log.position_of(2).value;
  ByteBuffer batch(bytes.begin() + static_cast<std::ptrdiff_t>(start),
                   bytes.begin() + static_cast<std::ptrdiff_t>(end));
  SUBCASE("a length") {
    batch[RecordBatchHeader::kSize] ^= 0x10;
  }
  SUBCASE("a codec") {
    batch[22] = 3;
  }
  SUBCASE("a time") {
    batch[42] ^= 1;
  }
  seal_batch(batch, 0);
  bytes.replace(start, end - start, as_text(batch));
  overwrite(file, bytes);

  CHECK(dump_json({.targets = {log.path()}}).of_type("record").size() >= 5);
  dumped_the_same_in_every_way({.targets = {log.path()}});
  verified_the_same_in_every_way(log.path());
  CHECK(verify_folder(log.path()).counts().defects + verify_folder(log.path()).counts().warnings > 0);
}

TEST_CASE("what decompresses to much is dumped and verified in its turn") {
  LogBuilder log;
  const std::string large(3 << 20, 'x');
  log.segment(0).batch({{"a", "1"}}).batch({{"b", large}}, Codec::zstd).batch({{"c", "3"}});
  CHECK(dump_json({.targets = {log.path()}}).of_type("record").size() == 3);
  dumped_the_same_in_every_way({.targets = {log.path()}});
  verified_the_same_in_every_way(log.path());
  CHECK(verify_folder(log.path()).text().empty());
}

TEST_CASE("batches that are larger than any stretch are dumped and verified") {
  LogBuilder log;
  const std::string large(2 << 20, 'x');
  log.segment(0).batch({{"a", "1"}}).batch({{"b", large}}).batch({{"c", "3"}});
  dumped_the_same_in_every_way({.targets = {log.path()}});
  verified_the_same_in_every_way(log.path());
}

}  // namespace kseg
