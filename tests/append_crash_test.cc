// An append that dies at any file operation leaves the old log and whole batches behind it; one that an
// operation fails leaves every byte as it was.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <string>

#include "lib/log_check.h"
#include "lib/recovery.h"
#include "lib/segment_reader.h"
#include "tests/append_lines.h"
#include "tests/power_cuts.h"
#include "tests/refusals.h"
#include "tests/support/collected_report.h"
#include "tests/support/faulty_file_system.h"
#include "tests/support/load.h"
#include "tests/support/log_builder.h"

namespace kseg {
namespace {

// Rolls several times; a transaction that is aborted, one that is committed, one that stays open.
constexpr std::string_view kLines =
    R"({"key":"a","value":"1","producer_id":15,"producer_epoch":0,"sequence":0}
{"key":"b","value":"2","producer_id":15,"producer_epoch":0,"sequence":1}
{"key":"c","value":"3","producer_id":17,"producer_epoch":0,"sequence":0,"transactional":true}
{"producer_id":17,"producer_epoch":1,"transactional":true,"control":{"type":"ABORT","coordinator_epoch":2}}
{"key":"d","value":null,"headers":[{"key":"h","value":null}]}
{"key":"e","value":"","producer_id":17,"producer_epoch":1,"sequence":0,"transactional":true}
{"producer_id":17,"producer_epoch":1,"transactional":true,"control":{"type":"COMMIT","coordinator_epoch":2}}
{"key":"f","value":"4","producer_id":9,"producer_epoch":0,"sequence":0,"transactional":true}
)";

constexpr const char* kLog = "{0} a=1 T7[b=2] A7 !7,1,2,3 {3} c=3 P5[d=4]";

struct Sample {
  LogBuilder log = LogBuilder::from_notation(kLog);
  TemporaryFolder folder;
  Path root = folder.path() / "root";
  Path partition = root / "t-0";

  Sample() { log.in_log_dir("t", 0); }

  void restore() {
    std::filesystem::remove_all(root);
    std::filesystem::copy(log.root(), root, std::filesystem::copy_options::recursive);
  }
  AppendRequest request() const {
    AppendRequest request{.partition = partition, .now_ms = 100};
    request.config.segment_bytes = 300;
    return request;
  }
};

// All batches, one after the other; a torn tail of the last segment is cut off.
ByteBuffer whole_batches(const Path& folder) {
  ByteBuffer all;
  const PartitionLog log = PartitionLog::open(posix_file_system(), folder);
  for (const Segment& segment : log.segments()) {
    const auto file = posix_file_system().open(segment.log);
    SegmentReader reader(*file);
    while (true) {
      const auto batch = reader.next();
      if (!batch) {
        CHECK(batch.error().code == DefectCode::torn_tail);
        CHECK(segment.log == log.active().log);
        continue;
      }
      if (!*batch) break;
      append(all, (*batch)->bytes);
    }
  }
  return all;
}

bool begins_with(const ByteBuffer& whole, const ByteBuffer& part) {
  return part.size() <= whole.size() && std::equal(part.begin(), part.end(), whole.begin());
}

ByteBuffer without_last_batch(const ByteBuffer& batches) {
  std::size_t last = 0;
  for (std::size_t at = 0; at < batches.size();) {
    last = at;
    at += decode_record_batch_header(Bytes(batches).subspan(at))->size_bytes();
  }
  return ByteBuffer(batches.begin(), batches.begin() + static_cast<std::ptrdiff_t>(last));
}

std::string defects(const Path& folder) {
  CollectedReport report;
  verify(LogCheck::of_folder(posix_file_system(), folder, {}, report));
  std::string text;
  for (const LocatedDefect& defect : report.defects) text += describe(defect.defect) + "\n";
  return text;
}

void die_at_every_operation(bool half_way) {
  Sample sample;
  sample.restore();
  const ByteBuffer before = whole_batches(sample.partition);
  FaultyFileSystem undisturbed(posix_file_system());
  undisturbed.skip_syncs();
  const Appended whole = append_lines(undisturbed, sample.request(), kLines);
  REQUIRE(whole.what == "");
  REQUIRE(whole.report.segments_created >= 2);
  REQUIRE(whole.report.transactions_aborted == 1);
  CHECK(defects(sample.partition) == "");
  const ByteBuffer after = whole_batches(sample.partition);
  const FolderFiles clean_root = read_folder(sample.root);
  const FolderFiles clean_folder = read_folder(sample.partition);

  for (std::size_t at = 0; at < undisturbed.operation_count(); ++at) {
    CAPTURE(at);
    CAPTURE(undisturbed.journal()[at]);
    sample.restore();
    FaultyFileSystem dying(posix_file_system());
    dying.skip_syncs();
    half_way ? dying.tear_at(at) : dying.stop_at(at);
    CHECK_THROWS_AS(append_lines(dying, sample.request(), kLines), Stopped);

    const ByteBuffer left = whole_batches(sample.partition);
    CHECK(begins_with(left, before));
    CHECK(begins_with(after, left));
    // A broker scans only what has no mark; with the mark all must be as it was, or as it should be.
    if (std::filesystem::exists(sample.root / ".kafka_cleanshutdown")) {
      CHECK((left == before || read_folder(sample.partition) == clean_folder));
    } else {
      CHECK(append_lines(posix_file_system(), sample.request(), kLines).refused != "");
    }
    load_as_broker(posix_file_system(), sample.partition);
    CHECK(defects(sample.partition) == "");

    AppendRequest again = sample.request();
    again.recover = true;
    const Appended next = append_lines(posix_file_system(), again, R"({"key":"z","value":"z"})");
    CHECK(next.refused == "");
    CHECK(next.report.records == 1);
    CHECK(begins_with(whole_batches(sample.partition), left));
    CHECK(defects(sample.partition) == "");
  }
}

TEST_CASE("an append that dies before any file operation leaves whole batches") {
  die_at_every_operation(false);
}

TEST_CASE("an append that dies half-way through any write leaves whole batches") {
  die_at_every_operation(true);
}

TEST_CASE("a power cut at any operation of an append leaves the old log, whatever of the unsynced is gone") {
  Sample sample;
  sample.restore();
  const ByteBuffer before = whole_batches(sample.partition);
  const FolderFiles folder = read_folder(sample.partition);
  REQUIRE(append_lines(posix_file_system(), sample.request(), kLines).what == "");
  const ByteBuffer after = whole_batches(sample.partition);
  const FolderFiles clean_folder = read_folder(sample.partition);

  PowerCuts{.what = "append",
            .root = sample.root,
            .restore = [&] { sample.restore(); },
            .run = [&](FileSystem& files) { append_lines(files, sample.request(), kLines); },
            .judge =
                [&] {
                  // A broker scans only what has no mark; with the mark all must be as it was, or as it
                  // should be.
                  if (std::filesystem::exists(sample.root / kCleanShutdownFile)) {
                    const FolderFiles left = read_folder(sample.partition);
                    CHECK((left == folder || left == clean_folder));
                    return;
                  }
                  AppendRequest again = sample.request();
                  again.recover = true;
                  const auto append_one = [&] {
                    return append_lines(posix_file_system(), again, R"({"key":"z","value":"z"})");
                  };
                  // What a broker that starts does.
                  const auto recover = [&] {
                    auto plan =
                        Recovery::plan(posix_file_system(), {.partition = sample.partition, .now_ms = 100});
                    REQUIRE(std::holds_alternative<Recovery>(plan));
                    std::get<Recovery>(plan).carry_out();
                    return std::get<Recovery>(plan).bytes_lost();
                  };
                  Appended next = append_one();
                  if (!next.refused.empty()) {  // the last batch ends in zeros: more than a torn tail
                    CHECK(recover() > 0);
                    next = append_one();
                  }
                  CHECK(next.refused == "");
                  CHECK(next.report.records == 1);
                  CHECK(recover() == 0);  // indexes are mended
                  CHECK(defects(sample.partition) == "");
                  // The old records, the first of the new ones, and the one from after the cut.
                  const ByteBuffer left = whole_batches(sample.partition);
                  CHECK(begins_with(left, before));
                  CHECK(begins_with(after, without_last_batch(left)));
                }}
      .make_all();
}

TEST_CASE("an append that the system refuses any operation leaves every byte as it was") {
  Sample sample;
  sample.restore();
  const FolderFiles root = read_folder(sample.root);
  const FolderFiles folder = read_folder(sample.partition);
  Appended appended;
  Refusals{.what = "append",
           .restore = [&] { sample.restore(); },
           .run = [&](FileSystem& files) { appended = append_lines(files, sample.request(), kLines); },
           .judge =
               [&](bool ended) {
                 CHECK((ended || !appended.refused.empty()));
                 CHECK(read_folder(sample.root) == root);
                 CHECK(read_folder(sample.partition) == folder);
               },
           // Most of what it reads (checkpoints, epochs, snapshots) may end anywhere and is then shorter, not
           // wrong: the append goes on.
           .short_reads = false}
      .make_all();
}

TEST_CASE("a new partition that the system refuses any operation is not there") {
  TemporaryFolder temporary;
  AppendRequest request{.partition = temporary.path() / "t-0", .create = true, .now_ms = 100};
  request.topic_id = parse_uuid("ASNFZ4mrze_-3LqYdlQyEA");
  request.config.segment_bytes = 300;
  REQUIRE(append_lines(posix_file_system(), request, kLines).what == "");
  CHECK(defects(request.partition) == "");
  Refusals{.what = "append to a new partition",
           .restore = [&] { std::filesystem::remove_all(request.partition); },
           .run = [&](FileSystem& files) { append_lines(files, request, kLines); },
           .judge =
               [&](bool ended) {
                 CHECK(ended);
                 CHECK_FALSE(std::filesystem::exists(request.partition));
               }}
      .make_all();
}

}  // namespace
}  // namespace kseg
