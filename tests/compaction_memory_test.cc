// A compaction whose keys do not fit into the memory it may take.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <cerrno>

#include "lib/compaction.h"
#include "tests/support/dice.h"
#include "tests/support/faulty_file_system.h"
#include "tests/support/log_builder.h"

namespace kseg {
namespace {

constexpr std::uint64_t kBudgets[] = {0, 3000, 6000, 20'000, 65'536, 1 << 20};

// Twenty segments of batches with up to 80 records, 400 keys; tombstones and records without a key among
// them.
LogBuilder sample() {
  Dice dice(11);
  std::string notation;
  std::int64_t offset = 0;
  for (int segment = 0; segment < 20; ++segment) {
    notation += fmt::format("{{{}}} ", offset);
    for (int batch = 0; batch < 3; ++batch) {
      notation += "[";
      for (std::int64_t records = dice.between(20, 80); records > 0; --records, ++offset)
        notation += fmt::format("k{}={} ", dice.below(400), dice.chance(10) ? "~" : "v");
      notation.back() = ']';
      notation += " ";
    }
  }
  return LogBuilder::from_notation(notation);
}

CompactionRequest request(const Path& partition, std::uint64_t memory_bytes) {
  CompactionRequest request{.partition = partition, .first_dirty = Offset{700}, .now_ms = 100'000};
  request.config.set("cleanup.policy", "compact");
  request.config.segment_bytes = 20'000;
  request.memory_bytes = memory_bytes;
  return request;
}

TEST_CASE("whatever the memory, the same bytes come out") {
  LogBuilder enough = sample();
  const auto outcome = compact(posix_file_system(), request(enough.path(), std::uint64_t{1} << 30));
  REQUIRE(std::holds_alternative<CompactionReport>(outcome));
  const auto& expected = std::get<CompactionReport>(outcome);
  CHECK(expected.counts.superseded > 500);
  const FolderFiles files = read_folder(enough.path());
  for (const std::uint64_t memory : kBudgets) {
    for (const std::size_t jobs : {1, 3}) {
      CAPTURE(memory);
      CAPTURE(jobs);
      LogBuilder log = sample();
      CompactionRequest little = request(log.path(), memory);
      little.jobs = jobs;
      const auto again = compact(posix_file_system(), little);
      REQUIRE(std::holds_alternative<CompactionReport>(again));
      CHECK(read_folder(log.path()) == files);
      const auto& report = std::get<CompactionReport>(again);
      CHECK(report.distinct_keys == expected.distinct_keys);
      CHECK(report.counts.superseded == expected.counts.superseded);
      CHECK(report.counts.records_read == expected.counts.records_read);
    }
  }
}

std::size_t temporary_files(const FaultyFileSystem& files, const Path& folder) {
  std::size_t count = 0;
  for (const std::string& operation : files.journal())
    count += operation == "create_temporary " + folder.string() ? 1 : 0;
  return count;
}

TEST_CASE(
    "keys are spilled beside what is written, in a dry run to the temporary folder, and only if they must") {
  LogBuilder log = sample();
  const FolderFiles before = read_folder(log.path());
  const TemporaryFolder temporary;
  const TemporaryFolder outputs;
  CompactionRequest dry = request(log.path(), 0);
  dry.dry_run = true;
  dry.temporary = temporary.path();
  FaultyFileSystem files(posix_file_system());
  REQUIRE(std::holds_alternative<CompactionReport>(compact(files, dry)));
  CHECK(temporary_files(files, temporary.path()) > 0);
  CHECK(temporary_files(files, log.path()) == 0);
  CHECK(read_folder(log.path()) == before);

  CompactionRequest beside = request(log.path(), 0);
  beside.output = outputs.path() / "t-0";
  FaultyFileSystem beside_files(posix_file_system());
  REQUIRE(std::holds_alternative<CompactionReport>(compact(beside_files, beside)));
  CHECK(temporary_files(beside_files, outputs.path()) > 0);
  CHECK(read_folder(log.path()) == before);

  FaultyFileSystem enough(posix_file_system());
  REQUIRE(std::holds_alternative<CompactionReport>(compact(enough, request(log.path(), 1 << 20))));
  CHECK(temporary_files(enough, log.path()) == 0);

  LogBuilder in_place = sample();
  FaultyFileSystem in_place_files(posix_file_system());
  REQUIRE(std::holds_alternative<CompactionReport>(compact(in_place_files, request(in_place.path(), 0))));
  CHECK(temporary_files(in_place_files, in_place.path()) > 0);
}

TEST_CASE("a spill that fails leaves the partition as it was") {
  LogBuilder log = sample();
  const FolderFiles before = read_folder(log.path());
  FaultyFileSystem sound(posix_file_system());
  CompactionRequest dry = request(log.path(), 0);
  dry.dry_run = true;
  dry.temporary = log.path();
  REQUIRE(std::holds_alternative<CompactionReport>(compact(sound, dry)));
  const std::size_t spilling = sound.operation_count();  // a dry run changes nothing else
  REQUIRE(spilling > 20);
  for (std::size_t at = 0; at < spilling; ++at) {
    CAPTURE(at);
    FaultyFileSystem full(posix_file_system());
    full.fail_at(at, ENOSPC);
    CHECK_THROWS_AS(compact(full, request(log.path(), 0)), IoError);
    FaultyFileSystem dying(posix_file_system());
    dying.tear_at(at);
    CHECK_THROWS_AS(compact(dying, request(log.path(), 0)), Stopped);
    REQUIRE(read_folder(log.path()) == before);
  }
}

TEST_CASE("damage is refused alike, whether or not keys were spilled") {
  for (const std::size_t batch : {0, 20, 40, 58}) {
    CAPTURE(batch);
    LogBuilder log = sample();
    log.flip_byte(batch, 70);
    const FolderFiles before = read_folder(log.path());
    const auto with = compact(posix_file_system(), request(log.path(), 0));
    const auto without = compact(posix_file_system(), request(log.path(), 1 << 20));
    REQUIRE(std::holds_alternative<Refusal>(with));
    REQUIRE(std::holds_alternative<Refusal>(without));
    CHECK(std::get<Refusal>(with).reason == std::get<Refusal>(without).reason);
    REQUIRE(std::get<Refusal>(with).defects.size() == 1);
    CHECK(std::get<Refusal>(with).defects[0].defect.position ==
          std::get<Refusal>(without).defects[0].defect.position);
    CHECK(read_folder(log.path()) == before);
  }
}

}  // namespace
}  // namespace kseg
