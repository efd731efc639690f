#include "formats/metadata_record.h"

#include <doctest/doctest.h>

#include "tests/support/hex.h"
#include "tests/support/page_example.h"

namespace kseg {
namespace {

const Uuid kTopic = *parse_uuid("ASNFZ4mrze_-3LqYdlQyEA");

ByteBuffer encoded(const MetadataRecord& record) {
  ByteBuffer bytes;
  encode_metadata_record(record, bytes);
  return bytes;
}

MetadataRecord decoded(Bytes bytes) {
  const auto record = decode_metadata_record(bytes);
  REQUIRE(record);
  REQUIRE(record->has_value());
  return **record;
}

DefectCode code_of(std::string_view hex) {
  const auto record = decode_metadata_record(from_hex(hex));
  REQUIRE_FALSE(record);
  return record.error().code;
}

// One of each type, with all that it can have.
const MetadataRecord kRecords[] = {
    TopicRecord{.name = "orders", .topic_id = kTopic},
    RemoveTopicRecord{.topic_id = kTopic},
    PartitionRecord{.partition = 3, .topic_id = kTopic, .replicas = {1, 2, 3}},
    PartitionRecord{.partition = 3, .topic_id = kTopic, .replicas = {1}, .directories = {kTopic}},
    PartitionChangeRecord{.partition = 3, .topic_id = kTopic},
    PartitionChangeRecord{.partition = 3, .topic_id = kTopic, .replicas = {{7, 8}}},
    PartitionChangeRecord{
        .partition = 3, .topic_id = kTopic, .replicas = {{7}}, .directories = std::vector{kTopic}},
    ConfigRecord{.resource_name = "orders", .name = "retention.ms", .value = "1"},
    ConfigRecord{.resource = ConfigResource::broker, .name = "log.retention.ms", .value = std::nullopt},
    ConfigRecord{.resource = static_cast<ConfigResource>(16), .resource_name = "m", .name = "n", .value = ""},
    BeginTransactionRecord{},
    EndTransactionRecord{},
    AbortTransactionRecord{},
};

TEST_CASE("the examples of formats/metadata_record.md are what the page says, and are written so") {
  const auto example = [](std::string_view name) { return hex_example("metadata_record.md", name); };
  const MetadataRecord topic = TopicRecord{.name = "orders", .topic_id = kTopic};
  CHECK(decoded(example("topic")) == topic);
  CHECK(encoded(topic) == example("topic"));
  PartitionRecord partition{.partition = 0, .topic_id = kTopic, .replicas = {1, 2}};
  CHECK(decoded(example("partition")) == MetadataRecord(partition));
  CHECK(encoded(partition) == example("partition"));
  partition.directories = {kTopic, kTopic};
  CHECK(decoded(example("partition-directories")) == MetadataRecord(partition));
  CHECK(encoded(partition) == example("partition-directories"));
  CHECK(decoded(example("in-sync")) == MetadataRecord(PartitionChangeRecord{.topic_id = kTopic}));
  const MetadataRecord config =
      ConfigRecord{.resource_name = "orders", .name = "cleanup.policy", .value = "compact"};
  CHECK(decoded(example("config")) == config);
  CHECK(encoded(config) == example("config"));
}

TEST_CASE("metadata records read back as they were written") {
  for (const MetadataRecord& record : kRecords) CHECK(decoded(encoded(record)) == record);
}

TEST_CASE("a metadata record that is cut short is a defect at every byte, as is one that goes on") {
  for (const MetadataRecord& record : kRecords) {
    ByteBuffer bytes = encoded(record);
    CAPTURE(to_hex(bytes));
    for (std::size_t size = 0; size < bytes.size(); ++size)
      CHECK_FALSE(decode_metadata_record(Bytes(bytes).first(size)));
    bytes.push_back(0);
    const auto longer = decode_metadata_record(bytes);
    REQUIRE_FALSE(longer);
    CHECK(longer.error().code == DefectCode::trailing_bytes);
  }
}

TEST_CASE("a partition's replicas are read whatever tags follow, and a tag that is null changes nothing") {
  const auto elr = decoded(from_hex(
      "01 03 02 00000000 0123456789abcdeffedcba9876543210 03 00000001 00000002 03 00000001 00000002 01 01 "
      "00000001 00000000 00000000 01 01 01 05 02 00000003"));
  CHECK(elr == MetadataRecord(PartitionRecord{.topic_id = kTopic, .replicas = {1, 2}}));
  const auto null =
      decoded(from_hex("01 05 01 00000000 0123456789abcdeffedcba9876543210 02 02 01 00 08 01 00"));
  CHECK(null == MetadataRecord(PartitionChangeRecord{.topic_id = kTopic}));
  // Tag 8 has no meaning in version 0.
  const auto old = decoded(from_hex("01 05 00 00000000 0123456789abcdeffedcba9876543210 01 08 01 01"));
  CHECK(old == MetadataRecord(PartitionChangeRecord{.topic_id = kTopic}));
}

TEST_CASE("metadata records of other types are passed over, whatever is in them") {
  const auto no_op = decode_metadata_record(from_hex("01 14 00 00"));
  REQUIRE(no_op);
  CHECK_FALSE(*no_op);
  const auto of_a_later_release = decode_metadata_record(from_hex("01 e3 07 05 ffff"));
  REQUIRE(of_a_later_release);
  CHECK_FALSE(*of_a_later_release);
}

TEST_CASE("a frame or a version that is not known, a length that cannot be, are defects") {
  CHECK(code_of("00 14 00 00") == DefectCode::unknown_version);
  CHECK(code_of("02 14 00 00") == DefectCode::unknown_version);
  CHECK(code_of("01 02 01 02 61 0123456789abcdeffedcba9876543210 00") == DefectCode::unknown_version);
  CHECK(code_of("01 80 80 02 00") == DefectCode::bad_length);
  CHECK(code_of("01 ff ff ff ff ff 00") == DefectCode::bad_varint);
  CHECK(code_of("01 02 00 00 0123456789abcdeffedcba9876543210 00") == DefectCode::bad_length);  // null
  CHECK(code_of("01 02 00 81 80 02 61") == DefectCode::bad_length);                             // 32768 bytes
  CHECK(code_of("01 03 00 00000000 0123456789abcdeffedcba9876543210 00") == DefectCode::bad_length);
  CHECK(code_of("01 03 00 00000000 0123456789abcdeffedcba9876543210 ff ff ff ff 0f") ==
        DefectCode::truncated);
  CHECK(code_of("01 05 00 00000000 0123456789abcdeffedcba9876543210 01 02 06 02 00000007 00") ==
        DefectCode::trailing_bytes);
  CHECK(code_of("01 05 00 00000000 0123456789abcdeffedcba9876543210 01 02 05 03 00000007") ==
        DefectCode::truncated);
}

}  // namespace
}  // namespace kseg
