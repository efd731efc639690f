// What `kseg append` writes, against real brokers' logs and rule by rule.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <filesystem>
#include <set>
#include <string>

#include "cli/record_input.h"
#include "formats/producer_snapshot.h"
#include "lib/log_check.h"
#include "tests/append_lines.h"
#include "tests/dump_lines.h"
#include "tests/support/collected_report.h"
#include "tests/support/log_builder.h"

namespace kseg {
namespace {

namespace fs = std::filesystem;

const Path kBroker = Path(KSEG_TEST_DATA) / "broker";

std::vector<Path> fixture_partitions() {
  std::set<Path> folders;
  for (const auto& entry : fs::recursive_directory_iterator(kBroker)) {
    if (entry.path().extension() == ".log") folders.insert(entry.path().parent_path());
  }
  return {folders.begin(), folders.end()};
}

// Batches and records, without what only tells where and in how many bytes they lie, and in which topic. What
// is appended is of format 2, which has a timestamp type.
std::vector<std::string> batches_and_records(const Path& folder) {
  std::vector<std::string> found;
  for (auto line : dump_json({.targets = {folder}, .logs_only = true}).lines) {
    if (line.at("type") != "batch" && line.at("type") != "record") continue;
    for (const char* name : {"partition", "file", "position", "size", "magic", "crc", "base_timestamp",
                             "attributes", "valid", "decoded"}) {
      line.erase(name);
    }
    if (line.at("timestamp_type") == "NoTimestampType") line["timestamp_type"] = "CreateTime";
    found.push_back(line.dump());
  }
  return found;
}

std::string defects_of(const Path& folder) {
  CollectedReport report;
  verify(LogCheck::of_folder(posix_file_system(), folder, {}, report));
  std::string text;
  for (const LocatedDefect& defect : report.defects) text += describe(defect.defect) + "\n";
  return text;
}

AppendRequest copy_to(const Path& folder) {
  return {.partition = folder, .create = true, .preserve_offsets = true, .now_ms = 1};
}

TEST_CASE("a copy of a real broker's dump holds the same batches and records, and verifies") {
  int copied = 0;
  for (const Path& original : fixture_partitions()) {
    CAPTURE(original.string());
    const Dumped dump = dump_json({.targets = {original}});
    if (!dump.of_type("defect").empty()) continue;
    TemporaryFolder folder;
    const Path copy = folder.path() / "copy-0";
    const Appended appended = append_lines(posix_file_system(), copy_to(copy), dump.answers);
    CHECK(appended.refused == "");
    CHECK(appended.what == "");
    CHECK(batches_and_records(copy) == batches_and_records(original));
    CHECK(defects_of(copy) == "");
    ++copied;
  }
  CHECK(copied == 130);
}

// Segments that a broker wrote without a break have the indexes that their batches give.
TEST_CASE("the indexes and transaction index of a copy are those of the broker, byte for byte") {
  int compared = 0;
  for (const char* name : {"append-time-0", "big-0", "billing-streams-by-prefix-repartition-0",
                           "billing-streams-by-prefix-repartition-1", "__consumer_offsets-1"}) {
    CAPTURE(name);
    const Path original = kBroker / "cluster-a" / name;
    TemporaryFolder folder;
    const Path copy = folder.path() / "copy-0";
    const Dumped dump = dump_json({.targets = {original}});
    AppendRequest request = copy_to(copy);
    request.topic_id = parse_uuid("ASNFZ4mrze_-3LqYdlQyEA");
    REQUIRE(append_lines(posix_file_system(), request, dump.answers).what == "");
    FolderFiles ours = read_folder(copy);
    for (const auto& [file, bytes] : read_folder(original)) {
      if (file.ends_with(".txnindex") || (file.ends_with("index") && ours.at(file).size() == bytes.size())) {
        CHECK(ours.at(file) == bytes);
        ++compared;
      }
    }
    CHECK(as_text(ours.at("partition.metadata")) == "version: 0\ntopic_id: ASNFZ4mrze_-3LqYdlQyEA");
  }
  CHECK(compared >= 8);
}

struct Partition {
  LogBuilder log;
  AppendRequest request;

  explicit Partition(const char* notation) : log(LogBuilder::from_notation(notation)) {
    log.in_log_dir("t", 0);
    request = {.partition = log.path(), .now_ms = 1000};
  }
  Appended append(std::string_view lines) { return append_lines(posix_file_system(), request, lines); }
  std::string file(std::string_view name) { return std::string(as_text(read_whole_file(log.root() / name))); }
};

TEST_CASE("a segment is rolled when the time since its first batch is above segment.ms") {
  Partition partition("{0} a=1@1000");
  partition.request.config.segment_ms = 500;
  const Appended appended = partition.append(R"({"key":"a","value":"2","timestamp":1500}
{"type":"summary"}
{"key":"b","value":"3","timestamp":1501,"producer_id":1,"producer_epoch":0,"sequence":0}
)");
  CHECK(appended.what == "");
  CHECK(appended.report.segments_created == 1);
  CHECK(fs::exists(partition.log.path() / "00000000000000000002.log"));
  CHECK(fs::exists(partition.log.path() / "00000000000000000002.snapshot"));
}

TEST_CASE("the snapshot at a roll holds what is below it, the one at the end all") {
  Partition partition("{0} a=1");
  partition.request.config.segment_bytes = 100;
  REQUIRE(partition
              .append(R"({"key":"a","producer_id":1,"producer_epoch":0,"sequence":0}
{"key":"b","producer_id":2,"producer_epoch":0,"sequence":0}
)")
              .what == "");
  const auto producers = [&](const char* name) {
    const auto entries = decode_producer_snapshot(read_whole_file(partition.log.path() / name));
    REQUIRE(entries);
    return entries->size();
  };
  CHECK(producers("00000000000000000001.snapshot") == 0);
  CHECK(producers("00000000000000000002.snapshot") == 1);
  CHECK(producers("00000000000000000003.snapshot") == 2);
}

TEST_CASE("a partition whose offsets are far apart gets a segment that can hold them") {
  TemporaryFolder folder;
  const Appended appended =
      append_lines(posix_file_system(), copy_to(folder.path() / "t-0"), R"({"offset":1,"key":"a"}
{"offset":4294967297,"key":"b"}
)");
  CHECK(appended.what == "");
  CHECK(appended.report.segments_created == 2);
  CHECK(appended.report.log_end == Offset{4294967298});
  CHECK(defects_of(folder.path() / "t-0") == "");
}

TEST_CASE("sequences of an idempotent producer must go on, as a leader has it") {
  Partition partition("{0} P5s10[a=1 b=2]");
  const auto with = [&](int epoch, int sequence) {
    return partition.append(
        fmt::format(R"({{"key":"c","producer_id":5,"producer_epoch":{},"sequence":{}}})", epoch, sequence));
  };
  CHECK(with(0, 11).what == "producer_state: expected sequence 12 of producer 5, epoch 0, found 11");
  CHECK(with(0, 13).line == 1);
  CHECK(with(1, 1).what == "producer_state: expected sequence 0 of producer 5, epoch 1, found 1");
  CHECK(with(0, 12).what == "");
  CHECK(with(1, 0).what == "");
  CHECK(with(0, 1).what == "producer_state: expected an epoch of producer 5 of at least 1, found 0");
}

TEST_CASE("data outside of the open transaction of its producer is refused") {
  Partition partition("{0} T5[a=1]");
  CHECK(partition.append(R"({"key":"c","producer_id":5,"producer_epoch":0,"sequence":1})")
            .what.starts_with("producer_state"));
  CHECK(
      partition.append(R"({"key":"c","producer_id":5,"producer_epoch":0,"sequence":1,"transactional":true})")
          .what == "");
  CHECK(partition.append(R"({"key":"c","transactional":true})").what.starts_with("bad_producer"));
}

TEST_CASE("the entry of an aborted transaction has the first offset of one that is still open") {
  Partition partition("{0} T5[a=1] T6[b=2]");
  REQUIRE(partition
              .append(R"({"producer_id":6,"producer_epoch":0,"transactional":true,"control":{"type":"ABORT"}}
{"producer_id":5,"producer_epoch":0,"transactional":true,"control":{"type":"ABORT"}}
)")
              .what == "");
  const auto entries =
      decode_transaction_index(read_whole_file(partition.log.path() / "00000000000000000000.txnindex"), {0});
  REQUIRE(entries);
  REQUIRE(entries->size() == 2);
  CHECK((*entries)[0] ==
        AbortedTxn{.producer_id = 6, .first_offset = {1}, .last_offset = {2}, .last_stable_offset = {0}});
  CHECK((*entries)[1] ==
        AbortedTxn{.producer_id = 5, .first_offset = {0}, .last_offset = {3}, .last_stable_offset = {4}});
}

TEST_CASE("batches carry the last leader epoch, a copy those of the input") {
  Partition partition("{0} a=1+3");
  REQUIRE(partition.append(R"({"key":"b","leader_epoch":9})").what == "");
  CHECK(partition.file("t-0/leader-epoch-checkpoint") == "0\n1\n3 0\n");
  partition.request.preserve_offsets = true;
  REQUIRE(partition.append("{\"offset\":7,\"key\":\"b\",\"leader_epoch\":9}\n{\"offset\":8,\"key\":\"c\"}")
              .what == "");
  CHECK(partition.file("t-0/leader-epoch-checkpoint") == "0\n2\n3 0\n9 7\n");
}

TEST_CASE("a snapshot of a longer log goes before it could be taken for ours") {
  Partition partition("{0} a=1");
  write_whole_file(partition.log.path() / "00000000000000000005.snapshot", as_bytes("stale"));
  REQUIRE(partition.append(R"({"key":"b"})").what == "");
  CHECK_FALSE(fs::exists(partition.log.path() / "00000000000000000005.snapshot"));
}

TEST_CASE("checkpoint entries of other partitions stay as and where they are") {
  Partition partition("{0} a=1");
  const Path path = partition.log.root() / "recovery-point-offset-checkpoint";
  write_whole_file(path, as_bytes("0\n3\nb 1 5\nt 0 1\na 0 7\n"));
  REQUIRE(partition.append(R"({"key":"b"})").what == "");
  CHECK(partition.file("recovery-point-offset-checkpoint") == "0\n3\nb 1 5\nt 0 2\na 0 7\n");
}

TEST_CASE("the mark of a clean shutdown comes back as it was") {
  Partition partition("{0} a=1");
  write_whole_file(partition.log.root() / ".kafka_cleanshutdown",
                   as_bytes(R"({"version":0,"brokerEpoch":12})"));
  REQUIRE(partition.append(R"({"key":"b"})").what == "");
  CHECK(partition.file(".kafka_cleanshutdown") == R"({"version":0,"brokerEpoch":12})");
}

TEST_CASE("a line that is not JSON is told with its place, and no line trips the parser") {
  RecordInput input({});
  const std::string line =
      R"({"type":"record","offset":1,"timestamp":2,"key":{"base64":"/w=="},"value":"\u00e9\ud83d\ude00\n",)"
      R"("headers":[{"key":"h","value":null},{"key":"i","value":"x"}],"control":null})";
  REQUIRE(input.parse(line, 1) == RecordInput::What::record);
  CHECK(as_text(*input.record().record.key) == "\xff");
  CHECK(as_text(*input.record().record.value) == "\xc3\xa9\xf0\x9f\x98\x80\n");
  CHECK(input.record().record.header_count == 2);
  for (std::size_t size = 0; size < line.size(); ++size) {
    CAPTURE(size);
    CHECK(input.parse(std::string_view(line).substr(0, size), 1) == RecordInput::What::wrong);
    CHECK(input.wrong() != "");
  }
  for (std::size_t at = 0; at < line.size(); ++at) {
    for (const char letter : {'"', '\\', '{', '}', ',', ':', '0', '\0', '\xff'}) {
      std::string changed = line;
      changed[at] = letter;
      const bool valid = nlohmann::json::accept(changed);
      const auto what = input.parse(changed, 1);
      if (!valid) CHECK(what == RecordInput::What::wrong);
    }
  }
}

}  // namespace
}  // namespace kseg
