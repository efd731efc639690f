#include "formats/control_record.h"

#include <doctest/doctest.h>

#include "tests/support/page_example.h"

namespace kseg {
namespace {

// The one record of an example; borrows from `bytes`.
RecordView record_in(const ByteBuffer& bytes) {
  const auto header = decode_record_batch_header(bytes);
  REQUIRE(header);
  RecordReader reader(*header, Bytes{bytes}.subspan(RecordBatchHeader::kSize));
  RecordView record;
  REQUIRE(reader.next(record));
  RecordView no_more;
  CHECK(!reader.next(no_more));
  CHECK(!reader.defect());
  return record;
}

}  // namespace

TEST_CASE("control records of the page have the types it says") {
  const std::pair<const char*, ControlType> examples[] = {{"commit", ControlType::commit},
                                                          {"leader-change", ControlType::leader_change},
                                                          {"snapshot-header", ControlType::snapshot_header},
                                                          {"snapshot-footer", ControlType::snapshot_footer}};
  for (const auto& [example, type] : examples) {
    const std::string name = example;
    CAPTURE(name);
    const ByteBuffer bytes = hex_example("record_batch.md", name);
    const RecordView record = record_in(bytes);
    const auto decoded = decode_control_type(record);
    REQUIRE(decoded);
    CHECK(*decoded == type);

    ByteBuffer key;
    encode_control_key(type, key);
    CHECK(to_hex(key) == to_hex(*record.key));
  }
}

TEST_CASE("a marker holds its coordinator's epoch and encodes to its own bytes") {
  const ByteBuffer bytes = hex_example("record_batch.md", "commit");
  const RecordView record = record_in(bytes);

  const auto marker = decode_end_transaction_marker(record);

  REQUIRE(marker);
  CHECK(marker->coordinator_epoch == 9);
  ByteBuffer value;
  encode_end_transaction_marker(*marker, value);
  CHECK(to_hex(value) == to_hex(*record.value));
}

TEST_CASE("control types are named as Kafka names them, others are unknown and kept") {
  CHECK(name(ControlType::abort) == "ABORT");
  CHECK(name(ControlType::commit) == "COMMIT");
  CHECK(name(ControlType::leader_change) == "LEADER_CHANGE");
  CHECK(name(ControlType::snapshot_header) == "SNAPSHOT_HEADER");
  CHECK(name(ControlType::snapshot_footer) == "SNAPSHOT_FOOTER");
  CHECK(name(ControlType::kraft_version) == "KRAFT_VERSION");
  CHECK(name(ControlType::kraft_voters) == "KRAFT_VOTERS");

  for (const char* key : {"00000007", "0000ffff"}) {
    const ByteBuffer bytes = from_hex(key);
    const auto type = decode_control_type({.key = bytes});
    REQUIRE(type);
    CHECK(name(*type) == "UNKNOWN");
    ByteBuffer again;
    encode_control_key(*type, again);
    CHECK(to_hex(again) == key);
  }
}

TEST_CASE("a higher version or a longer key is read as version 0, a negative or short one not at all") {
  for (const char* key : {"00000001", "00010001", "7fff0001", "0000000199"}) {
    CAPTURE(key);
    const ByteBuffer bytes = from_hex(key);
    const auto type = decode_control_type({.key = bytes});
    REQUIRE(type);
    CHECK(*type == ControlType::commit);
  }
  for (const char* key : {"", "000000", "ffff0001", "80000001"}) {
    CAPTURE(key);
    const ByteBuffer bytes = from_hex(key);
    const auto type = decode_control_type({.offset = {50}, .key = bytes});
    REQUIRE(!type);
    CHECK(type.error().code == DefectCode::bad_control_record);
    CHECK(type.error().offset == Offset{50});
  }
  const auto without_key = decode_control_type({.key = std::nullopt});
  REQUIRE(!without_key);
  CHECK(without_key.error().code == DefectCode::bad_control_record);
}

TEST_CASE("a marker's value may be longer or of a higher version, not shorter, null or of a negative one") {
  for (const char* value : {"000000000009", "000100000009", "00000000000900"}) {
    CAPTURE(value);
    const ByteBuffer bytes = from_hex(value);
    const auto marker = decode_end_transaction_marker({.value = bytes});
    REQUIRE(marker);
    CHECK(marker->coordinator_epoch == 9);
  }
  for (const char* value : {"", "0000000000", "ffff00000009"}) {
    CAPTURE(value);
    const ByteBuffer bytes = from_hex(value);
    const auto marker = decode_end_transaction_marker({.value = bytes});
    REQUIRE(!marker);
    CHECK(marker.error().code == DefectCode::bad_control_record);
  }
  const auto without_value = decode_end_transaction_marker({.value = std::nullopt});
  REQUIRE(!without_value);
  CHECK(without_value.error().code == DefectCode::bad_control_record);
}

}  // namespace kseg
