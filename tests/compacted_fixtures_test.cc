// Every partition that a real broker wrote, compacted: also those of topics that are not compacted, whose
// records without a key go. verify --against must find nothing lost, twice over.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>

#include "lib/against.h"
#include "lib/compaction.h"
#include "tests/support/collected_report.h"
#include "tests/support/faulty_file_system.h"
#include "tests/support/temporary_folder.h"

namespace kseg {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t kDay = 86'400'000;
constexpr std::int64_t kAfterTheFixtures =
    4'000'000'000'000;  // every horizon has passed, every producer expired

std::vector<Path> partitions_of(const Path& root) {
  std::vector<Path> partitions;
  for (const auto& entry : fs::directory_iterator(root)) {
    const auto name = parse_partition_folder_name(entry.path().filename().string());
    if (entry.is_directory() && name && name->kind == PartitionFolderKind::current)
      partitions.push_back(entry.path());
  }
  std::sort(partitions.begin(), partitions.end());
  return partitions;
}

CompactionReport compact_to(FileSystem& files, const Path& from, const Path& to, std::int64_t now_ms,
                            std::uint64_t segment_bytes) {
  CompactionRequest request{.partition = from, .output = to, .first_dirty = Offset{0}, .now_ms = now_ms};
  request.config.segment_bytes = segment_bytes;
  const auto outcome = compact(files, request);
  if (const auto* refusal = std::get_if<Refusal>(&outcome)) {
    std::string why = refusal->reason;
    for (const LocatedDefect& defect : refusal->defects) why += "; " + describe(defect.defect);
    FAIL("refused: ", why);
  }
  return std::get<CompactionReport>(outcome);
}

void expect_same(const Path& cleaned, const Path& original) {
  CollectedReport report;
  const Comparison comparison = compare(posix_file_system(), cleaned, original, {}, report);
  for (const Difference& difference : comparison.differences) {
    FAIL_CHECK(fmt::format("{} at {}: expected {}, found {}", name(difference.code), difference.offset,
                           difference.expected, difference.found));
  }
  CHECK(report.defects.empty());
}

void check_root(const std::string& root, int at_least) {
  FaultyFileSystem files(posix_file_system());
  files.skip_syncs();
  int compacted = 0;
  for (const Path& partition : partitions_of(Path(KSEG_TEST_DATA) / "broker" / root)) {
    CAPTURE(partition);
    for (const std::uint64_t segment_bytes : {std::uint64_t{4096}, std::uint64_t{1} << 30}) {
      const TemporaryFolder temporary;
      const Path once = temporary.path() / "once" / partition.filename();
      const Path twice = temporary.path() / "twice" / partition.filename();
      fs::create_directories(once.parent_path());
      fs::create_directories(twice.parent_path());
      // A first round sets horizons, a second one finds them passed.
      compacted += compact_to(files, partition, once, kAfterTheFixtures - kDay, segment_bytes).ran ? 1 : 0;
      expect_same(once, partition);
      compact_to(files, once, twice, kAfterTheFixtures + kDay, segment_bytes);
      expect_same(twice, once);
      expect_same(twice, partition);
    }
  }
  CHECK(compacted >= at_least);
}

TEST_CASE("compacting any partition of a broker's log directory loses nothing") {
  check_root("cluster-a", 20);
}

TEST_CASE("nor does compacting what Kafka's cleaner is about to clean, or has cleaned") {
  check_root("compaction/0-before", 18);
  check_root("compaction/1-first-round", 18);
  check_root("compaction/2-second-round", 18);
  check_root("compaction/3-third-round", 18);
}

}  // namespace
}  // namespace kseg
