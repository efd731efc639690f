#include "formats/kafka_text.h"

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>

#include "lib/partition_reader.h"
#include "tests/support/hex.h"

namespace kseg {
namespace {

const std::filesystem::path kData = KSEG_TEST_DATA;

std::optional<ByteBuffer> bytes_of(std::string_view hex) {
  if (hex == "-") return std::nullopt;
  return from_hex(hex == "=" ? "" : hex);
}

std::string control_text(std::string_view key, std::string_view value) {
  const auto key_bytes = bytes_of(key);
  const auto value_bytes = bytes_of(value);
  RecordView record;
  if (key_bytes) record.key = *key_bytes;
  if (value_bytes) record.value = *value_bytes;
  fmt::memory_buffer text;
  return append_kafka_control_text(record, text) ? fmt::to_string(text) : "the run ends";
}

TEST_CASE("records of internal topics, whole and broken, are told as Kafka's dump tool tells them") {
  std::ifstream file(kData / "internal_records.txt");
  REQUIRE(file.good());
  KafkaRecordText text;
  int records = 0;
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with('#')) continue;
    std::string topic;
    std::string key_hex;
    std::string value_hex;
    std::istringstream(line) >> topic >> key_hex >> value_hex;
    const auto key = bytes_of(key_hex);
    const auto value = bytes_of(value_hex);
    RecordView record{.offset = Offset{7}};
    if (key) record.key = *key;
    if (value) record.value = *value;

    const bool told = kafka_record_text(*internal_topic("__" + topic), record, text);

    CAPTURE(line);
    ++records;
    std::string expected_key;
    std::string expected_value;
    REQUIRE(std::getline(file, expected_key));
    REQUIRE(told == (expected_key != "  the run ends"));
    if (!told) continue;
    REQUIRE(std::getline(file, expected_value));
    CHECK("  " + (text.has_key ? "K" + fmt::to_string(text.key) : "-") == expected_key);
    CHECK("  " + (text.has_value ? "V" + fmt::to_string(text.value) : "-") == expected_value);
  }
  CHECK(records > 700);
}

TEST_CASE("control records are told as Kafka's dump tool tells them") {
  CHECK(control_text("00000000", "000000000009") == "endTxnMarker: ABORT coordinatorEpoch: 9");
  CHECK(control_text("00000001", "000000000009") == "endTxnMarker: COMMIT coordinatorEpoch: 9");
  CHECK(
      control_text("00000002", "0000 00000001 02 00000001 00 02 00000002 00 00") ==
      R"(LeaderChange: {"version":0,"leaderId":1,"voters":[{"voterId":1}],"grantingVoters":[{"voterId":2}]})");
  CHECK(control_text("00000003", "0000 0000018bcfe56800 00") ==
        R"(SnapshotHeader {"version":0,"lastContainedLogTimestamp":1700000000000})");
  CHECK(control_text("00000004", "0000 00") == R"(SnapshotFooter {"version":0})");
  CHECK(control_text("00000005", "0000 0001 00") == R"(KRaftVersion {"version":0,"kRaftVersion":1})");
  CHECK(control_text("00000006",
                     "0000 02 00000001 0123456789abcdeffedcba9876543210"
                     "02 02 43 02 68 2385 00 0000 0001 00 00 00") ==
        R"(KRaftVoters {"version":0,"voters":[{"voterId":1,"voterDirectoryId":"ASNFZ4mrze_-3LqYdlQyEA",)"
        R"("endpoints":[{"name":"C","host":"h","port":9093}],)"
        R"("kRaftVersionFeature":{"minSupportedVersion":0,"maxSupportedVersion":1}}]})");
  CHECK(control_text("00000063", "010203") == "controlType: UNKNOWN(99)");
}

TEST_CASE("at a broken control record Kafka's dump tool ends its run") {
  CHECK(control_text("-", "-") == "the run ends");
  CHECK(control_text("0000", "-") == "the run ends");
  CHECK(control_text("ffff0001", "000000000009") == "the run ends");
  CHECK(control_text("00000001", "0000000009") == "the run ends");
  CHECK(control_text("00000003", "-") == "the run ends");
  CHECK(control_text("00000004", "0000") == "the run ends");
}

// What stands behind the headers in a line of Kafka's dump.
std::string contents_of(const std::string& line) {
  static constexpr std::string_view kHeaders = "headerKeys: []";
  return line.substr(line.find(kHeaders) + kHeaders.size());
}

class KafkaDump {
 public:
  explicit KafkaDump(const std::filesystem::path& log, InternalTopic topic) : topic_(topic) {
    FileSystem& files = posix_file_system();
    PartitionReader reader = PartitionReader::of_file(files, log, {});
    Decompressor decompressor;
    ByteBuffer scratch;
    while (true) {
      const auto batch = reader.next();
      REQUIRE(batch);
      if (!*batch) break;
      const auto records = uncompressed_records(**batch, decompressor, scratch);
      REQUIRE(records);
      RecordReader in((*batch)->header, records->bytes);
      for (RecordView record; in.next(record);) add(record, (*batch)->header.is_control());
    }
  }

  std::vector<std::string> lines;  // a record each
  std::map<std::string, int> types;

 private:
  void add(const RecordView& record, bool is_control) {
    fmt::memory_buffer line;
    if (is_control) {
      line.push_back(' ');
      REQUIRE(append_kafka_control_text(record, line));
    } else {
      REQUIRE(kafka_record_text(topic_, record, text_));
      if (text_.has_key) fmt::format_to(std::back_inserter(line), " key: {}", fmt::to_string(text_.key));
      if (text_.has_value)
        fmt::format_to(std::back_inserter(line), " payload: {}", fmt::to_string(text_.value));
      const DecodedRecord& decoded = text_.decoded;
      ++types[std::string((text_.has_key ? decoded.key : decoded.value).name)];
      CHECK(decoded.key.wrong.empty());
      CHECK(decoded.value.wrong.empty());
    }
    lines.push_back(fmt::to_string(line));
  }

  InternalTopic topic_;
  KafkaRecordText text_;
};

TEST_CASE("every record of a broker's internal topics is told as Kafka's dump tool tells it") {
  const auto expected_root = kData / "broker/expected/cluster-a";
  std::map<std::string, int> types;
  std::size_t records = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(expected_root)) {
    if (!entry.path().string().ends_with(".decoded.txt")) continue;
    const auto dumped =
        entry.path().lexically_relative(expected_root).replace_extension().replace_extension();
    const auto folder = parse_partition_folder_name(dumped.parent_path().string());
    const auto topic = folder ? internal_topic(folder->partition.topic) : InternalTopic::cluster_metadata;
    CAPTURE(dumped.string());
    REQUIRE(topic);

    const KafkaDump dump(kData / "broker/cluster-a" / dumped, *topic);

    std::ifstream file(entry.path());
    std::vector<std::string> expected;
    for (std::string line; std::getline(file, line);) {
      if (line.starts_with("| ")) expected.push_back(contents_of(line));
    }
    CHECK(dump.lines == expected);
    records += expected.size();
    for (const auto& [type, count] : dump.types) types[type] += count;
  }
  CHECK(records == 745);
  // clang-format off
  const std::map<std::string, int> expected_types = {
      {"AccessControlEntryRecord", 3},
      {"BeginTransactionRecord", 1},
      {"BrokerRegistrationChangeRecord", 8},
      {"ClearElrRecord", 2},
      {"ClientQuotaRecord", 8},
      {"ConfigRecord", 259},
      {"ConsumerGroupCurrentMemberAssignment", 16},
      {"ConsumerGroupMemberMetadata", 6},
      {"ConsumerGroupMetadata", 6},
      {"ConsumerGroupRegularExpression", 4},
      {"ConsumerGroupTargetAssignmentMember", 8},
      {"ConsumerGroupTargetAssignmentMetadata", 4},
      {"EndTransactionRecord", 1},
      {"FeatureLevelRecord", 24},
      {"GroupMetadata", 3},
      {"NoOpRecord", 3},
      {"OffsetCommit", 27},
      {"PartitionChangeRecord", 91},
      {"PartitionRecord", 97},
      {"ProducerIdsRecord", 3},
      {"RegisterBrokerRecord", 4},
      {"RegisterControllerRecord", 4},
      {"RemoveAccessControlEntryRecord", 1},
      {"RemoveTopicRecord", 1},
      {"RemoveUserScramCredentialRecord", 1},
      {"ShareGroupCurrentMemberAssignment", 1},
      {"ShareGroupMemberMetadata", 1},
      {"ShareGroupMetadata", 1},
      {"ShareGroupStatePartitionMetadata", 1},
      {"ShareGroupTargetAssignmentMember", 1},
      {"ShareGroupTargetAssignmentMetadata", 1},
      {"ShareSnapshot", 3},
      {"ShareUpdate", 20},
      {"StreamsGroupCurrentMemberAssignment", 3},
      {"StreamsGroupMemberMetadata", 2},
      {"StreamsGroupMetadata", 3},
      {"StreamsGroupTargetAssignmentMember", 3},
      {"StreamsGroupTargetAssignmentMetadata", 2},
      {"StreamsGroupTopology", 1},
      {"TopicRecord", 63},
      {"TransactionLog", 33},
      {"UserScramCredentialRecord", 3}};
  // clang-format on
  CHECK((types == expected_types));
}

}  // namespace
}  // namespace kseg
