#include "formats/legacy_message.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "formats/record.h"
#include "formats/wrapper_builder.h"
#include "tests/support/page_example.h"

namespace kseg {
namespace {

ByteBuffer example(int number) {
  return hex_examples("legacy_message.md").at(static_cast<std::size_t>(number - 1)).bytes;
}

// A record as a line: "10 @-1 a=1".
std::string text(const RecordView& record) {
  const auto part = [](const std::optional<Bytes>& bytes) {
    return bytes ? std::string(bytes->begin(), bytes->end()) : "null";
  };
  return fmt::format("{} @{} {}={}", record.offset, record.timestamp_ms, part(record.key),
                     part(record.value));
}

struct Read {
  RecordBatchHeader header;
  std::vector<std::string> records;
  std::optional<Defect> defect;
};

Read read(Bytes bytes) {
  Read read;
  const auto header = decode_record_batch_header(bytes);
  if (!header) return {.header = {}, .records = {}, .defect = header.error()};
  RecordBatchView batch{.header = *header, .position = {}, .bytes = bytes};
  Decompressor decompressor;
  ByteBuffer scratch;
  if (header->is_wrapper()) {
    read.defect = complete_wrapper(batch, decompressor, scratch);
    if (read.defect) return read;
  }
  read.header = batch.header;
  CHECK(!check_crc(batch));
  const auto messages = uncompressed_records(batch, decompressor, scratch);
  if (!messages) return {.header = batch.header, .records = {}, .defect = messages.error()};
  RecordReader reader(batch.header, messages->bytes);
  for (RecordView record; reader.next(record);) {
    read.records.push_back(text(record));
    CHECK(legacy_crc_matches(reader.bytes()));
  }
  read.defect = reader.defect();
  return read;
}

using Lines = std::vector<std::string>;

TEST_CASE("the messages in formats/legacy_message.md are what the page says") {
  CHECK(read(example(1)).records == Lines{"10 @-1 a=1"});
  CHECK(read(example(2)).records == Lines{"11 @1001 null=22"});
  for (const int wrapper : {3, 4, 5}) {
    CAPTURE(wrapper);
    const Read whole = read(example(wrapper));
    const bool magic_0 = wrapper == 4;
    CHECK(whole.records ==
          (magic_0 ? Lines{"10 @-1 a=1", "11 @-1 null=22"} : Lines{"10 @1000 a=1", "11 @1001 null=22"}));
    CHECK(whole.header.base_offset == Offset{10});
    CHECK(whole.header.last_offset() == Offset{11});
    CHECK(whole.header.record_count == 2);
    CHECK(whole.header.max_timestamp == (magic_0 ? kNoTimestamp : 1001));
  }
}

TEST_CASE("a message is encoded as the page has it") {
  for (const int number : {1, 2}) {
    const ByteBuffer bytes = example(number);
    const auto message = decode_legacy_message(bytes);
    REQUIRE(message);
    ByteBuffer again;
    encode_legacy_message(*message, again);
    CHECK(again == bytes);
  }
}

TEST_CASE("a wrapper of format 0 gets the header checksum that Kafka's LZ4 writes there") {
  for (const std::int8_t magic : {std::int8_t{0}, std::int8_t{1}}) {
    WrapperBuilder builder;
    builder.begin({.magic = magic, .attributes = static_cast<std::int16_t>(Codec::lz4)});
    builder.add({.offset = {10}, .timestamp_ms = 1000, .value = as_bytes("x")});
    builder.add({.offset = {13}, .timestamp_ms = 900, .key = as_bytes("k")});
    Compressor compressor;
    ByteBuffer bytes;
    REQUIRE(!builder.finish(compressor, bytes));
    const auto message = decode_legacy_message(bytes);
    REQUIRE(message);
    CHECK((*message->value)[6] == (magic == 0 ? 0x1a : 0x82));
    CHECK(read(bytes).records == (magic == 0 ? Lines{"10 @-1 null=x", "13 @-1 k=null"}
                                             : Lines{"10 @1000 null=x", "13 @900 k=null"}));
    CHECK(message->timestamp_ms == (magic == 0 ? kNoTimestamp : 1000));
  }
}

// A gzip wrapper of format 1 at offset 7 around `inside`.
ByteBuffer wrapped(Bytes inside, std::int64_t offset = 7) {
  ByteBuffer compressed;
  Compressor().compress(Codec::gzip, inside, compressed);
  ByteBuffer bytes;
  encode_legacy_message({.codec = Codec::gzip, .offset = {offset}, .timestamp_ms = 5, .value = compressed},
                        bytes);
  return bytes;
}

ByteBuffer messages(std::initializer_list<LegacyMessage> all) {
  ByteBuffer bytes;
  for (const LegacyMessage& message : all) encode_legacy_message(message, bytes);
  return bytes;
}

TEST_CASE("offsets inside a wrapper of format 1 count from its last message") {
  const ByteBuffer two = messages({{.offset = {0}}, {.offset = {3}}});
  CHECK(read(wrapped(two)).records == Lines{"4 @-1 null=null", "7 @-1 null=null"});
  SUBCASE("unless the wrapper says 0") {
    CHECK(read(wrapped(messages({{.offset = {0}}}), 0)).records == Lines{"0 @-1 null=null"});
    CHECK(read(wrapped(two, 0)).defect->code == DefectCode::record_offset);
  }
  SUBCASE("which must not lie below the last one inside") {
    CHECK(read(wrapped(two, 2)).defect->code == DefectCode::record_offset);
  }
  SUBCASE("and must ascend") {
    CHECK(read(wrapped(messages({{.offset = {3}}, {.offset = {3}}}))).defect->code ==
          DefectCode::record_offset);
    CHECK(read(wrapped(messages({{.offset = {4}}, {.offset = {3}}}))).defect->code ==
          DefectCode::record_offset);
  }
}

TEST_CASE("messages of the other format inside a wrapper are tolerated") {
  const ByteBuffer mixed =
      messages({{.magic = 0, .offset = {0}}, {.magic = 1, .offset = {1}, .timestamp_ms = 9}});
  CHECK(read(wrapped(mixed)).records == Lines{"6 @-1 null=null", "7 @9 null=null"});
}

TEST_CASE("a last message that is cut short does not count") {
  ByteBuffer two = messages({{.offset = {0}}, {.offset = {1}}});
  two.pop_back();
  CHECK(read(wrapped(two)).records == Lines{"7 @-1 null=null"});
}

TEST_CASE("what no wrapper may hold is a defect") {
  const auto code = [](const ByteBuffer& bytes) { return read(bytes).defect.value().code; };
  CHECK(code(wrapped({})) == DefectCode::record_count_mismatch);
  ByteBuffer one = messages({{.offset = {0}}});
  SUBCASE("another wrapper") {
    CHECK(code(wrapped(wrapped(one))) == DefectCode::unknown_codec);
  }
  SUBCASE("a length that is too small") {
    one[11] = 13;
    CHECK(code(wrapped(one)) == DefectCode::bad_length);
  }
  SUBCASE("a batch of format 2") {
    one[RecordBatchHeader::kMagicPosition] = 2;
    CHECK(code(wrapped(one)) == DefectCode::unknown_magic);
  }
  SUBCASE("a key that passes the message") {
    one[LegacyMessage::kSizeV1 - 8] = 1;
    CHECK(code(wrapped(one)) == DefectCode::truncated);
  }
  SUBCASE("nothing at all") {
    ByteBuffer bytes;
    encode_legacy_message({.codec = Codec::gzip, .offset = {7}}, bytes);
    CHECK(code(bytes) == DefectCode::bad_record);
  }
  SUBCASE("a codec that came later") {
    ByteBuffer bytes;
    encode_legacy_message({.codec = Codec::zstd, .offset = {7}, .value = Bytes{one}}, bytes);
    CHECK(code(bytes) == DefectCode::unknown_codec);
  }
}

TEST_CASE("a message cut short anywhere, or with any bit flipped, is never read past its end") {
  for (const int number : {1, 2, 3, 4, 5}) {
    const ByteBuffer whole = example(number);
    for (std::size_t size = 0; size < whole.size(); ++size) {
      const auto message = decode_legacy_message(Bytes{whole}.first(size));
      CHECK(!message);
    }
    for (std::size_t bit = 8 * 16; bit < 8 * whole.size(); ++bit) {
      ByteBuffer flipped = whole;
      flipped[bit / 8] ^= static_cast<std::uint8_t>(1 << bit % 8);
      CHECK(!legacy_crc_matches(flipped));
      const auto header = decode_record_batch_header(flipped);
      if (!header || !header->is_wrapper()) continue;
      RecordBatchView wrapper{.header = *header, .position = {}, .bytes = flipped};
      Decompressor decompressor;
      ByteBuffer scratch;
      complete_wrapper(wrapper, decompressor, scratch);
      CHECK(wrapper.header.record_count <= static_cast<std::int32_t>(scratch.size()));
    }
  }
}

}  // namespace
}  // namespace kseg
