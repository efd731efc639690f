#include "formats/record.h"

#include <doctest/doctest.h>

#include <random>
#include <string>

#include "formats/byte_writer.h"
#include "formats/record_batch_builder.h"
#include "tests/support/page_example.h"

namespace kseg {
namespace {

using namespace std::string_literals;

ByteBuffer example(std::string_view name) {
  return hex_example("record_batch.md", name);
}

RecordBatchView batch_in(Bytes bytes) {
  const auto header = decode_record_batch_header(bytes);
  REQUIRE(header);
  return {.header = *header, .position = {}, .bytes = bytes};
}

// A header for `records` records at offsets 0..9.
RecordBatchHeader header_for(std::int32_t records) {
  return {.last_offset_delta = 9, .base_timestamp = 1000, .max_timestamp = 5000, .record_count = records};
}

struct ReadRecords {
  std::vector<RecordView> records;
  std::optional<Defect> defect;
};

ReadRecords read(const RecordBatchHeader& header, Bytes section) {
  ReadRecords result;
  RecordReader reader(header, section);
  for (RecordView record; reader.next(record);) result.records.push_back(record);
  result.defect = reader.defect();
  RecordView after_the_end;
  CHECK(!reader.next(after_the_end));
  return result;
}

std::optional<DefectCode> code_of(std::string_view section_hex, std::int32_t records = 1) {
  const ByteBuffer section = from_hex(section_hex);
  const auto defect = read(header_for(records), section).defect;
  return defect ? std::optional{defect->code} : std::nullopt;
}

bool inside(Bytes part, Bytes whole) {
  return part.empty() ||
         (part.data() >= whole.data() && part.data() + part.size() <= whole.data() + whole.size());
}

std::string re_encoded(std::string_view hex) {
  ByteBuffer out;
  append_as_utf8(from_hex(hex), out);
  return to_hex(out);
}

}  // namespace

TEST_CASE("varints at all limits of their lengths") {
  struct Case {
    std::int32_t value;
    const char* hex;
  };
  const Case cases[] = {
      {0, "00"},
      {-1, "01"},
      {1, "02"},
      {63, "7e"},
      {-64, "7f"},
      {64, "8001"},
      {-65, "8101"},
      {8191, "fe7f"},
      {-8192, "ff7f"},
      {8192, "808001"},
      {-8193, "818001"},
      {1048575, "feff7f"},
      {-1048576, "ffff7f"},
      {1048576, "80808001"},
      {-1048577, "81808001"},
      {134217727, "feffff7f"},
      {-134217728, "ffffff7f"},
      {134217728, "8080808001"},
      {-134217729, "8180808001"},
      {INT32_MAX, "feffffff0f"},
      {INT32_MIN, "ffffffff0f"},
  };
  for (const Case& varint : cases) {
    CAPTURE(varint.value);
    ByteBuffer out;
    ByteWriter(out).varint(varint.value);
    CHECK(to_hex(out) == varint.hex);
    CHECK(varint_size(varint.value) == out.size());
    ByteBuffer as_long;
    ByteWriter(as_long).varlong(varint.value);
    CHECK(to_hex(as_long) == varint.hex);

    Cursor in(out);
    CHECK(in.varint() == varint.value);
    CHECK(in.ok());
    CHECK(in.remaining() == 0);
    for (std::size_t size = 0; size < out.size(); ++size) {
      Cursor cut(Bytes{out}.first(size));
      CHECK(cut.varint() == 0);
      REQUIRE(cut.defect());
      CHECK(cut.defect()->code == DefectCode::truncated);
    }
  }
}

TEST_CASE("varlongs at all limits of their lengths") {
  for (unsigned bytes = 1; bytes <= 9; ++bytes) {
    const std::int64_t limit = std::int64_t{1} << (7 * bytes - 1);  // the first value that needs a byte more
    for (const std::int64_t value : {limit - 1, -limit, limit, -limit - 1}) {
      CAPTURE(value);
      const bool fits = value >= -limit && value < limit;
      ByteBuffer out;
      ByteWriter(out).varlong(value);
      CHECK(out.size() == bytes + (fits ? 0 : 1));
      CHECK(varlong_size(value) == out.size());
      Cursor in(out);
      CHECK(in.varlong() == value);
      CHECK(in.ok());
    }
  }
  for (const std::int64_t value : {INT64_MAX, INT64_MIN}) {
    ByteBuffer out;
    ByteWriter(out).varlong(value);
    CHECK(to_hex(out) == (value == INT64_MAX ? "feffffffffffffffff01" : "ffffffffffffffffff01"));
    Cursor in(out);
    CHECK(in.varlong() == value);
  }
}

TEST_CASE("over-long varints and surplus bits are read as Kafka reads them") {
  const auto varint = [](std::string_view hex) {
    const ByteBuffer bytes = from_hex(hex);
    Cursor in(bytes);
    const std::int32_t value = in.varint();
    CHECK(in.ok());
    CHECK(in.remaining() == 0);
    return value;
  };
  CHECK(varint("8000") == 0);
  CHECK(varint("8280808000") == 1);
  CHECK(varint("ffffffff7f") == INT32_MIN);
  CHECK(varint("8080808070") == 0);

  const ByteBuffer bytes = from_hex("8280808080808080807e");
  Cursor in(bytes);
  CHECK(in.varlong() == 1);
  CHECK(in.ok());
}

TEST_CASE("a varint that goes on behind its last byte is bad, and the cursor stays tripped") {
  const ByteBuffer bytes = from_hex("808080808000 0102030405060708");
  Cursor in(bytes, {1000});
  CHECK(in.varint() == 0);
  CHECK(in.i64() == 0);
  REQUIRE(in.defect());
  CHECK(in.defect()->code == DefectCode::bad_varint);
  CHECK(in.defect()->position == Position{1000});

  const ByteBuffer ten = from_hex("8080808080808080808000");
  Cursor varlong(ten);
  CHECK(varlong.varlong() == 0);
  REQUIRE(varlong.defect());
  CHECK(varlong.defect()->code == DefectCode::bad_varint);
}

TEST_CASE("records have their offsets, times, keys, values and headers") {
  const ByteBuffer bytes = example("two-records");
  const RecordBatchView batch = batch_in(bytes);

  const auto [records, defect] = read(batch.header, batch.records());

  CHECK(!defect);
  REQUIRE(records.size() == 2);
  CHECK(records[0].offset == Offset{42});
  CHECK(records[0].timestamp_ms == 1700000000000);
  REQUIRE(records[0].key);
  REQUIRE(records[0].value);
  CHECK(as_text(*records[0].key) == "k1");
  CHECK(as_text(*records[0].value) == "v1");
  CHECK(records[0].header_count == 0);

  CHECK(records[1].offset == Offset{43});
  CHECK(records[1].timestamp_ms == 1700000000005);
  REQUIRE(records[1].key);
  CHECK(as_text(*records[1].key) == "k2");
  CHECK(!records[1].value);
  REQUIRE(records[1].header_count == 2);
  RecordHeaderReader headers(records[1]);
  RecordHeaderView header;
  REQUIRE(headers.next(header));
  CHECK(as_text(header.key) == "h");
  REQUIRE(header.value);
  CHECK(as_text(*header.value) == "x");
  REQUIRE(headers.next(header));
  CHECK(as_text(header.key) == "n");
  CHECK(!header.value);
  CHECK(!headers.next(header));
}

TEST_CASE("a delete horizon does not change the times of records") {
  const ByteBuffer bytes = example("horizon");
  const RecordBatchView batch = batch_in(bytes);
  const auto [records, defect] = read(batch.header, batch.records());
  CHECK(!defect);
  REQUIRE(records.size() == 1);
  CHECK(records[0].offset == Offset{43});
  CHECK(records[0].timestamp_ms == 1700000000005);
}

TEST_CASE("with log append time every record has the batch's max timestamp") {
  const ByteBuffer bytes = example("append-time");
  const RecordBatchView batch = batch_in(bytes);
  const auto [records, defect] = read(batch.header, batch.records());
  CHECK(!defect);
  REQUIRE(records.size() == 2);
  CHECK(records[0].timestamp_ms == 1700000009999);
  CHECK(records[1].timestamp_ms == 1700000009999);
}

TEST_CASE("times wrap instead of overflowing") {
  RecordBatchHeader header = header_for(1);
  header.base_timestamp = INT64_MAX;
  const ByteBuffer section = from_hex("0c 00 02 00 01 01 00");
  const auto [records, defect] = read(header, section);
  CHECK(!defect);
  REQUIRE(records.size() == 1);
  CHECK(records[0].timestamp_ms == INT64_MIN);
}

TEST_CASE("null and empty differ, and every negative length is null") {
  struct Case {
    const char* hex;
    bool key;
    bool value;
  };
  const Case cases[] = {{"0c 00 00 00 00 00 00", true, true},
                        {"0c 00 00 00 01 00 00", false, true},
                        {"0c 00 00 00 00 01 00", true, false},
                        {"0c 00 00 00 03 05 00", false, false},
                        {"14 00 00 00 ffffffff0f 01 00", false, false}};
  for (const Case& nulls : cases) {
    CAPTURE(nulls.hex);
    const ByteBuffer section = from_hex(nulls.hex);
    const auto [records, defect] = read(header_for(1), section);
    CHECK(!defect);
    REQUIRE(records.size() == 1);
    CHECK(records[0].key.has_value() == nulls.key);
    CHECK(records[0].value.has_value() == nulls.value);
  }
}

TEST_CASE("headers may have an empty key, repeat a key, and have a null or an empty value") {
  const ByteBuffer section = from_hex("18 00 00 00 01 01 06  00 00  00 01  00 03");
  const auto [records, defect] = read(header_for(1), section);
  CHECK(!defect);
  REQUIRE(records.size() == 1);
  RecordHeaderReader headers(records[0]);
  RecordHeaderView header;
  REQUIRE(headers.next(header));
  REQUIRE(header.value);
  CHECK(header.value->empty());
  for (int nulls = 0; nulls < 2; ++nulls) {
    REQUIRE(headers.next(header));
    CHECK(header.key.empty());
    CHECK(!header.value);
  }
  CHECK(!headers.next(header));
}

TEST_CASE("record attributes and over-long varints are no defects") {
  CHECK(!code_of("12 07 808000 00 00 00 8000"));
}

// Kafka's rules never take the short way.
TEST_CASE("records that are read the short way are read as the long way does") {
  const std::int64_t sizes[] = {0, 1, 63, 64, 8191, 8192, 70'000, 1'100'000};
  const std::int64_t times[] = {0, 1, -1, 63, -64, 64, 8192, -8193, 1 << 20, -(1 << 21), INT64_MAX / 2};
  RecordBatchBuilder builder;
  Compressor compressor;
  const ByteBuffer bytes(1'100'000, 'x');
  for (const std::int64_t size : sizes) {
    CAPTURE(size);
    const Bytes field = Bytes{bytes}.first(static_cast<std::size_t>(size));
    builder.begin({.base_offset = {5}, .last_offset_delta = 1 << 30}, std::nullopt);
    Offset offset{5};
    for (const std::int64_t time : times) {
      for (int shape = 0; shape < 8; ++shape) {
        ByteBuffer headers;
        if (shape >= 4) RecordBatchBuilder::encode_header({.key = field, .value = field}, headers);
        if (shape == 7) RecordBatchBuilder::encode_header({.key = {}, .value = std::nullopt}, headers);
        RecordView record{.offset = offset,
                          .timestamp_ms = time,
                          .header_count = shape == 7   ? 2
                                          : shape >= 4 ? 1
                                                       : 0,
                          .headers = headers};
        if (shape % 2 == 0) record.key = field;
        if (shape % 4 < 2) record.value = field;
        builder.add(record);
        offset = offset + (shape == 3 ? 9000 : 1);
      }
    }
    ByteBuffer batch;
    REQUIRE_FALSE(builder.finish(compressor, batch));
    const auto header = decode_record_batch_header(batch);
    REQUIRE(header);
    const Bytes section = Bytes{batch}.subspan(RecordBatchHeader::kSize);
    RecordReader quick(*header, section);
    RecordReader careful(*header, section, RecordReader::Rules::of_kafka);
    RecordView a;
    RecordView b;
    std::size_t count = 0;
    for (; careful.next(b); ++count) {
      REQUIRE(quick.next(a));
      REQUIRE(a.offset == b.offset);
      REQUIRE(a.timestamp_ms == b.timestamp_ms);
      REQUIRE(a.key.has_value() == b.key.has_value());
      REQUIRE(a.value.has_value() == b.value.has_value());
      if (a.key) REQUIRE(same_bytes(*a.key, *b.key));
      if (a.value) REQUIRE(same_bytes(*a.value, *b.value));
      REQUIRE(a.header_count == b.header_count);
      REQUIRE(same_bytes(a.headers, b.headers));
      REQUIRE(same_bytes(quick.bytes(), careful.bytes()));
    }
    CHECK_FALSE(quick.next(a));
    CHECK_FALSE(quick.defect());
    CHECK(count == std::size(times) * 8);
  }
}

TEST_CASE("what is wrong with a record is told apart") {
  CHECK(!code_of("0c 00 00 00 01 01 00"));
  CHECK(code_of("808080808001") == DefectCode::bad_varint);
  CHECK(code_of("16 00 00 808080808001 01 01 00") == DefectCode::bad_varint);
  CHECK(code_of("24 00 8080808080808080808001 00 01 01 00 00 00") == DefectCode::bad_varint);
  CHECK(code_of("01") == DefectCode::bad_length);
  CHECK(code_of("0e 00 00 00 01 01 00") == DefectCode::truncated);
  CHECK(code_of("feffffff0f 00 00 00 01 01 00") == DefectCode::truncated);
  CHECK(code_of("00") == DefectCode::truncated);
  CHECK(code_of("0c 00 00 00 02 01 00") == DefectCode::truncated);
  CHECK(code_of("0c 00 00 00 01 04 00") == DefectCode::truncated);
  CHECK(code_of("14 00 00 00 01 01 02 02 6b 04") == DefectCode::truncated);
  CHECK(code_of("14 00 00 00 01 01 feffffff0f") == DefectCode::truncated);
  CHECK(code_of("10 00 00 00 01 01 02 01 01") == DefectCode::bad_length);
  CHECK(code_of("0c 00 00 00 01 01 01") == DefectCode::bad_record);
  CHECK(code_of("0e 00 00 00 01 01 00 00") == DefectCode::bad_record);
}

TEST_CASE("a header count beyond the record is refused without counting to it") {
  CHECK(code_of("18 00 00 00 01 01 feffffff0f 00 01") == DefectCode::truncated);
}

TEST_CASE("the count of records must be that of the section") {
  const std::string two = "0c 00 00 00 01 01 00  0c 00 00 02 01 01 00";
  CHECK(!code_of(two, 2));
  CHECK(code_of(two, 1) == DefectCode::record_count_mismatch);
  CHECK(code_of(two, 3) == DefectCode::record_count_mismatch);
  CHECK(code_of(two, 0) == DefectCode::record_count_mismatch);
  CHECK(code_of(two, INT32_MAX) == DefectCode::record_count_mismatch);
  CHECK(!code_of("", 0));
  CHECK(code_of("", 1) == DefectCode::record_count_mismatch);
}

TEST_CASE("offsets ascend and stay in their batch") {
  const auto record_at = [](const char* offset_delta) { return "0c 00 00 "s + offset_delta + " 01 01 00 "; };
  CHECK(!code_of(record_at("00") + record_at("12"), 2));
  CHECK(code_of(record_at("00") + record_at("14"), 2) == DefectCode::record_offset);
  CHECK(code_of(record_at("00") + record_at("00"), 2) == DefectCode::record_offset);
  CHECK(code_of(record_at("02") + record_at("00"), 2) == DefectCode::record_offset);
  CHECK(code_of(record_at("01")) == DefectCode::record_offset);
}

TEST_CASE("a defect stands at the start of its record, and the records before it are good") {
  const ByteBuffer section = from_hex("0c 00 00 00 01 01 00  0c 00 00 02 01 01 00  0c 00 00 02 01 01 00");
  const auto [records, defect] = read(header_for(3), section);
  CHECK(records.size() == 2);
  REQUIRE(defect);
  CHECK(defect->code == DefectCode::record_offset);
  CHECK(defect->position == Position{14});
  CHECK(describe(*defect) == "record_offset: expected an offset in 2..9, found 1");
}

TEST_CASE("every length of truncation of a records section is a defect") {
  for (const HexExample& page_batch : hex_examples("record_batch.md")) {
    CAPTURE(page_batch.name);
    const RecordBatchView batch = batch_in(page_batch.bytes);
    CHECK(!read(batch.header, batch.records()).defect);
    for (std::size_t size = 0; size < batch.records().size(); ++size) {
      CAPTURE(size);
      CHECK(read(batch.header, batch.records().first(size)).defect.has_value());
    }
  }
}

TEST_CASE("flipped bits never lead a reader out of the section") {
  std::mt19937 random(6);
  const ByteBuffer whole = example("two-records");
  for (int round = 0; round < 20000; ++round) {
    ByteBuffer bytes = whole;
    const std::size_t flips = 1 + random() % 4;
    for (std::size_t flip = 0; flip < flips; ++flip) {
      const std::size_t byte = RecordBatchHeader::kMagicPosition + 1 + random() % (bytes.size() - 17);
      bytes[byte] ^= static_cast<std::uint8_t>(1U << random() % 8);
    }
    const RecordBatchView batch = batch_in(bytes);
    RecordReader reader(batch.header, batch.records());
    Offset previous = batch.header.base_offset - 1;
    std::size_t count = 0;
    for (RecordView record; reader.next(record); ++count) {
      const Bytes section = batch.records();
      CHECK(inside(record.key.value_or(Bytes{}), section));
      CHECK(inside(record.value.value_or(Bytes{}), section));
      CHECK(record.offset > previous);
      previous = record.offset;
      RecordHeaderReader headers(record);
      std::int32_t header_count = 0;
      for (RecordHeaderView header; headers.next(header); ++header_count) {
        CHECK(inside(header.key, section));
        CHECK(inside(header.value.value_or(Bytes{}), section));
      }
      CHECK(header_count == record.header_count);
    }
    CHECK((reader.defect() || static_cast<std::int64_t>(count) == std::max(0, batch.header.record_count)));
  }
}

TEST_CASE("the records of an uncompressed batch are its own bytes") {
  Decompressor decompressor;
  ByteBuffer scratch;
  const ByteBuffer bytes = example("two-records");
  const RecordBatchView batch = batch_in(bytes);

  const auto output = uncompressed_records(batch, decompressor, scratch);

  REQUIRE(output);
  CHECK(output->bytes.data() == bytes.data() + RecordBatchHeader::kSize);
  CHECK(output->bytes.size() == bytes.size() - RecordBatchHeader::kSize);
  CHECK(output->trailing_bytes == 0);
}

TEST_CASE(
    "no stream is opened for a batch without records, whatever its codec, but bytes in it are surplus") {
  Decompressor decompressor;
  ByteBuffer scratch;
  ByteBuffer bytes = example("empty");
  bytes[22] |= 1;  // gzip
  RecordBatchView batch = batch_in(bytes);
  auto output = uncompressed_records(batch, decompressor, scratch);
  REQUIRE(output);
  CHECK(!read(batch.header, output->bytes).defect);

  bytes.push_back(0);
  batch = batch_in(bytes);
  output = uncompressed_records(batch, decompressor, scratch);
  REQUIRE(output);
  const auto defect = read(batch.header, output->bytes).defect;
  REQUIRE(defect);
  CHECK(defect->code == DefectCode::record_count_mismatch);
}

TEST_CASE("a batch of a codec that does not exist has no records to give") {
  Decompressor decompressor;
  ByteBuffer scratch;
  ByteBuffer bytes = example("two-records");
  bytes[22] |= 7;

  const auto output = uncompressed_records(batch_in(bytes), decompressor, scratch);

  REQUIRE(!output);
  CHECK(output.error().code == DefectCode::unknown_codec);
}

TEST_CASE("well-formed UTF-8 stays as it is") {
  for (const char* text : {"", "00", "7f", "c280", "dfbf", "e0a080", "ed9fbf", "ee8080", "efbfbd", "efbfbf",
                           "f0908080", "f48fbfbf", "41c3a9e282acf09f9880"}) {
    CAPTURE(text);
    CHECK(is_utf8(from_hex(text)));
    CHECK(re_encoded(text) == text);
  }
}

// R stands for the replacement, efbfbd. The right side is what Java 17 makes of the left.
TEST_CASE("ill-formed UTF-8 is replaced as Java replaces it") {
  const std::pair<const char*, const char*> cases[] = {
      // Bytes that never begin a character: continuations, over-long C0 and C1, F5 and above.
      {"80", "R"},
      {"fffe", "RR"},
      {"c080", "RR"},
      {"c141", "R41"},
      {"f5808080", "RRRR"},
      {"f888808080", "RRRRR"},
      {"41ff42", "41R42"},
      // Good beginnings that do not go on are replaced as one.
      {"c2", "R"},
      {"c241", "R41"},
      {"e0", "R"},
      {"e0a0", "R"},
      {"e0a041", "R41"},
      {"e282", "R"},
      {"e28241", "R41"},
      {"e241ac", "R41R"},
      {"f0", "R"},
      {"f090", "R"},
      {"f09041", "R41"},
      {"f09080", "R"},
      {"f0908041", "R41"},
      // A second byte that makes it over-long or too large is no continuation.
      {"e080", "RR"},
      {"e08080", "RRR"},
      {"f080", "RR"},
      {"f0808080", "RRRR"},
      {"f4908080", "RRRR"},
      // A surrogate goes as a whole.
      {"eda080", "R"},
      {"edbfbf", "R"},
      {"eda0", "R"},
      {"eda041", "R41"},
      {"eda080edb080", "RR"},
  };
  for (const auto& [in, replaced] : cases) {
    const std::string name = in;
    CAPTURE(name);
    std::string expected;
    for (const char c : std::string(replaced)) expected += c == 'R' ? "efbfbd"s : std::string(1, c);
    CHECK(!is_utf8(from_hex(in)));
    CHECK(re_encoded(in) == expected);
    CHECK(is_utf8(from_hex(expected)));
  }
}

}  // namespace kseg
