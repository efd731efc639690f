// A deletion that dies at any file operation leaves the rest of the log, from the start of a segment on,
// and another one finishes it.
#include <doctest/doctest.h>

#include <algorithm>
#include <string>

#include "lib/leader_epochs.h"
#include "lib/retention.h"
#include "lib/segment_reader.h"
#include "tests/power_cuts.h"
#include "tests/refusals.h"
#include "tests/support/collected_report.h"
#include "tests/support/faulty_file_system.h"
#include "tests/support/load.h"
#include "tests/support/log_builder.h"

namespace kseg {
namespace {

constexpr const char* kLog =
    "{0} a=1+1 P5[b=2]+2 {2} T7[c=3]+2 A7+2 !7,2,3,4 d=4+3 {5} e=5+3 {6} T9[x=1]+3 A9+3 !9,6,7,8 {8} "
    "P5s1[f=6]+3";

struct Sample {
  LogBuilder log = LogBuilder::from_notation(kLog);
  TemporaryFolder folder;
  Path root = folder.path() / "root";
  Path partition = root / "t-0";
  bool snapshot_at_end;

  explicit Sample(bool with_snapshot_at_end) : snapshot_at_end(with_snapshot_at_end) {
    log.options({.snapshots_of_segments = true}).in_log_dir("t", 0, {.log_start = Offset{1}});
  }

  void restore() {
    std::filesystem::remove_all(root);
    std::filesystem::copy(log.root(), root, std::filesystem::copy_options::recursive);
    write_whole_file(partition / kLeaderEpochCheckpoint, as_bytes("0\n3\n1 0\n2 1\n3 4\n"));
    if (!snapshot_at_end) std::filesystem::remove(partition / "00000000000000000009.snapshot");
  }
};

// `retention_ms` 993: the first three go; 0: everything goes.
RetentionRequest request(const std::string& retention_ms) {
  RetentionRequest request{.now_ms = 1000};
  request.config.set("cleanup.policy", "delete");
  request.config.set("retention.ms", retention_ms);
  return request;
}

RetentionReport run(FileSystem& files, const Sample& sample, const std::string& retention_ms) {
  const auto outcome = Retention(files, request(retention_ms)).apply(sample.partition);
  if (const auto* refusal = std::get_if<Refusal>(&outcome)) FAIL(refusal->reason);
  return std::get<RetentionReport>(outcome);
}

ByteBuffer batches_of(const PartitionLog& log) {
  ByteBuffer all;
  for (const Segment& segment : log.segments()) append(all, read_whole_file(segment.log));
  return all;
}

bool ends_with(const ByteBuffer& whole, const ByteBuffer& part) {
  return part.size() <= whole.size() && std::equal(part.rbegin(), part.rend(), whole.rbegin());
}

// Without what a stop may leave: epochs below the log start, which a broker has no use for.
FolderFiles comparable(const Path& partition, Offset log_start) {
  FolderFiles files = read_folder(partition);
  LeaderEpochs epochs(*decode_leader_epoch_checkpoint(files.at(std::string(kLeaderEpochCheckpoint))));
  epochs.begin_at(log_start);
  const std::string text = encode_leader_epoch_checkpoint(epochs.entries());
  files[std::string(kLeaderEpochCheckpoint)].assign(text.begin(), text.end());
  return files;
}

void expect_the_rest(Sample& sample, const ByteBuffer& whole, Offset new_log_start) {
  load_as_broker(posix_file_system(), sample.partition);
  const PartitionLog log = PartitionLog::open(posix_file_system(), sample.partition);
  REQUIRE_FALSE(log.segments().empty());
  CHECK(log.segments().front().base_offset <= new_log_start);
  CHECK(ends_with(whole, batches_of(log)));
  // No aborted transaction has become visible, and every index fits.
  CHECK(verify_folder(sample.partition).defects.empty());
}

// What is left is the rest, and the next run completes.
void expect_finished(Sample& sample, const ByteBuffer& whole, const RetentionReport& report,
                     const FolderFiles& after, const std::string& retention_ms) {
  CHECK(std::filesystem::exists(sample.root / kCleanShutdownFile));
  expect_the_rest(sample, whole, report.log_start);

  run(posix_file_system(), sample, retention_ms);
  FolderFiles again = comparable(sample.partition, report.log_start);
  // What a stop between the renames of one segment left behind is what a broker's loading removes.
  std::erase_if(again, [&](const auto& file) {
    const bool orphan = !after.contains(file.first) && *leading_offset(file.first) < report.log_start;
    if (orphan) CHECK_FALSE(file.first.ends_with(".log"));
    return orphan || file.first.ends_with(".tmp");
  });
  CHECK(again == after);
}

enum class Fault { stop, tear };

void fault_at_every_operation(Fault fault, const std::string& retention_ms, bool snapshot_at_end) {
  CAPTURE(retention_ms);
  Sample sample(snapshot_at_end);
  sample.restore();
  const ByteBuffer whole = batches_of(PartitionLog::open(posix_file_system(), sample.partition));
  FaultyFileSystem undisturbed(posix_file_system());
  undisturbed.skip_syncs();
  const RetentionReport report = run(undisturbed, sample, retention_ms);
  REQUIRE(report.gone.size() >= 3);
  const FolderFiles after = comparable(sample.partition, report.log_start);
  const std::string rolled = to_string({.kind = SegmentFileKind::log, .offset = report.log_end});
  CHECK(after.contains(rolled) == report.rolled);

  for (std::size_t at = 0; at < undisturbed.operation_count(); ++at) {
    CAPTURE(at);
    CAPTURE(undisturbed.journal()[at]);
    sample.restore();
    FaultyFileSystem faulty(posix_file_system());
    faulty.skip_syncs();
    switch (fault) {
      case Fault::stop:
        faulty.stop_at(at);
        CHECK_THROWS_AS(run(faulty, sample, retention_ms), Stopped);
        break;
      case Fault::tear:
        faulty.tear_at(at);
        CHECK_THROWS_AS(run(faulty, sample, retention_ms), Stopped);
        break;
    }
    expect_finished(sample, whole, report, after, retention_ms);
  }
}

TEST_CASE("a process that dies before any operation of a deletion leaves the rest of the log") {
  fault_at_every_operation(Fault::stop, "993", true);
  fault_at_every_operation(Fault::stop, "0", true);
  fault_at_every_operation(Fault::stop, "0", false);
}

TEST_CASE("a process that dies half-way through a write of a deletion leaves the rest of the log") {
  fault_at_every_operation(Fault::tear, "993", true);
  fault_at_every_operation(Fault::tear, "0", false);
}

void cut_power(const std::string& what, const std::string& retention_ms) {
  Sample sample(false);
  sample.restore();
  const ByteBuffer whole = batches_of(PartitionLog::open(posix_file_system(), sample.partition));
  const RetentionReport report = run(posix_file_system(), sample, retention_ms);
  PowerCuts{.what = what,
            .root = sample.root,
            .restore = [&] { sample.restore(); },
            .run = [&](FileSystem& files) { run(files, sample, retention_ms); },
            .judge =
                [&] {
                  CHECK(std::filesystem::exists(sample.root / kCleanShutdownFile));
                  expect_the_rest(sample, whole, report.log_start);
                  run(posix_file_system(), sample, retention_ms);
                  const PartitionLog log = PartitionLog::open(posix_file_system(), sample.partition);
                  CHECK(log.segments().front().base_offset == report.log_start);
                  expect_the_rest(sample, whole, report.log_start);
                }}
      .make_all();
}

TEST_CASE("a power cut at any operation of a deletion leaves the rest of the log") {
  cut_power("retention", "993");
  cut_power("retention of all segments", "0");
}

void refuse(const std::string& what, const std::string& retention_ms, bool snapshot_at_end) {
  Sample sample(snapshot_at_end);
  sample.restore();
  const FolderFiles before = read_folder(sample.partition);
  const ByteBuffer whole = batches_of(PartitionLog::open(posix_file_system(), sample.partition));
  const RetentionReport report = run(posix_file_system(), sample, retention_ms);
  const FolderFiles after = comparable(sample.partition, report.log_start);
  const std::string rolled = to_string({.kind = SegmentFileKind::log, .offset = report.log_end});
  Refusals{.what = what,
           .restore = [&] { sample.restore(); },
           .run = [&](FileSystem& files) { Retention(files, request(retention_ms)).apply(sample.partition); },
           .judge =
               [&](bool) {
                 // Until the first segment goes all is as it was, but for an empty segment behind the others.
                 if (std::filesystem::exists(sample.partition / "00000000000000000000.log")) {
                   const FolderFiles left = read_folder(sample.partition);
                   CHECK(std::includes(left.begin(), left.end(), before.begin(), before.end()));
                   CHECK((left.size() == before.size() || left.contains(rolled)));
                 }
                 expect_finished(sample, whole, report, after, retention_ms);
               }}
      .make_all();
}

TEST_CASE("an operation that the system refuses ends a deletion and leaves the rest of the log") {
  refuse("retention", "993", true);
  refuse("retention of all segments", "0", true);
  refuse("retention of all segments, no snapshot at the end", "0", false);
}

TEST_CASE("a segment's log goes, and durably, before anything else of it and before the next one's") {
  Sample sample(true);
  sample.restore();
  FaultyFileSystem files(posix_file_system());
  REQUIRE(run(files, sample, "993").gone.size() == 3);
  std::string order;
  for (const std::string& operation : files.journal()) {
    const std::string name = operation.substr(operation.rfind('/') + 1);
    if (operation.starts_with("rename") && name.ends_with(".log")) order += 'L';
    if (operation.starts_with("rename") && !name.ends_with(".log") && !name.ends_with(".tmp")) order += 'r';
    if (operation.starts_with("remove")) order += 'u';
    if (operation.starts_with("sync_directory") && operation.ends_with("t-0")) order += 's';
  }
  // Of each: its log, the sync, its other files, the unlinks; then the folder and the leader epochs.
  CHECK(order == "LsrruuuLsrrrruuuuuLsrrruuuuss");
}

}  // namespace
}  // namespace kseg
