// The delete policy on every partition of a directory that a real broker wrote: what is left is sound, and
// is the end of what was there.
#include <doctest/doctest.h>

#include <algorithm>

#include "lib/retention.h"
#include "tests/support/collected_report.h"
#include "tests/support/log_folder.h"
#include "tests/support/temporary_folder.h"

namespace kseg {
namespace {

const Path kCluster = Path(KSEG_TEST_DATA) / "broker/cluster-a";

RetentionRequest request_of(const std::vector<std::pair<const char*, const char*>>& settings,
                            std::int64_t now_ms) {
  RetentionRequest request{.now_ms = now_ms};
  request.config.topic_known = true;
  for (const auto& [name, value] : settings)
    REQUIRE_FALSE(request.config.set(name, value, SettingSource::topic));
  return request;
}

std::vector<Path> partitions_in(const Path& root) {
  std::vector<Path> found;
  for (const DirectoryEntry& entry : posix_file_system().list(root)) {
    const auto name = entry.is_directory ? parse_partition_folder_name(entry.name) : std::nullopt;
    if (name && name->partition.topic != kClusterMetadataTopic) found.push_back(root / entry.name);
  }
  return found;
}

ByteBuffer batches_in(const Path& partition) {
  ByteBuffer all;
  const PartitionLog log = PartitionLog::open(posix_file_system(), partition);
  for (const Segment& segment : log.segments()) append(all, read_whole_file(segment.log));
  return all;
}

bool ends_with(const ByteBuffer& whole, const ByteBuffer& part) {
  return part.size() <= whole.size() && std::equal(part.rbegin(), part.rend(), whole.rbegin());
}

std::string defects_in(const Path& root) {
  CollectedReport report;
  verify_log_dir(posix_file_system(), root, report);
  report.notes.clear();
  report.warnings.clear();  // of records that a producer made on purpose
  return report.text();
}

struct Tally {
  std::size_t gone = 0;
  std::size_t rolled = 0;
};

Tally retain(const RetentionRequest& request) {
  const TemporaryFolder folder;
  const Path root = folder.path() / "root";
  std::filesystem::copy(kCluster, root, std::filesystem::copy_options::recursive);
  write_whole_file(root / kCleanShutdownFile, {});
  REQUIRE(defects_in(root) == "");
  Tally tally;
  for (const bool again : {false, true}) {
    Retention retention(posix_file_system(), request);
    for (const Path& partition : partitions_in(root)) {
      CAPTURE(partition.filename().string());
      const ByteBuffer before = batches_in(partition);
      const auto outcome = retention.apply(partition);
      REQUIRE(std::holds_alternative<RetentionReport>(outcome));
      const auto& report = std::get<RetentionReport>(outcome);
      const ByteBuffer after = batches_in(partition);
      CHECK(ends_with(before, after));
      CHECK(before.size() - after.size() == report.bytes_gone);
      CHECK(report.log_start <= report.log_end);
      if (again) CHECK(report.gone.empty());
      tally.gone += report.gone.size();
      if (report.rolled) ++tally.rolled;
    }
  }
  CHECK(defects_in(root) == "");
  return tally;
}

TEST_CASE("real logs are sound after segments went by size, by time, and all of them") {
  constexpr std::int64_t kRecordsBegin = 1'700'000'000'000;
  const Tally by_size = retain(request_of({{"retention.bytes", "16384"}, {"retention.ms", "-1"}}, 0));
  CHECK(by_size.gone >= 20);
  CHECK(by_size.rolled == 0);

  const Tally by_time = retain(
      request_of({{"retention.ms", "60000"}, {"cleanup.policy", "compact,delete"}}, kRecordsBegin + 120'000));
  CHECK(by_time.gone >= 10);

  const Tally all = retain(request_of({{"retention.bytes", "0"}}, 0));
  CHECK(all.gone >= 90);
  CHECK(all.rolled >= 25);

  const Tally none = retain(request_of({{"cleanup.policy", "compact"}, {"retention.bytes", "0"}}, 0));
  CHECK(none.gone == 0);
}

}  // namespace
}  // namespace kseg
