#include "formats/producer_snapshot.h"

#include <doctest/doctest.h>

#include "formats/byte_writer.h"
#include "formats/crc32c.h"
#include "tests/support/page_example.h"

namespace kseg {
namespace {

ByteBuffer open_transaction() {
  return hex_example("producer_snapshot.md", "open-transaction");
}

// The same bytes with the crc they ought to have.
ByteBuffer sealed(ByteBuffer bytes) {
  ByteBuffer crc;
  ByteWriter(crc).u32(crc32c(Bytes{bytes}.subspan(6)));
  std::copy(crc.begin(), crc.end(), bytes.begin() + 2);
  return bytes;
}

void check_refused(const ByteBuffer& bytes, DefectCode code, std::uint64_t position) {
  const auto entries = decode_producer_snapshot(bytes);
  REQUIRE(!entries);
  CHECK(entries.error().code == code);
  CHECK(entries.error().position == Position{position});
}

}  // namespace

TEST_CASE("every producer snapshot of the page decodes and encodes to its own bytes") {
  const auto examples = hex_examples("producer_snapshot.md");
  REQUIRE(examples.size() == 2);
  for (const HexExample& example : examples) {
    CAPTURE(example.name);
    const auto entries = decode_producer_snapshot(example.bytes);
    REQUIRE(entries);
    ByteBuffer bytes;
    encode_producer_snapshot(*entries, bytes);
    CHECK(to_hex(bytes) == to_hex(example.bytes));
  }
}

TEST_CASE("a producer snapshot holds each producer's last batch and open transaction") {
  const auto entries = decode_producer_snapshot(open_transaction());

  REQUIRE(entries);
  REQUIRE(entries->size() == 1);
  CHECK(entries->front() == ProducerStateEntry{.producer_id = 7,
                                               .producer_epoch = 1,
                                               .last_sequence = 7,
                                               .last_offset = {44},
                                               .offset_delta = 2,
                                               .timestamp_ms = 1700000000005,
                                               .coordinator_epoch = -1,
                                               .current_txn_first_offset = {42}});
}

TEST_CASE("a producer that has only written markers keeps its absent fields") {
  const ProducerStateEntry marker_only{
      .producer_id = 9, .producer_epoch = 3, .timestamp_ms = 5, .coordinator_epoch = 2};
  ByteBuffer bytes;
  encode_producer_snapshot({marker_only, marker_only}, bytes);

  const auto entries = decode_producer_snapshot(bytes);

  REQUIRE(entries);
  REQUIRE(entries->size() == 2);
  CHECK((*entries)[1] == marker_only);
  CHECK(bytes.size() == 10 + 2 * 46);
}

TEST_CASE("a producer snapshot is appended to what the buffer holds") {
  ByteBuffer bytes = from_hex("aabb");
  encode_producer_snapshot({}, bytes);
  CHECK(to_hex(bytes) == "aabb" + to_hex(hex_example("producer_snapshot.md", "empty")));
}

TEST_CASE("a producer snapshot cut short anywhere is a defect") {
  const ByteBuffer bytes = open_transaction();
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    CAPTURE(size);
    const auto entries = decode_producer_snapshot(Bytes{bytes}.first(size));
    REQUIRE(!entries);
    CHECK(entries.error().code == (size < 10 ? DefectCode::truncated : DefectCode::crc_mismatch));
  }
}

TEST_CASE("every flipped bit of a producer snapshot is noticed") {
  const ByteBuffer bytes = open_transaction();
  for (std::size_t bit = 0; bit < 8 * bytes.size(); ++bit) {
    CAPTURE(bit);
    ByteBuffer damaged = bytes;
    damaged[bit / 8] ^= static_cast<std::uint8_t>(1U << bit % 8);
    const auto entries = decode_producer_snapshot(damaged);
    REQUIRE(!entries);
    CHECK(entries.error().code == (bit < 16 ? DefectCode::unknown_version : DefectCode::crc_mismatch));
  }
}

TEST_CASE("a count that the file does not hold is refused before anything is sized by it") {
  for (const char* count : {"00000002", "7fffffff", "ffffffff", "80000000"}) {
    CAPTURE(count);
    ByteBuffer bytes = open_transaction();
    const ByteBuffer lie = from_hex(count);
    std::copy(lie.begin(), lie.end(), bytes.begin() + 6);
    check_refused(sealed(bytes), DefectCode::bad_length, 6);
  }
}

TEST_CASE("bytes behind the last entry are refused, with a right crc and with the crc of a shorter file") {
  ByteBuffer longer = open_transaction();
  longer.push_back(0);
  check_refused(sealed(longer), DefectCode::trailing_bytes, 56);
  check_refused(longer, DefectCode::crc_mismatch, 2);
}

}  // namespace kseg
