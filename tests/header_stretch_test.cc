// A `.log` in stretches, and a scan of a log by several threads.
#include "lib/header_stretch.h"

#include <doctest/doctest.h>

#include "lib/log_scan.h"
#include "tests/support/large_log.h"
#include "tests/support/log_folder.h"

namespace kseg {
namespace {

constexpr std::uint64_t kSegmentBytes = std::uint64_t{3} << 20;

void change_byte(const Path& path, std::size_t position) {
  ByteBuffer bytes = read_whole_file(path);
  bytes.at(position) ^= 0x10;
  write_whole_file(path, bytes);
}

// What a scan found, in words.
std::string text(const LogScan& scan) {
  std::string text =
      fmt::format("end {} unstable {}", scan.log_end, scan.first_unstable.value_or(Offset{-1}));
  for (const ScannedSegment& segment : scan.segments) {
    text += fmt::format("\n{} {} {}:", segment.next_offset, segment.batch_count, segment.record_count);
    for (const BatchRun& run : segment.runs)
      text += fmt::format(" {}-{} {}+{}", run.begin, run.end, run.first_batch, run.batch_count);
    for (const bool discardable : segment.discardable) text += discardable ? "!" : ".";
    for (const AbortedTxn& txn : segment.kept_entries) text += fmt::format(" {}", txn.last_offset);
  }
  for (const auto& defect : scan.defects)
    text += fmt::format("\n{} {}", defect.file.string(), describe(defect.defect));
  for (const ProducerStateEntry& producer : scan.producers.entries())
    text += fmt::format("\n{} {}", producer.producer_id, producer.last_offset);
  return text;
}

std::string scanned(const LargeLog& log, std::size_t jobs) {
  return text(LogScan::of(posix_file_system(), log.open(), {.jobs = jobs}));
}

TEST_CASE("a segment is cut where its offset index says that batches begin") {
  const LargeLog log(1, kSegmentBytes, 1);
  const Segment segment = log.open().segments().front();
  const auto bounds = stretch_bounds(posix_file_system(), segment);
  REQUIRE(bounds.size() == 4);  // three stretches of a MiB
  CHECK(bounds.front() == Position{});
  CHECK(bounds.back() == Position{segment.size_bytes});

  const auto file = posix_file_system().open(segment.log);
  HeaderStretch stretch;
  Position next;
  for (std::size_t i = 1; i < bounds.size(); ++i) {
    REQUIRE(stretch.read(*file, bounds[i - 1], bounds[i]));
    for (const RecordBatchView& batch : stretch.batches()) {
      CHECK(batch.position == next);
      CHECK(batch.bytes.size() == (batch.header.is_control() ? batch.header.size_bytes() : 0));
      next = batch.position + batch.header.size_bytes();
    }
    CHECK(next == bounds[i]);
  }
}

TEST_CASE("without an index a segment is one stretch") {
  const LargeLog log(1, kSegmentBytes, 1);
  Segment segment = log.open().segments().front();
  segment.offset_index.reset();
  CHECK(stretch_bounds(posix_file_system(), segment) == std::vector<Position>{{}, {segment.size_bytes}});
}

TEST_CASE("a stretch that ends inside of a batch is not sound") {
  const LargeLog log(1, kSegmentBytes, 1);
  const Segment segment = log.open().segments().front();
  const auto bounds = stretch_bounds(posix_file_system(), segment);
  const auto file = posix_file_system().open(segment.log);
  HeaderStretch stretch;
  CHECK(stretch.read(*file, bounds[0], bounds[1]));
  CHECK_FALSE(stretch.read(*file, bounds[0], bounds[1] + 1));
  CHECK_FALSE(stretch.read(*file, bounds[0] + 1, bounds[1]));
}

TEST_CASE("a scan does not depend on the number of threads") {
  const LargeLog log(3, kSegmentBytes, 2);
  const std::string alone = scanned(log, 1);
  CHECK(alone.find('!') != std::string::npos);  // there is something to discard
  CHECK(scanned(log, 2) == alone);
  CHECK(scanned(log, 5) == alone);
}

TEST_CASE("nor does what it says of a damaged log, or of an index that lies") {
  for (const std::string extension : {".log", ".index"}) {
    const LargeLog log(2, kSegmentBytes, 3);
    const std::string sound = scanned(log, 1);
    const Segment segment = log.open().segments()[1];
    const Path file = extension == ".log" ? segment.log : *segment.offset_index;
    // The length of the first batch; the position of each entry.
    if (extension == ".log") {
      change_byte(file, 10);
    } else {
      for (std::size_t at = 7; at < read_whole_file(file).size(); at += 8) change_byte(file, at);
    }
    const std::string alone = scanned(log, 1);
    CHECK((alone == sound) == (extension == ".index"));
    CHECK(scanned(log, 3) == alone);
  }
}

}  // namespace
}  // namespace kseg
