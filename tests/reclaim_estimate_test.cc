#include "lib/reclaim_estimate.h"

#include <doctest/doctest.h>

#include <cmath>
#include <functional>
#include <random>
#include <unordered_set>

#include "formats/record_batch_builder.h"
#include "lib/segment_indexes.h"
#include "tests/support/log_builder.h"

namespace kseg {
namespace {

constexpr int kRecordsPerBatch = 20;
constexpr int kRecordsPerSegment = 20'000;

// Writes the key of each record.
using Keys = std::function<std::uint64_t(std::int64_t offset)>;

// Segments of records with these keys, and an empty active one. Values are 40 bytes.
void write_log(const Path& folder, std::int64_t records, const Keys& keys, Codec codec = Codec::none) {
  std::filesystem::create_directory(folder);
  RecordBatchBuilder builder;
  Compressor compressor;
  const ByteBuffer value(40, 'v');
  for (std::int64_t base = 0; base < records; base += kRecordsPerSegment) {
    ByteBuffer log;
    SegmentIndexes indexes({base}, 4096);
    for (std::int64_t first = base; first < std::min<std::int64_t>(base + kRecordsPerSegment, records);
         first += kRecordsPerBatch) {
      RecordBatchHeader like;
      like.base_offset = {first};
      like.last_offset_delta = kRecordsPerBatch - 1;
      like.attributes = static_cast<std::int16_t>(codec);
      builder.begin(like, std::nullopt);
      for (std::int64_t offset = first; offset < first + kRecordsPerBatch; ++offset) {
        const std::string key = "key-" + std::to_string(keys(offset));
        builder.add(
            {.offset = {offset}, .timestamp_ms = offset, .key = as_bytes(key), .value = Bytes(value)});
      }
      const std::size_t start = log.size();
      REQUIRE_FALSE(builder.finish(compressor, log));
      indexes.add(*decode_record_batch_header(Bytes(log).subspan(start)), {start});
    }
    indexes.close();
    const auto write = [&](SegmentFileKind kind, Bytes bytes) {
      write_whole_file(folder / to_string(SegmentFileName{.kind = kind, .offset = {base}}), bytes);
    };
    write(SegmentFileKind::log, log);
    write(SegmentFileKind::offset_index, indexes.offset_index());
    write(SegmentFileKind::time_index, indexes.time_index());
  }
  write_whole_file(folder / to_string(SegmentFileName{.kind = SegmentFileKind::log, .offset = {records}}),
                   {});
}

// How much of the log is of records with a later one of their key.
double superseded_share(std::int64_t records, std::int64_t first_dirty, const Keys& keys) {
  std::unordered_set<std::uint64_t> later;
  std::int64_t superseded = 0;
  for (std::int64_t offset = records - 1; offset >= 0; --offset) {
    const std::uint64_t key = keys(offset);
    if (offset >= first_dirty ? !later.insert(key).second : later.contains(key)) ++superseded;
  }
  return static_cast<double>(superseded) / static_cast<double>(records);
}

struct Estimated {
  double share = 0;  // of the log that would be freed
  ReclaimEstimate estimate;
};

Estimated estimated(const Path& folder, ReclaimEstimate::Inputs inputs) {
  const PartitionLog log = PartitionLog::open(posix_file_system(), folder);
  inputs.first_uncleanable = log.active().base_offset;
  const ReclaimEstimate estimate = ReclaimEstimate::of(posix_file_system(), log, inputs);
  return {static_cast<double>(estimate.freed_bytes) / static_cast<double>(estimate.total_bytes), estimate};
}

// A random number for each offset, always the same.
std::uint64_t random_at(std::int64_t offset) {
  return std::mt19937_64(static_cast<std::uint64_t>(offset))();
}

Keys uniform(std::uint64_t keys) {
  return [keys](std::int64_t offset) { return random_at(offset) % keys; };
}

// Frequencies fall with 1/rank.
Keys zipf(double keys) {
  return [keys](std::int64_t offset) {
    const double random = static_cast<double>(random_at(offset)) * 0x1p-64;
    return static_cast<std::uint64_t>(std::pow(keys, random));
  };
}

struct Case {
  const char* name;
  Keys keys;
  double error;  // at most, as a share of the log
  std::int64_t first_dirty = 0;
};

TEST_CASE("a sample tells about how much of a log is superseded") {
  constexpr std::int64_t kRecords = 100'000;
  const std::vector<Case> cases = {
      {"all distinct", [](std::int64_t offset) { return static_cast<std::uint64_t>(offset); }, 0.02},
      {"one key", [](std::int64_t) { return 7; }, 0.02},
      {"a hundred keys", uniform(100), 0.02},
      {"each key twice", uniform(kRecords / 2), 0.05},
      {"each key ten times", uniform(kRecords / 10), 0.05},
      {"zipf, few keys", zipf(1'000), 0.05},
      {"zipf, many keys", zipf(kRecords), 0.15},
      {"each key exactly twice, in turn",
       [](std::int64_t offset) { return static_cast<std::uint64_t>(offset % (kRecords / 2)); }, 0.2},
      {"bursts of five", [](std::int64_t offset) { return static_cast<std::uint64_t>(offset / 5); }, 0.05},
      {"a loop over all keys",
       [](std::int64_t offset) { return static_cast<std::uint64_t>(offset % 30'000); }, 0.3},
      {"a clean part, then a tenth again",
       [](std::int64_t offset) {
         return offset < 90'000 ? static_cast<std::uint64_t>(offset) : random_at(offset) % 90'000;
       },
       0.05, 90'000},
  };
  for (const Case& one : cases) {
    CAPTURE(one.name);
    TemporaryFolder temporary;
    const Path folder = temporary.path() / "t-0";
    write_log(folder, kRecords, one.keys);
    const double right = superseded_share(kRecords, one.first_dirty, one.keys);
    CAPTURE(right);
    // Read whole, only what stays of headers makes a difference.
    const Estimated whole = estimated(folder, {.first_dirty = {one.first_dirty}});
    CHECK(whole.estimate.is_whole);
    CHECK(whole.estimate.read_bytes == whole.estimate.total_bytes);
    CHECK(whole.share == doctest::Approx(right).epsilon(0.06));
    for (const std::uint64_t part : {4, 20}) {
      CAPTURE(part);
      const std::uint64_t max_bytes = whole.estimate.total_bytes / part;
      const Estimated sample = estimated(
          folder,
          {.first_dirty = {one.first_dirty}, .max_bytes = max_bytes, .stretch_bytes = max_bytes / 64});
      CHECK_FALSE(sample.estimate.is_whole);
      CHECK(sample.estimate.read_bytes < max_bytes * 3 / 2);
      CHECK(std::abs(sample.share - whole.share) < one.error);
    }
  }
}

TEST_CASE("of a log that is read whole the estimate is what compacting frees, but for what may be due") {
  LogBuilder log = LogBuilder::from_notation("{0} a=1 [a=2 b=3] {3} b=4 {4} c=5");
  const Position half = log.position_of(1);  // the first batch goes, of the second all but its header
  const Estimated whole = estimated(log.path(), {});
  CHECK(whole.estimate.total_bytes ==
        log.model().segments[0].size_bytes() + log.model().segments[1].size_bytes());
  CHECK(whole.estimate.freed_bytes > half.value);
  CHECK(whole.estimate.freed_bytes < half.value + 20);
}

TEST_CASE("what is clean supersedes nothing, and keys of the active segment do not count") {
  LogBuilder log = LogBuilder::from_notation("{0} a=1 a=2 {2} b=4 {3} b=5 a=6");
  CHECK(estimated(log.path(), {.first_dirty = Offset{2}}).estimate.freed_bytes == 0);
  CHECK(estimated(log.path(), {}).estimate.freed_bytes == log.position_of(1).value);
}

TEST_CASE("compressed records count by their share of the batch, damaged batches are passed over") {
  LogBuilder log = LogBuilder::from_notation("{0} z[a=1 b=2] z[a=3 b=4] {4} c=5");
  CHECK(estimated(log.path(), {}).estimate.freed_bytes == log.position_of(1).value);
  log.flip_byte(1, 70);
  CHECK(estimated(log.path(), {}).estimate.freed_bytes == 0);
}

TEST_CASE("stretches that turn out to cover all of a log tell what reading it whole tells") {
  TemporaryFolder temporary;
  const Path folder = temporary.path() / "t-0";
  write_log(folder, 20'000, uniform(5'000));
  const Estimated whole = estimated(folder, {});
  const Estimated sample =
      estimated(folder, {.max_bytes = whole.estimate.total_bytes - 1, .stretch_bytes = 500});
  CHECK_FALSE(sample.estimate.is_whole);
  CHECK(sample.estimate.read_bytes <= sample.estimate.total_bytes);
  CHECK(std::abs(sample.share - whole.share) < 0.02);
}

TEST_CASE("a log without offset indexes is sampled from each segment's start, once") {
  constexpr std::int64_t kRecords = 40'000;
  TemporaryFolder temporary;
  const Path folder = temporary.path() / "t-0";
  write_log(folder, kRecords, [](std::int64_t offset) { return static_cast<std::uint64_t>(offset); });
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() == ".index") std::filesystem::remove(entry.path());
  }
  const Estimated sample = estimated(folder, {.max_bytes = 300'000, .stretch_bytes = 10'000});
  CHECK(sample.estimate.read_bytes < 50'000);
  CHECK(sample.share < 0.05);
}

}  // namespace
}  // namespace kseg
