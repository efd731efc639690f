// Whole log directories of a real broker, and what Kafka's own classes read in them (tests/data/broker).
#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>

#include "tests/dump_lines.h"
#include "tests/support/temporary_folder.h"

namespace kseg {
namespace {

const Path kBroker = KSEG_TEST_DATA "/broker";

// The one value that the expectations give as a size and a SHA-256: this text has that SHA-256.
constexpr std::string_view kMebibyteSha256 =
    "71c5a16e400bc95f129d00032b350eba5505c438ea5d5b622a486b69a2de5518";
std::string mebibyte() {
  std::string text;
  for (int line = 0; text.size() < std::size_t{1} << 20; ++line) {
    text += fmt::format("line {} of a value of one mebibyte\n", line);
  }
  text.resize(std::size_t{1} << 20);
  return text;
}

std::vector<nlohmann::json> read_lines(const Path& path) {
  std::ifstream file(path);
  REQUIRE(file.good());
  std::vector<nlohmann::json> lines;
  for (std::string line; std::getline(file, line);) lines.push_back(nlohmann::json::parse(line));
  return lines;
}

nlohmann::json headers_of(const nlohmann::ordered_json& record) {
  nlohmann::json headers = nlohmann::json::array();
  for (const auto& header : record.at("headers")) {
    headers.push_back({{"key", header.at("key")}, {"value", base64_of(header.at("value"))}});
  }
  return headers;
}

// Our record and batch lines in the words of the expectations.
nlohmann::json in_kafkas_words(const nlohmann::ordered_json& record, const nlohmann::ordered_json& batch) {
  const auto& control = record.at("control");
  nlohmann::json line{{"offset", record.at("offset")},
                      {"timestamp", record.at("timestamp")},
                      {"timestampType", record.at("timestamp_type")},
                      {"key", base64_of(record.at("key"))},
                      {"headers", headers_of(record)},
                      {"producerId", record.at("producer_id")},
                      {"producerEpoch", record.at("producer_epoch")},
                      {"sequence", record.at("sequence")},
                      {"transactional", record.at("transactional")},
                      {"control", control.is_null() ? control : control.at("type")},
                      {"codec", batch.at("codec")},
                      {"magic", batch.at("magic")},
                      {"leaderEpoch", record.at("leader_epoch")},
                      {"batchBaseOffset", batch.at("base_offset")},
                      {"batchLastOffset", batch.at("last_offset")}};
  if (!batch.at("delete_horizon_ms").is_null()) line["deleteHorizonMs"] = batch.at("delete_horizon_ms");
  if (record.at("value") == mebibyte()) {
    line["valueSize"] = mebibyte().size();
    line["valueSha256"] = kMebibyteSha256;
  } else {
    line["value"] = base64_of(record.at("value"));
  }
  return line;
}

void check_records(const std::string& root) {
  for (const auto& entry : std::filesystem::directory_iterator(kBroker / "expected" / root / "records")) {
    const std::string partition = entry.path().stem().string();
    const auto expected = read_lines(entry.path());

    const Dumped dumped = dump_json({.targets = {kBroker / root / partition}});

    CAPTURE(root);
    CAPTURE(partition);
    CHECK(dumped.status == ExitStatus::done);
    CHECK(dumped.summary().at("type") == "summary");
    CHECK(dumped.summary().at("records") == expected.size());
    std::size_t next = 0;
    const nlohmann::ordered_json* batch = nullptr;
    for (const auto& line : dumped.lines) {
      if (line.at("type") == "batch") batch = &line;
      if (line.at("type") != "record") continue;
      REQUIRE(next < expected.size());
      REQUIRE(in_kafkas_words(line, *batch) == expected[next++]);
      CHECK(line.at("partition") == partition);
    }
    CHECK(next == expected.size());
  }
}

TEST_CASE("dump reads every record of a broker's log directory as Kafka does") {
  check_records("cluster-a");
}

TEST_CASE("dump reads every record before and after Kafka's cleaner as Kafka does") {
  for (const char* root : {"0-before", "1-first-round", "2-second-round", "3-third-round"}) {
    check_records(std::string("compaction/") + root);
  }
}

TEST_CASE(
    "dump reads every message of formats 0 and 1, and what Kafka's cleaner made of them, as Kafka does") {
  for (const char* root : {"0-written", "1-loaded-and-cleaned"}) check_records(std::string("legacy/") + root);
}

TEST_CASE("a whole log directory is dumped partition by partition, with its side files") {
  const Dumped dumped = dump_json({.targets = {kBroker / "cluster-a"}});

  CHECK(dumped.status == ExitStatus::done);
  CHECK(dumped.of_type("defect").empty());
  CHECK(dumped.of_type("note").empty());
  CHECK(dumped.of_type("record").size() == 8447);  // lines of expected/cluster-a/records
  CHECK(dumped.of_type("meta_properties").size() == 1);
  CHECK(dumped.of_type("partition_metadata").size() == 38);
  CHECK(dumped.of_type("checkpoint_entry").size() > 38);
  CHECK_FALSE(dumped.of_type("offset_index_entry").empty());
  CHECK_FALSE(dumped.of_type("time_index_entry").empty());
  CHECK_FALSE(dumped.of_type("aborted_txn").empty());
  CHECK_FALSE(dumped.of_type("producer").empty());
  CHECK_FALSE(dumped.of_type("leader_epoch").empty());
}

TEST_CASE("every range of a partition is cut out of it, wherever the index leads") {
  const Path partition = kBroker / "cluster-a" / "codec-none-0";
  const auto all = dump_json({.targets = {partition}}).of_type("record");
  REQUIRE(all.size() == 594);
  for (std::int64_t begin = 0; begin < 594; begin += 7) {
    for (const std::int64_t size : {1, 40}) {
      const OffsetRange range{{begin}, {begin + size}};
      const auto some =
          dump_json({.targets = {partition}, .selection = {.offsets = range}}).of_type("record");
      const auto from = all.begin() + begin;
      CAPTURE(begin);
      CAPTURE(size);
      CHECK((some == std::vector(from, std::min(from + size, all.end()))));
    }
  }
}

TEST_CASE("a killed broker's directory: torn tails are notes, a flipped byte is a defect") {
  const Dumped dumped = dump_json({.targets = {kBroker / "unclean/torn"}});

  CHECK(dumped.status == ExitStatus::no);
  const auto defects = dumped.of_type("defect");
  REQUIRE(defects.size() == 1);
  CHECK(defects[0].at("code") == "crc_mismatch");
  CHECK(defects[0].at("file").get<std::string>().ends_with("compacted-0/00000000000000000190.log"));

  int torn = 0;
  int padded = 0;
  for (const auto& note : dumped.of_type("note")) {
    const auto text = note.at("text").get<std::string>();
    torn += text.starts_with("torn_tail");
    padded += text.starts_with("zeros to the end, as in the index");
  }
  CHECK(torn == 3);  // torn-0 cut short, whole-0 with zeros behind it, preallocated-0
  CHECK(padded > 0);
}

TEST_CASE("the same torn tail is a defect where a broker appends no more") {
  const Path folder = kBroker / "unclean/torn/torn-0";
  const Dumped active = dump_json({.targets = {folder / "00000000000000000200.log"}});
  CHECK(active.status == ExitStatus::done);
  CHECK(active.of_type("note").size() == 1);

  const TemporaryFolder temporary;
  const Path copy = temporary.path() / "torn-0";
  std::filesystem::copy(folder, copy);
  std::ofstream(copy / "00000000000000000300.log");
  const Dumped closed = dump_json({.targets = {copy / "00000000000000000200.log"}});
  CHECK(closed.status == ExitStatus::no);
  REQUIRE(closed.of_type("defect").size() == 1);
  CHECK(closed.of_type("defect")[0].at("code") == "torn_tail");
  CHECK((closed.of_type("record") == active.of_type("record")));
}

}  // namespace
}  // namespace kseg
