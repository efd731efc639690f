#include "formats/internal_record.h"

#include <doctest/doctest.h>

#include "tests/support/hex.h"
#include "tests/support/page_example.h"

namespace kseg {
namespace {

using State = DecodedMessage::State;

struct Decoded {
  Decoded(InternalTopic topic, std::string_view key_hex, std::string_view value_hex)
      : key(from_hex(key_hex)), value(from_hex(value_hex)) {
    RecordView view;
    if (!key.empty()) view.key = key;
    if (!value.empty()) view.value = value;
    decode_internal_record(topic, view, MessageForm::whole, record);
  }

  std::string key_json() const { return fmt::to_string(record.key.data); }
  std::string value_json() const { return fmt::to_string(record.value.data); }

  ByteBuffer key;    // empty for null
  ByteBuffer value;  // likewise
  DecodedRecord record;
};

Decoded group(std::string_view value) {
  return {InternalTopic::consumer_offsets, "0003 0002 6731", value};
}
Decoded metadata(std::string_view value) {
  return {InternalTopic::cluster_metadata, "", value};
}

TEST_CASE("the examples of formats/internal_record.md are what the page says") {
  const auto hex = [](std::string_view name) { return to_hex(hex_example("internal_record.md", name)); };
  const Decoded commit(InternalTopic::consumer_offsets, hex("offset-commit-key"), hex("offset-commit-value"));
  CHECK(commit.record.key.type == 1);
  CHECK(commit.record.key.name == "OffsetCommit");
  CHECK(commit.key_json() == R"({"group":"g1","topic":"orders","partition":3})");
  CHECK(commit.record.value.version == 4);
  CHECK(
      commit.value_json() ==
      R"({"offset":1234,"leaderEpoch":5,"metadata":"m","commitTimestamp":1700000000000,"topicId":"ASNFZ4mrze_-3LqYdlQyEA"})");
  const Decoded feature = metadata(hex("feature-level"));
  CHECK(feature.record.value.type == 12);
  CHECK(feature.record.value.name == "FeatureLevelRecord");
  CHECK(feature.record.value.version == 0);
  CHECK(feature.value_json() == R"({"name":"metadata.version","featureLevel":20})");
}

TEST_CASE("a topic is internal by its name") {
  CHECK(internal_topic("__consumer_offsets") == InternalTopic::consumer_offsets);
  CHECK(internal_topic("__transaction_state") == InternalTopic::transaction_state);
  CHECK(internal_topic("__share_group_state") == InternalTopic::share_group_state);
  CHECK(internal_topic("__cluster_metadata") == InternalTopic::cluster_metadata);
  CHECK(internal_topic("__remote_log_metadata") == InternalTopic::remote_log_metadata);
  CHECK_FALSE(internal_topic("consumer_offsets"));
  CHECK_FALSE(internal_topic("orders"));
}

TEST_CASE("unknown tags are shown with their bytes, in each structure that has some") {
  CHECK(group("0000 00000004 02 05 02 abcd 09 00").value_json() ==
        R"({"epoch":4,"unknownTaggedFields":[{"tag":5,"data":"q80="},{"tag":9,"data":""}]})");
  // In a member's assignment, and behind the message.
  const Decoded assignment(InternalTopic::consumer_offsets, "0007 0002 6731 0001 6d",
                           "0000 02 0123456789abcdeffedcba9876543210 01 01 07 01 ff 00");
  CHECK(assignment.value_json() ==
        R"({"topicPartitions":[{"topicId":"ASNFZ4mrze_-3LqYdlQyEA","partitions":[],)"
        R"("unknownTaggedFields":[{"tag":7,"data":"/w=="}]}]})");
}

TEST_CASE("an unknown tag that is cut short is broken") {
  const Decoded decoded = group("0000 00000004 01 05 03 abcd");
  CHECK(decoded.record.value.state == State::broken);
  CHECK(decoded.record.value.wrong ==
        "truncated at byte 9: Error reading byte array of 3 byte(s): only 2 byte(s) available");
  CHECK(decoded.value_json().empty());
}

TEST_CASE("tags and a type of 4.4 are known, though Kafka 4.3.1 knows them not") {
  const Decoded streams(InternalTopic::consumer_offsets, "0011 0002 6731",
                        "0000 00000001 0000000000000002 02 02 04 00000005 03 04 00000006");
  CHECK(streams.value_json() == R"({"epoch":1,"metadataHash":2,"storedDescriptionTopologyEpoch":5,)"
                                R"("failedDescriptionTopologyEpoch":6})");
  const Decoded unregister = metadata("01 1d 00 00000007 00");
  CHECK(unregister.record.value.name == "UnregisterControllerRecord");
  CHECK(unregister.value_json() == R"({"controllerId":7})");
}

TEST_CASE("of equal tags the last one counts, and a default is as good as none") {
  CHECK(group("0000 00000004 02 00 08 0000000000000001 00 08 0000000000000002").value_json() ==
        R"({"epoch":4,"metadataHash":2})");
  CHECK(group("0000 00000004 02 00 08 0000000000000001 00 08 0000000000000000").value_json() ==
        R"({"epoch":4})");
}

TEST_CASE("a tag of another version is an error") {
  const Decoded decoded = metadata("01 05 00 00000000 0123456789abcdeffedcba9876543210 01 08 01 01");
  CHECK(decoded.record.value.state == State::broken);
  CHECK(decoded.record.value.wrong.starts_with("unknown_version at byte "));
}

TEST_CASE("bytes behind a message are handed over") {
  const Decoded decoded = group("0000 00000004 00 abcd");
  CHECK(decoded.record.value.state == State::decoded);
  CHECK(to_hex(decoded.record.value.trailing) == "abcd");
  CHECK(group("0000 00000004 00").record.value.trailing.empty());
}

TEST_CASE("unknown types and versions are told, and nothing is guessed") {
  const Decoded type(InternalTopic::consumer_offsets, "0009 0002 6731", "0000");
  CHECK(type.record.key.state == State::unknown_type);
  CHECK(type.record.key.type == 9);
  CHECK(type.record.value.state == State::null);
  const Decoded version = group("0001 00000004 00");
  CHECK(version.record.value.state == State::unknown_version);
  CHECK(version.record.value.version == 1);
  CHECK(version.value_json().empty());
  CHECK(metadata("01 06 00 00").record.value.state == State::unknown_type);
  CHECK(metadata("01 14 01 00").record.value.state == State::unknown_version);
  CHECK(metadata("02 14 00 00").record.value.state == State::bad_frame);
}

TEST_CASE("a subscription that does not parse stays base64, and so does that of no consumer") {
  const auto members = [](std::string_view protocol_type, std::string_view subscription) {
    return Decoded(
               InternalTopic::consumer_offsets, "0002 0002 6731",
               fmt::format("0000 {} 00000007 ffff ffff 00000001 0001 6d 0001 63 0001 68 00000000 {} 00000000",
                           protocol_type, subscription))
        .value_json();
  };
  const std::string_view consumer = "0008 636f6e73756d6572";
  const std::string_view topics = "0000000d 0000 00000001 0001 74 ffffffff";
  CHECK(members(consumer, "0000000d 0000 00000001 0001 74 ffffffff")
            .find(R"("subscription":{"topics":["t"],"userData":null})") != std::string::npos);
  CHECK(members("0007 636f6e6e656374", topics).find(R"("subscription":"AAAAAAABAAF0/////w==")") !=
        std::string::npos);
  CHECK(members(consumer, "00000009 0000 00000001 0001 74").find(R"("subscription":"AAAAAAABAAF0")") !=
        std::string::npos);
}

TEST_CASE("every record cut short anywhere is broken or too short") {
  const std::string_view kValues[] = {
      "0000 00000004 01 00 08 fffffffffffffff9",
      "0000 00000004 01 05 02 abcd",
  };
  for (const std::string_view hex : kValues) {
    const ByteBuffer whole = from_hex(hex);
    for (std::size_t size = 1; size < whole.size(); ++size) {
      const Decoded cut = group(to_hex(Bytes(whole).first(size)));
      CAPTURE(size);
      CHECK((cut.record.value.state == State::broken || cut.record.value.state == State::too_short));
    }
  }
}

TEST_CASE("doubles are written as Java writes them") {
  const auto quota = [](double value) {
    const std::string json =
        metadata(fmt::format("01 0e 00 01 02 6b {:016x} 00 00", std::bit_cast<std::uint64_t>(value)))
            .value_json();
    const std::size_t begin = json.find("\"value\":") + 8;
    return json.substr(begin, json.find(',', begin) - begin);
  };
  CHECK(quota(1024.5) == "1024.5");
  CHECK(quota(100) == "100.0");
  CHECK(quota(1) == "1.0");
  CHECK(quota(0.5) == "0.5");
  CHECK(quota(0.001) == "0.001");
  CHECK(quota(0.002) == "0.002");
  CHECK(quota(0.00012) == "1.2E-4");
  CHECK(quota(9999999) == "9999999.0");
  CHECK(quota(1e7) == "1.0E7");
  CHECK(quota(1e-5) == "1.0E-5");
  CHECK(quota(9007199254740992) == "9.007199254740992E15");
  CHECK(quota(2e23) == "2.0E23");
  CHECK(quota(4.9e-324) == "4.9E-324");
  CHECK(quota(1.7976931348623157e308) == "1.7976931348623157E308");
  CHECK(quota(0.0) == "0.0");
  CHECK(quota(-0.0) == "-0.0");
  CHECK(quota(-1.5) == "-1.5");
  CHECK(quota(std::numeric_limits<double>::quiet_NaN()) == R"("NaN")");
  CHECK(quota(std::numeric_limits<double>::infinity()) == R"("Infinity")");
  CHECK(quota(-std::numeric_limits<double>::infinity()) == R"("-Infinity")");
}

}  // namespace
}  // namespace kseg
