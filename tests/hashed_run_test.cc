// A run of batches with its keys hashed.
#include "lib/hashed_run.h"

#include <doctest/doctest.h>

#include "tests/support/log_builder.h"

namespace kseg {
namespace {

// All batches of the log as one run.
struct Hashed {
  LogBuilder log;
  KeySet keys{1};
  HashedRun run;

  Hashed(std::string_view notation, Offset first_dirty) : log(LogBuilder::from_notation(notation)) {
    std::vector<BatchRun> runs;
    const auto& batches = log.model().segments[0].batches;
    for (std::size_t i = 0; i < batches.size(); ++i)
      append_to_runs(batches[i].header.size_bytes(), log.position_of(i), runs);
    REQUIRE(runs.size() == 1);
    const auto file = posix_file_system().open(log.file(SegmentFileKind::log, 0));
    run.read(*file, runs[0]);
    HashedRun::Scratch scratch;
    for (std::size_t i = 0; i < run.batches().size(); ++i) run.hash_records(i, keys, first_dirty, scratch);
    run.end_hashing();
  }

  std::uint64_t hash(std::string_view key) const { return keys.hash(as_bytes(key)).remainder; }
};

std::vector<std::uint64_t> remainders(std::span<const KeyHash> hashes) {
  std::vector<std::uint64_t> remainders;
  for (const KeyHash& hash : hashes) remainders.push_back(hash.remainder);
  return remainders;
}

TEST_CASE("keys come newest first: those that enter the set, then those that only ask") {
  const Hashed hashed("{0} a=1 [b=1 -=x c=~] d=1", Offset{3});
  CHECK(remainders(hashed.run.entering()) == std::vector{hashed.hash("d"), hashed.hash("c")});
  CHECK(remainders(hashed.run.asking()) == std::vector{hashed.hash("b"), hashed.hash("a")});
}

TEST_CASE("what the set says goes to the records it was asked for") {
  Hashed hashed("{0} a=1 [b=1 -=x c=~] d=1", Offset{0});
  hashed.run.supersede(std::vector<std::uint8_t>{0, 1, 0, 1});  // d c b a
  const auto records = [&](std::size_t batch) { return hashed.run.records(hashed.run.batch(batch)); };
  CHECK(records(0)[0].superseded);
  CHECK_FALSE(records(1)[0].superseded);
  CHECK_FALSE(records(1)[1].has_key);
  CHECK_FALSE(records(1)[1].superseded);
  CHECK(records(1)[2].superseded);
  CHECK(records(1)[2].tombstone);
  CHECK_FALSE(records(2)[0].superseded);
}

TEST_CASE("a batch with a wrong crc has its defect, the others their records") {
  LogBuilder log = LogBuilder::from_notation("{0} a=1 b=1");
  std::vector<BatchRun> runs;
  for (std::size_t i = 0; i < 2; ++i)
    append_to_runs(log.model().segments[0].batches[i].header.size_bytes(), log.position_of(i), runs);
  const Path path = log.file(SegmentFileKind::log, 0);
  ByteBuffer bytes = read_whole_file(path);
  bytes.back() ^= 1;
  write_whole_file(path, bytes);
  HashedRun run;
  run.read(*posix_file_system().open(path), runs[0]);
  CHECK_FALSE(run.defect());
  CHECK_FALSE(run.batch(0).is_damaged);
  REQUIRE(run.batch(1).is_damaged);
  CHECK(run.defect_of(1).code == DefectCode::crc_mismatch);
}

}  // namespace
}  // namespace kseg
