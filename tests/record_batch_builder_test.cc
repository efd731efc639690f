#include "formats/record_batch_builder.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <random>
#include <set>

#include "tests/support/page_example.h"

namespace kseg {
namespace {

ByteBuffer example(std::string_view name) {
  return hex_example("record_batch.md", name);
}

RecordBatchView batch_in(Bytes bytes) {
  const auto header = decode_record_batch_header(bytes);
  REQUIRE(header);
  REQUIRE(header->size_bytes() == bytes.size());
  return {.header = *header, .position = {}, .bytes = bytes};
}

// The batch built again from the records of an uncompressed one at the given offsets.
ByteBuffer rebuilt(const ByteBuffer& source, const std::set<std::int64_t>& kept,
                   std::optional<std::int64_t> delete_horizon_ms) {
  const RecordBatchView batch = batch_in(source);
  RecordBatchBuilder builder;
  builder.begin(batch.header, delete_horizon_ms);
  RecordReader reader(batch.header, batch.records());
  for (RecordView record; reader.next(record);) {
    if (kept.contains(record.offset.value)) builder.add(record);
  }
  REQUIRE(!reader.defect());
  REQUIRE(static_cast<std::size_t>(builder.record_count()) == kept.size());
  Compressor compressor;
  ByteBuffer out;
  REQUIRE(!builder.finish(compressor, out));
  return out;
}

std::set<std::int64_t> all_offsets(const ByteBuffer& source) {
  const RecordBatchView batch = batch_in(source);
  std::set<std::int64_t> offsets;
  RecordReader reader(batch.header, batch.records());
  for (RecordView record; reader.next(record);) offsets.insert(record.offset.value);
  return offsets;
}

struct Rewrite {
  const char* what;
  const char* source;
  const char* expected;
  std::set<std::int64_t> kept;
  std::optional<std::int64_t> delete_horizon_ms;
};

// What Kafka's cleaner makes of them, byte for byte.
const std::vector<Rewrite>& rewrites_of_kafka() {
  static const std::vector<Rewrite> rewrites = {
      {"a hole in the middle; headers and the leader epoch stay",
       "0000000000000000000000500000000502ff1455fa00000000000200000000000003e800000000000003eaffffffffffff"
       "ffffffffffffffff0000000310000000026102310010000202026202320018000404026302330202680278",
       "0000000000000000000000470000000502d73fa77000000000000200000000000003e800000000000003eaffffffffffff"
       "ffffffffffffffff0000000210000000026102310018000404026302330202680278",
       {0, 2},
       std::nullopt},
      {"the first record gone: times count from the second, offsets still from the base",
       "00000000000000000000004c00000005020c9ec0ac00000000000200000000000003e800000000000003eaffffffffffff"
       "ffffffffffffffff00000003100000000261023100100002020262023200100004040263023300",
       "0000000000000000000000430000000502a5a9e08800000000000200000000000003e900000000000003eaffffffffffff"
       "ffffffffffffffff00000002100000020262023200100002040263023300",
       {1, 2},
       std::nullopt},
      {"a horizon makes every time negative and two bytes longer",
       "0000000000000000000000420000000502849a102c00000000000100000000000003e800000000000003efffffffffffff"
       "ffffffffffffffff000000020e0000000261010010000e020262023200",
       "00000000000000000000004400000005024086fa83004000000001000000000000177000000000000003efffffffffffff"
       "ffffffffffffffff0000000210008f4e00026101001200814e020262023200",
       {0, 1},
       6000},
      {"a marker gets a horizon",
       "000000000000000000000042000000050293304d5700300000000000000000000003e800000000000003e8000000000000"
       "004d0003ffffffff000000012000000008000000010c00000000000400",
       "00000000000000000000004300000005021e345f9a007000000000000000000000177000000000000003e8000000000000"
       "004d0003ffffffff0000000122008f4e0008000000010c00000000000400",
       {0},
       6000},
      {"log append time: the base becomes it, all deltas 0",
       "00000000000000000000004c0000000002911884f400080000000200000000000003e80000000000002328ffffffffffff"
       "ffffffffffffffff0000000310000000026102310010000602026202320010000a040263023300",
       "000000000000000000000043000000000228ccf46a00080000000200000000000023280000000000002328ffffffffffff"
       "ffffffffffffffff00000002100000020262023200100000040263023300",
       {1, 2},
       std::nullopt},
      {"log append time with a horizon: the deltas lead back to it",
       "00000000000000000000004200000000026951a46500080000000100000000000003e80000000000002328ffffffffffff"
       "ffffffffffffffff000000020e00000002610100100006020262023200",
       "0000000000000000000000440000000002f4acab7000480000000100000000000017700000000000002328ffffffffffff"
       "ffffffffffffffff000000021000f02e00026101001200f02e020262023200",
       {0, 1},
       6000},
      {"the base is the first kept time, not the smallest",
       "00000000000000000000004c000000000243135e370000000000020000000000000032000000000000003cffffffffffff"
       "ffffffffffffffff00000003100000000261023100100014020262023200100013040263023300",
       "0000000000000000000000430000000002c182e500000000000002000000000000003c000000000000003cffffffffffff"
       "ffffffffffffffff00000002100000020262023200100027040263023300",
       {1, 2},
       std::nullopt},
      {"a horizon carried over; the largest time is gone",
       "00000000000000000000004e000000000237ddce07004000000002000000000000177000000000000003eaffffffffffff"
       "ffffffffffffffff0000000310008f4e000261010012008d4e02026202320012008b4e040263023300",
       "0000000000000000000000440000000002b05b11fe004000000002000000000000177000000000000003e9ffffffffffff"
       "ffffffffffffffff0000000210008f4e000261010012008d4e020262023200",
       {0, 1},
       6000},
      {"a tombstone gone, its horizon stays",
       "00000000000000000000004e000000000237ddce07004000000002000000000000177000000000000003eaffffffffffff"
       "ffffffffffffffff0000000310008f4e000261010012008d4e02026202320012008b4e040263023300",
       "0000000000000000000000450000000002934db2c2004000000002000000000000177000000000000003eaffffffffffff"
       "ffffffffffffffff0000000212008d4e02026202320012008b4e040263023300",
       {1, 2},
       6000},
      {"no times",
       "0000000000000000000000430000000002c2aa8cc4000000000001ffffffffffffffffffffffffffffffffffffffffffff"
       "ffffffffffffffff00000002100000000261023100100000020262023200",
       "00000000000000000000003a00000000026757d391000000000001ffffffffffffffffffffffffffffffffffffffffffff"
       "ffffffffffffffff00000001100000020262023200",
       {1},
       std::nullopt},
      {"unknown attribute bits and long varints are normalised",
       "00000000000000000000004500000000022897489101800000000100000000000003e800000000000003e8ffffffffffff"
       "ffffffffffffffff000000021007000002610231001407808000020262023200",
       "00000000000000000000003a0000000002502b8bf300000000000100000000000003e800000000000003e8ffffffffffff"
       "ffffffffffffffff00000001100000020262023200",
       {1},
       std::nullopt},
      {"header keys that are no UTF-8 are replaced; an empty key and a null value stay",
       "00000000000000000000004a00000000027f16b64d00000000000100000000000003e800000000000003e8ffffffffffff"
       "ffffffffffffffff000000021000000002610231001e000002026202320404fffe02780001",
       "0000000000000000000000450000000002f8fdf1c000000000000100000000000003e800000000000003e8ffffffffffff"
       "ffffffffffffffff000000012600000202620232040cefbfbdefbfbd02780001",
       {1},
       std::nullopt},
      {"a wrong max timestamp is corrected",
       "00000000000000000000004300000000020d7d8f1900000000000100000000000003e8000000000001869fffffffffffff"
       "ffffffffffffffff0000000210000000026102310010000a020262023200",
       "00000000000000000000003a00000000028d4e94b900000000000100000000000003ed00000000000003edffffffffffff"
       "ffffffffffffffff00000001100000020262023200",
       {1},
       std::nullopt},
  };
  return rewrites;
}

}  // namespace

TEST_CASE("a batch of the page built again from its own records is the same bytes") {
  for (const HexExample& page_batch : hex_examples("record_batch.md")) {
    CAPTURE(page_batch.name);
    const RecordBatchHeader header = batch_in(page_batch.bytes).header;
    if (header.record_count == 0 || header.timestamp_type() == TimestampType::log_append_time) continue;
    CHECK(to_hex(rebuilt(page_batch.bytes, all_offsets(page_batch.bytes), header.delete_horizon_ms())) ==
          to_hex(page_batch.bytes));
  }
}

TEST_CASE("compacting the page's first batch makes its second and its third") {
  const ByteBuffer source = example("two-records");
  CHECK(to_hex(rebuilt(source, {43}, 1700086500000)) == to_hex(example("horizon")));
  CHECK(to_hex(rebuilt(source, {42}, std::nullopt)) == to_hex(example("first-kept")));
}

TEST_CASE("the producer's deltas of a log append time batch are lost, its times are not") {
  const ByteBuffer source = example("append-time");
  const ByteBuffer out = rebuilt(source, {42, 43}, std::nullopt);
  const RecordBatchView batch = batch_in(out);

  CHECK(batch.header.base_timestamp == 1700000009999);
  CHECK(batch.header.max_timestamp == 1700000009999);
  CHECK(to_hex(batch.records()) == "14000000046b310476310014000002046b3204763200");
}

TEST_CASE("a rebuilt batch has the bytes Kafka's cleaner gives it") {
  for (const Rewrite& rewrite : rewrites_of_kafka()) {
    CAPTURE(rewrite.what);
    const ByteBuffer out = rebuilt(from_hex(rewrite.source), rewrite.kept, rewrite.delete_horizon_ms);
    CHECK(to_hex(out) == rewrite.expected);
    CHECK(!check_crc(batch_in(out)));
  }
}

TEST_CASE("a batch rebuilt once more does not change") {
  for (const Rewrite& rewrite : rewrites_of_kafka()) {
    CAPTURE(rewrite.what);
    const ByteBuffer once = from_hex(rewrite.expected);
    const auto delete_horizon_ms = batch_in(once).header.delete_horizon_ms();
    CHECK(to_hex(rebuilt(once, all_offsets(once), delete_horizon_ms)) == rewrite.expected);
  }
}

TEST_CASE("a negative delete horizon is none") {
  const ByteBuffer source = example("two-records");
  CHECK(to_hex(rebuilt(source, {42}, -1)) == to_hex(example("first-kept")));
  CHECK(batch_in(rebuilt(source, {42}, 0)).header.delete_horizon_ms() == 0);
}

TEST_CASE("a builder used again carries nothing over, and appends to what the buffer holds") {
  const ByteBuffer source = example("two-records");
  const RecordBatchView batch = batch_in(source);
  RecordBatchBuilder builder;
  Compressor compressor;
  ByteBuffer out = from_hex("aabb");
  for (const std::optional<std::int64_t> horizon : {std::optional<std::int64_t>{5000}, {}, {}}) {
    out.resize(2);
    builder.begin(batch.header, horizon);
    CHECK(builder.record_count() == 0);
    RecordReader reader(batch.header, batch.records());
    for (RecordView record; reader.next(record);) builder.add(record);
    REQUIRE(!builder.finish(compressor, out));
  }
  CHECK(to_hex(out) == "aabb" + to_hex(source));
}

TEST_CASE("a batch of each codec reads back, and a damaged stream is a defect in its place") {
  const ByteBuffer source = example("two-records");
  const RecordBatchView batch = batch_in(source);
  for (const Codec codec : {Codec::gzip, Codec::snappy, Codec::lz4, Codec::zstd}) {
    CAPTURE(name(codec));
    RecordBatchHeader like = batch.header;
    like.attributes = static_cast<std::int16_t>(codec);
    RecordBatchBuilder builder;
    builder.begin(like, std::nullopt);
    RecordReader reader(batch.header, batch.records());
    for (RecordView record; reader.next(record);) builder.add(record);
    Compressor compressor;
    ByteBuffer out;
    REQUIRE(!builder.finish(compressor, out));

    Decompressor decompressor;
    ByteBuffer scratch;
    RecordBatchView built = batch_in(out);
    CHECK(built.header.codec() == codec);
    CHECK(!check_crc(built));
    const auto records = uncompressed_records(built, decompressor, scratch);
    REQUIRE(records);
    CHECK(to_hex(records->bytes) == to_hex(batch.records()));
    CHECK(records->trailing_bytes == 0);

    std::fill_n(out.begin() + RecordBatchHeader::kSize, 8, std::uint8_t{0xff});
    built = batch_in(out);
    built.position = {1000};
    const auto damaged = uncompressed_records(built, decompressor, scratch);
    REQUIRE(!damaged);
    CHECK(damaged.error().position >= Position{1000 + RecordBatchHeader::kSize});
    CHECK(damaged.error().offset == Offset{42});
  }
}

TEST_CASE("random records come back from a batch as they went in") {
  std::mt19937_64 random(7);
  const auto random_bytes = [&]() -> ByteBuffer {
    const std::size_t limits[] = {0, 1, 63, 64, 65, 8191, 8192};
    ByteBuffer bytes(limits[random() % std::size(limits)]);
    for (auto& byte : bytes) byte = static_cast<std::uint8_t>(random());
    return bytes;
  };
  for (int round = 0; round < 100; ++round) {
    struct Written {
      RecordView view;
      std::optional<ByteBuffer> key;
      std::optional<ByteBuffer> value;
      ByteBuffer headers;
    };
    std::vector<Written> written(1 + random() % 20);
    const RecordBatchHeader like{.base_offset = {static_cast<std::int64_t>(random() >> 2)},
                                 .last_offset_delta = INT32_MAX};
    Offset offset = like.base_offset;
    RecordBatchBuilder builder;
    builder.begin(like, random() % 2 == 0 ? std::nullopt : std::optional<std::int64_t>{random() >> 1});
    for (Written& record : written) {
      if (random() % 4 != 0) record.key = random_bytes();
      if (random() % 4 != 0) record.value = random_bytes();
      record.view.header_count = static_cast<std::int32_t>(random() % 3);
      for (std::int32_t i = 0; i < record.view.header_count; ++i) {
        const ByteBuffer value = random_bytes();
        RecordBatchBuilder::encode_header({.key = as_bytes("k\xc3\xa9"), .value = value}, record.headers);
      }
      record.view.offset = offset;
      record.view.timestamp_ms = static_cast<std::int64_t>(random());
      if (record.key) record.view.key = *record.key;
      if (record.value) record.view.value = *record.value;
      record.view.headers = record.headers;
      offset = offset + 1 + static_cast<std::int64_t>(random() % 50000000);
      builder.add(record.view);
    }
    Compressor compressor;
    ByteBuffer out;
    REQUIRE(!builder.finish(compressor, out));

    const RecordBatchView batch = batch_in(out);
    CHECK(!check_crc(batch));
    CHECK(!check_header(batch.header, {}));
    RecordReader reader(batch.header, batch.records());
    std::size_t i = 0;
    for (RecordView record; reader.next(record); ++i) {
      REQUIRE(i < written.size());
      const RecordView& expected = written[i].view;
      CHECK(record.offset == expected.offset);
      CHECK(record.timestamp_ms == expected.timestamp_ms);
      REQUIRE(record.key.has_value() == expected.key.has_value());
      REQUIRE(record.value.has_value() == expected.value.has_value());
      if (record.key) CHECK(same_bytes(*record.key, *expected.key));
      if (record.value) CHECK(same_bytes(*record.value, *expected.value));
      CHECK(record.header_count == expected.header_count);
      CHECK(same_bytes(record.headers, expected.headers));
    }
    CHECK(!reader.defect());
    CHECK(i == written.size());
  }
}

TEST_CASE("what Kafka would not build again is told from what it would") {
  struct Refusal {
    const char* what;
    const char* source;
  };
  const Refusal refusals[] = {
      {"a producer id with epoch -1",
       "0000000000000000000000430000000002a86db83f00000000000100000000000003e800000000000003e8000000000000"
       "0007ffff0000000000000002100000000261023100100000020262023200"},
      {"a producer id with sequence -1 on data",
       "0000000000000000000000430000000002fd9264bf00000000000100000000000003e800000000000003e8000000000000"
       "00070000ffffffff00000002100000000261023100100000020262023200"},
      {"transactional without a producer id",
       "0000000000000000000000430000000002b07a849000100000000100000000000003e800000000000003e8ffffffffffff"
       "ffffffffffffffff00000002100000000261023100100000020262023200"},
  };
  for (const Refusal& refusal : refusals) {
    CAPTURE(refusal.what);
    const auto defect = check_rebuildable(batch_in(from_hex(refusal.source)).header, {1000});
    REQUIRE(defect);
    CHECK(defect->code == DefectCode::bad_producer);
    CHECK(defect->position == Position{1000});
  }
  for (const HexExample& page_batch : hex_examples("record_batch.md")) {
    CAPTURE(page_batch.name);
    CHECK(!check_rebuildable(batch_in(page_batch.bytes).header, {}));
  }
  for (const Rewrite& rewrite : rewrites_of_kafka()) {
    CAPTURE(rewrite.what);
    CHECK(!check_rebuildable(batch_in(from_hex(rewrite.source)).header, {}));
  }
}

TEST_CASE("records that do not ascend never reach a builder") {
  const ByteBuffer source = from_hex(
      "00000000000000000000004c0000000002e6bbdc9800000000000200000000000003e800000000000003e8ffffffffffff"
      "ffffffffffffffff00000003100000000261023100100000040262023200100000020263023200");
  const RecordBatchView batch = batch_in(source);
  RecordReader reader(batch.header, batch.records());
  RecordView record;
  CHECK(reader.next(record));
  CHECK(reader.next(record));
  CHECK(!reader.next(record));
  REQUIRE(reader.defect());
  CHECK(reader.defect()->code == DefectCode::record_offset);
}

}  // namespace kseg
