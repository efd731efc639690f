#include "formats/partition_metadata.h"

#include <doctest/doctest.h>

#include "tests/support/page_example.h"

namespace kseg {
namespace {

Defect defect_of(std::string_view text) {
  const auto decoded = decode_partition_metadata(as_bytes(text));
  REQUIRE_FALSE(decoded);
  return decoded.error();
}

}  // namespace

TEST_CASE("the file in formats/partition_metadata.md decodes and encodes again") {
  const ByteBuffer file = from_hex(page_example("partition_metadata.md"));
  const auto decoded = decode_partition_metadata(file);
  REQUIRE(decoded);
  CHECK(decoded->version == 0);
  CHECK(same_bytes(decoded->topic_id.bytes, from_hex("0123456789abcdeffedcba9876543210")));
  CHECK(encode_partition_metadata(*decoded) == as_text(file));
}

TEST_CASE("nobody looks at the keys, at later lines or for a newer version") {
  const auto decoded = decode_partition_metadata(as_bytes("a:\t3\r\n:  ASNFZ4mrze_-3LqYdlQyEA: \r\nrest"));
  REQUIRE(decoded);
  CHECK(decoded->version == 3);
  CHECK(to_string(decoded->topic_id) == "ASNFZ4mrze_-3LqYdlQyEA");
}

TEST_CASE("a first line without a number is bad text at the start") {
  for (const char* line : {"", "version", "version:0", "version: ", "version: x", "version: 0 ",
                           "version: 0: 0", "version : : 0", "version: 2147483648"}) {
    CAPTURE(line);
    const Defect defect = defect_of(std::string(line) + "\ntopic_id: ASNFZ4mrze_-3LqYdlQyEA");
    CHECK(defect.code == DefectCode::bad_text);
    CHECK(defect.position == Position{0});
  }
  CHECK(defect_of("").code == DefectCode::bad_text);
}

TEST_CASE("a negative version is unknown") {
  CHECK(defect_of("version: -1\ntopic_id: ASNFZ4mrze_-3LqYdlQyEA").code == DefectCode::unknown_version);
}

TEST_CASE("a second line without a topic id is bad text at that line") {
  for (const char* line :
       {"", "topic_id", "topic_id:ASNFZ4mrze_-3LqYdlQyEA", "topic_id: ASNFZ4mrze_-3LqYdlQyE",
        "topic_id: ASNFZ4mrze_-3LqYdlQyEA ", "topic_id: AAAAAAAAAAAAAAAAAAAAAA"}) {
    CAPTURE(line);
    const Defect defect = defect_of(std::string("version: 0\n") + line);
    CHECK(defect.code == DefectCode::bad_text);
    CHECK(defect.position == Position{11});
  }
}

TEST_CASE("bytes that are not UTF-8 are bad text even behind the two lines") {
  CHECK(decode_partition_metadata(as_bytes("version: 0\ntopic_id: ASNFZ4mrze_-3LqYdlQyEA\n\xc3\xa4")));
  CHECK(defect_of("version: 0\ntopic_id: ASNFZ4mrze_-3LqYdlQyEA\n\xc3").code == DefectCode::bad_text);
}

TEST_CASE("uuids are 22 characters of base64url, padded or not") {
  const auto plain = parse_uuid("ASNFZ4mrze_-3LqYdlQyEA");
  REQUIRE(plain);
  CHECK(parse_uuid("ASNFZ4mrze_-3LqYdlQyEA==") == plain);
  CHECK(parse_uuid("ASNFZ4mrze_-3LqYdlQyEP") == plain);  // surplus bits
  CHECK(to_string(*plain) == "ASNFZ4mrze_-3LqYdlQyEA");
  Uuid ones;
  ones.bytes.fill(0xff);
  CHECK(to_string(ones) == "_____________________w");
  CHECK(parse_uuid(to_string(ones)) == ones);
  CHECK(to_string(Uuid{}) == "AAAAAAAAAAAAAAAAAAAAAA");
}

TEST_CASE("text that Kafka would not read as a uuid is none") {
  for (const char* text : {"", "ASNFZ4mrze_-3LqYdlQyE", "ASNFZ4mrze_-3LqYdlQyEA=", "ASNFZ4mrze_-3LqYdlQyEAA",
                           "ASNFZ4mrze_-3LqYdlQyEA= ", "ASNFZ4mrze_-3LqYdlQyEAAA", "ASNFZ4mrze/+3LqYdlQyEA",
                           "ASNFZ4mrze_-3LqYdlQy A", "ASNFZ4mrze_-3LqYdlQyEA==AA"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_uuid(text));
  }
}

TEST_CASE("the ids below 100 are reserved") {
  Uuid uuid;
  CHECK(uuid.is_reserved());
  uuid.bytes[15] = 99;
  CHECK(uuid.is_reserved());
  uuid.bytes[15] = 100;
  CHECK_FALSE(uuid.is_reserved());
  uuid.bytes[15] = 0;
  uuid.bytes[0] = 1;
  CHECK_FALSE(uuid.is_reserved());
}

}  // namespace kseg
