#include "formats/record_batch.h"

#include <doctest/doctest.h>

#include "tests/support/page_example.h"

namespace kseg {
namespace {

ByteBuffer example(std::string_view name) {
  return hex_example("record_batch.md", name);
}

RecordBatchHeader header_of(Bytes bytes) {
  const auto header = decode_record_batch_header(bytes);
  REQUIRE(header);
  return *header;
}

RecordBatchView batch_in(Bytes bytes) {
  return {.header = header_of(bytes), .position = {}, .bytes = bytes};
}

std::string empty_batch_for(std::string_view source_hex) {
  ByteBuffer out;
  encode_empty_batch(header_of(from_hex(source_hex)), out);
  return to_hex(out);
}

}  // namespace

TEST_CASE("every batch header of the page is sound and encodes to its own bytes") {
  const auto examples = hex_examples("record_batch.md");
  REQUIRE(examples.size() == 9);
  for (const HexExample& page_batch : examples) {
    CAPTURE(page_batch.name);
    const RecordBatchView batch = batch_in(page_batch.bytes);

    CHECK(batch.header.size_bytes() == page_batch.bytes.size());
    CHECK(!check_crc(batch));
    CHECK(!check_header(batch.header, {}));
    ByteBuffer bytes;
    encode_record_batch_header(batch.header, bytes);
    CHECK(to_hex(bytes) == to_hex(Bytes{page_batch.bytes}.first(RecordBatchHeader::kSize)));
  }
}

TEST_CASE("a batch header names its offsets, times and records") {
  const RecordBatchHeader header = header_of(example("two-records"));

  CHECK(header.base_offset == Offset{42});
  CHECK(header.last_offset() == Offset{43});
  CHECK(header.next_offset() == Offset{44});
  CHECK(header.batch_length == 76);
  CHECK(header.size_bytes() == 88);
  CHECK(header.partition_leader_epoch == 3);
  CHECK(header.crc == 0x610ae70d);
  CHECK(header.base_timestamp == 1700000000000);
  CHECK(header.max_timestamp == 1700000000005);
  CHECK(header.record_count == 2);
  CHECK(header.codec() == Codec::none);
  CHECK(header.timestamp_type() == TimestampType::create_time);
  CHECK(!header.has_producer());
  CHECK(!header.is_transactional());
  CHECK(!header.is_control());
  CHECK(!header.delete_horizon_ms());
  CHECK(header.last_sequence() == kNoSequence);
}

TEST_CASE("attribute bits tell log append time, transactions, control batches and horizons") {
  CHECK(header_of(example("append-time")).timestamp_type() == TimestampType::log_append_time);
  CHECK(header_of(example("horizon")).delete_horizon_ms() == 1700086500000);

  const RecordBatchHeader commit = header_of(example("commit"));
  CHECK(commit.is_transactional());
  CHECK(commit.is_control());
  CHECK(commit.producer_id == 7);
  CHECK(commit.producer_epoch == 1);

  const RecordBatchHeader leader_change = header_of(example("leader-change"));
  CHECK(!leader_change.is_transactional());
  CHECK(leader_change.is_control());
}

TEST_CASE("an empty batch still holds its offsets and sequences") {
  const RecordBatchHeader header = header_of(example("empty"));

  CHECK(header.record_count == 0);
  CHECK(header.base_offset == Offset{42});
  CHECK(header.last_offset() == Offset{44});
  CHECK(header.base_sequence == 5);
  CHECK(header.last_sequence() == 7);
  CHECK(header.base_timestamp == kNoTimestamp);
  CHECK(header.max_timestamp == 1700000000005);
}

TEST_CASE("sequences wrap from 2^31-1 to 0") {
  RecordBatchHeader header;
  header.base_sequence = INT32_MAX - 1;
  header.last_offset_delta = 1;
  CHECK(header.last_sequence() == INT32_MAX);
  header.last_offset_delta = 2;
  CHECK(header.last_sequence() == 0);
  header.base_sequence = INT32_MAX;
  header.last_offset_delta = INT32_MAX;
  CHECK(header.last_sequence() == INT32_MAX - 1);
}

TEST_CASE("a batch header cut short anywhere is truncated") {
  const ByteBuffer bytes = example("two-records");
  for (std::size_t size = 0; size < RecordBatchHeader::kSize; ++size) {
    CAPTURE(size);
    const auto header = decode_record_batch_header(Bytes{bytes}.first(size));
    REQUIRE(!header);
    CHECK(header.error().code == DefectCode::truncated);
  }
  CHECK(decode_record_batch_header(Bytes{bytes}.first(RecordBatchHeader::kSize)));
}

TEST_CASE("what no format is, is told as soon as the magic is there") {
  for (const std::uint8_t magic : {std::uint8_t{3}, std::uint8_t{0xff}}) {
    CAPTURE(magic);
    ByteBuffer bytes = example("two-records");
    bytes[RecordBatchHeader::kMagicPosition] = magic;
    for (const std::size_t size : {RecordBatchHeader::kMinPrefix, bytes.size()}) {
      const auto header = decode_record_batch_header(Bytes{bytes}.first(size), {1000});
      REQUIRE(!header);
      CHECK(header.error().code == DefectCode::unknown_magic);
      CHECK(header.error().position == Position{1016});
      CHECK(header.error().offset == Offset{42});
    }
  }
}

TEST_CASE("a batch length that does not even hold a header is refused") {
  ByteBuffer bytes = example("empty");
  CHECK(header_of(bytes).batch_length == 49);
  for (const char* length : {"00000030", "00000000", "ffffffff", "80000000"}) {
    CAPTURE(length);
    const ByteBuffer field = from_hex(length);
    std::copy(field.begin(), field.end(), bytes.begin() + 8);
    const auto header = decode_record_batch_header(bytes, {1000});
    REQUIRE(!header);
    CHECK(header.error().code == DefectCode::bad_length);
    CHECK(header.error().position == Position{1008});
  }
}

TEST_CASE("the crc notices every flipped bit from the attributes on, and none before the crc") {
  const ByteBuffer bytes = example("two-records");
  const RecordBatchHeader header = header_of(bytes);
  for (std::size_t bit = 0; bit < 8 * bytes.size(); ++bit) {
    const std::size_t byte = bit / 8;
    if (byte >= 17 && byte < RecordBatchHeader::kCrcStart) continue;
    CAPTURE(bit);
    ByteBuffer damaged = bytes;
    damaged[byte] ^= static_cast<std::uint8_t>(1U << bit % 8);
    const auto defect = check_crc({.header = header, .position = {1000}, .bytes = damaged});
    CHECK(defect.has_value() == (byte >= RecordBatchHeader::kCrcStart));
  }
}

TEST_CASE("a crc mismatch names the stored and the computed crc at the batch's start") {
  ByteBuffer bytes = example("two-records");
  bytes[20] ^= 1;
  RecordBatchView batch = batch_in(bytes);
  batch.position = {1000};

  const auto defect = check_crc(batch);

  REQUIRE(defect);
  CHECK(defect->position == Position{1000});
  CHECK(defect->offset == Offset{42});
  CHECK(describe(*defect) == "crc_mismatch: expected 610ae70c, found 610ae70d");
}

TEST_CASE("a sealed batch has a right crc, wherever it starts in its buffer") {
  ByteBuffer out = from_hex("aabbcc");
  append(out, example("two-records"));
  for (std::size_t i = 17; i < 21; ++i) out[3 + i] = 0xee;

  seal_batch(out, 3);

  CHECK(to_hex(out) == "aabbcc" + to_hex(example("two-records")));
}

TEST_CASE("a header that contradicts itself is told from one that does not") {
  const auto code_of = [](const RecordBatchHeader& header) {
    const auto defect = check_header(header, {1000});
    return defect ? std::optional{defect->code} : std::nullopt;
  };
  const RecordBatchHeader sound = header_of(example("two-records"));

  for (std::int16_t codec = 0; codec < 8; ++codec) {
    CAPTURE(codec);
    RecordBatchHeader header = sound;
    header.attributes = codec;
    CHECK(code_of(header) == (codec <= 4 ? std::nullopt : std::optional{DefectCode::unknown_codec}));
  }

  RecordBatchHeader header = sound;
  header.attributes = static_cast<std::int16_t>(0xff80);
  CHECK(!code_of(header));

  header = sound;
  header.base_offset = {-1};
  CHECK(code_of(header) == DefectCode::record_offset);

  header = sound;
  header.last_offset_delta = -1;
  CHECK(code_of(header) == DefectCode::record_offset);

  header = sound;
  header.base_offset = {INT64_MAX - 2};
  header.last_offset_delta = 1;
  CHECK(!code_of(header));
  header.last_offset_delta = 2;
  CHECK(code_of(header) == DefectCode::record_offset);
  header.last_offset_delta = 3;
  CHECK(code_of(header) == DefectCode::record_offset);

  header = sound;
  header.record_count = -1;
  CHECK(code_of(header) == DefectCode::record_count_mismatch);
  header.record_count = 0;
  CHECK(!code_of(header));
}

TEST_CASE("a batch that lost its records keeps its offsets, producer and times") {
  CHECK(empty_batch_for(
            "00000000000000000000004300000005023152bc2e00000000000100000000000003e800000000000003e900000000"
            "0000004d00030000000a00000002100000000261023100100002020262023200") ==
        "0000000000000000000000310000000502e5fd2ec3000000000001ffffffffffffffff00000000000003e900000000000000"
        "4d00030000"
        "000a00000000");
}

TEST_CASE("a batch that lost its records loses its delete horizon") {
  CHECK(empty_batch_for(
            "00000000000000000000003a0000000002f63e81d3004000000000000000000000044c00000000000003e800000000"
            "00000007000000000004000000011000c7010002610100") ==
        "0000000000000000000000310000000002c530edbd000000000000ffffffffffffffff00000000000003e800000000000000"
        "0700000000"
        "000400000000");
}

TEST_CASE("an empty batch emptied again is itself") {
  const ByteBuffer bytes = example("empty");
  CHECK(empty_batch_for(to_hex(bytes)) == to_hex(bytes));
}

TEST_CASE(
    "an empty batch has no codec and no unused bits, but stays transactional, control and log append time") {
  RecordBatchHeader source = header_of(example("two-records"));
  source.attributes = static_cast<std::int16_t>(0xfffc);
  ByteBuffer out;
  encode_empty_batch(source, out);

  const RecordBatchView batch = batch_in(out);

  CHECK(batch.header.attributes == 0x38);
  CHECK(batch.bytes.size() == RecordBatchHeader::kSize);
  CHECK(!check_crc(batch));
}

}  // namespace kseg
