#include "formats/compression.h"

#include <doctest/doctest.h>
#include <libdeflate.h>

#include <initializer_list>
#include <iterator>
#include <optional>
#include <random>
#include <string>
#include <utility>

#include "formats/byte_writer.h"
#include "formats/record.h"
#include "tests/support/page_example.h"

namespace kseg {
namespace {

constexpr Codec kCodecs[] = {Codec::gzip, Codec::snappy, Codec::lz4, Codec::zstd};
constexpr std::size_t kMiB = std::size_t{1} << 20;

ByteBuffer join(std::initializer_list<Bytes> parts) {
  ByteBuffer all;
  for (const Bytes part : parts) append(all, part);
  return all;
}

ByteBuffer flipped(ByteBuffer bytes, std::size_t at, unsigned mask = 0xff) {
  bytes[at] = static_cast<std::uint8_t>(bytes[at] ^ mask);
  return bytes;
}

ByteBuffer random_bytes(std::size_t size, std::uint32_t seed) {
  std::mt19937 random(seed);
  ByteBuffer bytes(size);
  for (auto& byte : bytes) byte = static_cast<std::uint8_t>(random());
  return bytes;
}

ByteBuffer compressible_bytes(std::size_t size) {
  std::mt19937 random(7);
  std::string text;
  while (text.size() < size) text += fmt::format("{{\"account\":{},\"state\":\"open\"}}", random() % 1000);
  text.resize(size);
  const Bytes bytes = as_bytes(text);
  return {bytes.begin(), bytes.end()};
}

ByteBuffer compressed(Codec codec, Bytes input) {
  ByteBuffer out;
  Compressor().compress(codec, input, out);
  return out;
}

// A copy of what came out, so that tests can compare without keeping the scratch space.
struct Decompressed {
  std::optional<Defect> defect;
  ByteBuffer bytes;
  std::size_t trailing_bytes = 0;
  std::size_t capacity = 0;  // of the scratch space afterwards

  bool failed_with(DefectCode code) const { return defect && defect->code == code; }
  bool gave(Bytes expected, std::size_t trailing = 0) const {
    return !defect && same_bytes(bytes, expected) && trailing_bytes == trailing;
  }
};

Decompressed decompressed(Codec codec, Bytes input, std::size_t limit = 64 * kMiB) {
  ByteBuffer scratch;
  Decompressor decompressor;
  const auto output = decompressor.decompress(codec, input, scratch, limit);
  if (!output) return {.defect = output.error(), .bytes = {}, .capacity = scratch.capacity()};
  return {.defect = {},
          .bytes = {output->bytes.begin(), output->bytes.end()},
          .trailing_bytes = output->trailing_bytes,
          .capacity = scratch.capacity()};
}

const ByteBuffer& hello() {
  static const ByteBuffer bytes = [] {
    ByteBuffer text;
    for (int i = 0; i < 20; ++i) append(text, as_bytes("hello world, hello log; "));
    return text;
  }();
  return bytes;
}

ByteBuffer twice(Bytes bytes) {
  return join({bytes, bytes});
}

// The ten records of formats/compression.md as a records section.
ByteBuffer ten_records() {
  ByteBuffer records;
  ByteWriter to(records);
  for (int i = 0; i < 10; ++i) {
    to.varint(41);
    to.i8(0);
    to.varlong(i);
    to.varint(i);
    to.varint(3);
    to.bytes(as_bytes("key"));
    to.varint(32);
    to.bytes(as_bytes(std::string(32, 'a')));
    to.varint(0);
  }
  return records;
}

// Streams written by Kafka 4.3.1, on the page in the order of the codecs.
ByteBuffer ten_records_by_kafka(Codec codec) {
  return from_hex(page_example("compression.md", static_cast<int>(codec)));
}
ByteBuffer nothing_by_kafka(Codec codec) {
  return from_hex(
      page_example("compression.md", static_cast<int>(std::size(kCodecs)) + static_cast<int>(codec)));
}

}  // namespace

TEST_CASE("codecs are called as Kafka's tools call them") {
  CHECK(name(Codec::none) == "none");
  CHECK(name(Codec::gzip) == "gzip");
  CHECK(name(Codec::snappy) == "snappy");
  CHECK(name(Codec::lz4) == "lz4");
  CHECK(name(Codec::zstd) == "zstd");
  CHECK(name(static_cast<Codec>(5)) == "unknown");
}

TEST_CASE("what a codec compresses it gives back") {
  const ByteBuffer inputs[] = {{},
                               {0x61},
                               compressible_bytes(32768),
                               compressible_bytes(65537),
                               compressible_bytes(100 * 1024),
                               random_bytes(100 * 1024, 1),
                               ByteBuffer(kMiB, 0),
                               compressible_bytes(4 * kMiB + 12345),
                               random_bytes(4 * kMiB + 12345, 2)};
  Compressor compressor;
  Decompressor decompressor;
  ByteBuffer scratch;
  for (const Codec codec : kCodecs) {
    for (const ByteBuffer& input : inputs) {
      CAPTURE(name(codec));
      CAPTURE(input.size());
      ByteBuffer out = {0xaa};  // what is there stays
      compressor.compress(codec, input, out);
      REQUIRE(out.front() == 0xaa);
      const auto output = decompressor.decompress(codec, Bytes{out}.subspan(1), scratch);
      REQUIRE(output);
      CHECK(same_bytes(output->bytes, input));
      CHECK(output->trailing_bytes == 0);
    }
  }
}

TEST_CASE("Kafka's streams of ten records decode, and are what we write ourselves") {
  const ByteBuffer records = ten_records();
  for (const Codec codec : kCodecs) {
    CAPTURE(name(codec));
    const ByteBuffer stream = ten_records_by_kafka(codec);
    CHECK(decompressed(codec, stream).gave(records));
    const ByteBuffer written = compressed(codec, records);
    CHECK(decompressed(codec, written).gave(records));
    // Releases of libdeflate and libzstd may differ in how they pack, not in what is around it.
    if (codec == Codec::gzip || codec == Codec::zstd) {
      const std::size_t header_size = codec == Codec::gzip ? 10 : 6;
      CHECK(same_bytes(Bytes{written}.first(header_size), Bytes{stream}.first(header_size)));
    } else {
      CHECK(written == stream);
    }
  }
}

TEST_CASE("Kafka's streams of nothing decode to nothing") {
  for (const Codec codec : kCodecs) {
    CAPTURE(name(codec));
    CHECK(decompressed(codec, nothing_by_kafka(codec)).gave({}));
    CHECK(decompressed(codec, compressed(codec, {})).gave({}));
    if (codec != Codec::gzip) CHECK(compressed(codec, {}) == nothing_by_kafka(codec));
  }
}

TEST_CASE("wrapper values of message format 1 decode too") {
  const ByteBuffer messages = from_hex(
      "0000000000000000 00000018 adc0d6e9 01 00 00000000000003e8 00000001 61 00000001 31"
      "0000000000000001 00000018 7b02a90f 01 00 00000000000003e9 ffffffff 00000002 3232");
  CHECK(
      decompressed(Codec::gzip,
                   from_hex("1f8b08000000000000ff6360800389b507aebd648472985f0009c644106108150249495433ade487"
                            "ab79f91f08800c26232300e8c7cdf548000000"))
          .gave(messages));
  const ByteBuffer frame = from_hex(
      "04224d1860408236000000160001006318adc0d6e90110007003e80000000161050013311300001b0050187b02a90f"
      "0900000200c003e9ffffffff00000002323200000000");
  CHECK(decompressed(Codec::lz4, frame).gave(messages));

  // Format 0 has 1a in that place: a header checksum over too much.
  const Decompressed damaged = decompressed(Codec::lz4, flipped(frame, 6, 0x82 ^ 0x1a));
  CHECK(damaged.failed_with(DefectCode::bad_compression));
  CHECK(damaged.defect->position == Position{6});
}

TEST_CASE("no input at all is truncated, but for zstd, where it is no frames") {
  CHECK(decompressed(Codec::gzip, {}).failed_with(DefectCode::truncated));
  CHECK(decompressed(Codec::snappy, {}).failed_with(DefectCode::truncated));
  CHECK(decompressed(Codec::lz4, {}).failed_with(DefectCode::truncated));
  CHECK(decompressed(Codec::zstd, {}).gave({}));
}

// What follows or replaces the end of a stream.

TEST_CASE("gzip members are concatenated, and garbage behind them is reported") {
  const ByteBuffer member = compressed(Codec::gzip, hello());
  CHECK(decompressed(Codec::gzip, twice(member)).gave(twice(hello())));
  CHECK(decompressed(Codec::gzip, join({member, from_hex("00")})).gave(hello(), 1));
  CHECK(decompressed(Codec::gzip, join({member, random_bytes(1000, 3)})).gave(hello(), 1000));
  // The beginning of a header is not one.
  CHECK(decompressed(Codec::gzip, join({member, Bytes{member}.first(9)})).gave(hello(), 9));

  // A whole header promises a member.
  CHECK(decompressed(Codec::gzip, join({member, Bytes{member}.first(10)}))
            .failed_with(DefectCode::bad_compression));
  const ByteBuffer damaged = flipped(twice(member), 2 * member.size() - 1);
  const Decompressed output = decompressed(Codec::gzip, damaged);
  REQUIRE(output.failed_with(DefectCode::bad_compression));
  CHECK(output.defect->position == Position{2 * member.size() - 8});
}

TEST_CASE("snappy streams are concatenated, and up to 3 bytes behind them are reported") {
  const ByteBuffer stream = compressed(Codec::snappy, hello());
  CHECK(decompressed(Codec::snappy, twice(stream)).gave(twice(hello())));
  CHECK(decompressed(Codec::snappy, join({stream, from_hex("00")})).gave(hello(), 1));
  CHECK(decompressed(Codec::snappy, join({stream, from_hex("ffffff")})).gave(hello(), 3));
  CHECK(decompressed(Codec::snappy, join({stream, from_hex("825366")})).gave(hello(), 3));

  CHECK(decompressed(Codec::snappy, join({stream, from_hex("ffffffff")}))
            .failed_with(DefectCode::bad_compression));
  CHECK(decompressed(Codec::snappy, join({stream, from_hex("20000001")}))
            .failed_with(DefectCode::bad_compression));
  CHECK(decompressed(Codec::snappy, join({stream, from_hex("00000001")})).failed_with(DefectCode::truncated));
  CHECK(decompressed(Codec::snappy, join({stream, from_hex("00000000")}))
            .failed_with(DefectCode::bad_compression));
  CHECK(decompressed(Codec::snappy, join({stream, from_hex("82534e41")})).failed_with(DefectCode::truncated));
}

TEST_CASE("only the first lz4 frame is read, and what is behind its end mark is reported") {
  const ByteBuffer frame = compressed(Codec::lz4, hello());
  CHECK(decompressed(Codec::lz4, twice(frame)).gave(hello(), frame.size()));
  CHECK(decompressed(Codec::lz4, join({frame, from_hex("00")})).gave(hello(), 1));
  CHECK(decompressed(Codec::lz4, join({frame, random_bytes(1000, 4)})).gave(hello(), 1000));

  const Bytes without_end_mark = Bytes{frame}.first(frame.size() - 4);
  CHECK(decompressed(Codec::lz4, without_end_mark).failed_with(DefectCode::truncated));
  CHECK(decompressed(Codec::lz4, join({without_end_mark, from_hex("00000080")}))
            .gave(hello()));  // an end mark too
  CHECK(decompressed(Codec::lz4, join({without_end_mark, from_hex("01000000")}))
            .failed_with(DefectCode::truncated));
}

TEST_CASE("zstd frames are concatenated and skipped, and nothing else may follow") {
  const ByteBuffer frame = compressed(Codec::zstd, hello());
  const ByteBuffer skippable = from_hex("502a4d18 03000000 616263");
  CHECK(decompressed(Codec::zstd, twice(frame)).gave(twice(hello())));
  CHECK(decompressed(Codec::zstd, join({frame, skippable})).gave(hello()));
  CHECK(decompressed(Codec::zstd, join({skippable, frame})).gave(hello()));

  const Decompressed garbage = decompressed(Codec::zstd, join({frame, from_hex("0000000000000000")}));
  REQUIRE(garbage.failed_with(DefectCode::bad_compression));
  CHECK(garbage.defect->position == Position{frame.size()});
  CHECK(decompressed(Codec::zstd, join({frame, from_hex("00")})).defect);
  CHECK(decompressed(Codec::zstd, join({frame, from_hex("28b52ffd")})).failed_with(DefectCode::truncated));
  CHECK(decompressed(Codec::zstd, join({frame, Bytes{skippable}.first(10)}))
            .failed_with(DefectCode::truncated));
}

TEST_CASE("a stream that is cut short anywhere is refused") {
  for (const Codec codec : kCodecs) {
    CAPTURE(name(codec));
    const ByteBuffer input = compressible_bytes(70000);
    const ByteBuffer stream = compressed(codec, input);
    for (std::size_t size = 0; size < stream.size(); ++size) {
      if (codec == Codec::zstd && size == 0) continue;
      const Decompressed output = decompressed(codec, Bytes{stream}.first(size));
      // Snappy's framing has no end mark: between two chunks, nothing is missing.
      if (codec == Codec::snappy && !output.defect) {
        CHECK(output.trailing_bytes < 4);
        CHECK(output.bytes.size() % 32768 == 0);
        CHECK(same_bytes(output.bytes, Bytes{input}.first(output.bytes.size())));
        continue;
      }
      if (!output.defect) FAIL("accepted " << size << " bytes");
      const bool says_so =
          output.failed_with(DefectCode::truncated) || output.failed_with(DefectCode::bad_compression);
      if (!says_so || output.defect->position > Position{size}) FAIL(describe(*output.defect));
    }
  }
}

TEST_CASE("flipped bytes are refused or give other bytes, and nothing worse") {
  constexpr std::size_t kLimit = kMiB;
  std::mt19937 random(5);
  Decompressor decompressor;
  ByteBuffer scratch;
  for (const Codec codec : kCodecs) {
    CAPTURE(name(codec));
    const ByteBuffer streams[] = {compressed(codec, hello()), compressed(codec, compressible_bytes(70000)),
                                  compressed(codec, random_bytes(300, 6))};
    int refused = 0;
    for (int i = 0; i < 4000; ++i) {
      ByteBuffer stream = streams[i % 3];
      for (auto flips = 1 + random() % 3; flips > 0; --flips) {
        const std::size_t at =
            random() % (random() % 2 == 0 ? stream.size() : std::min<std::size_t>(stream.size(), 32));
        stream[at] = static_cast<std::uint8_t>(stream[at] ^ (1U << (random() % 8)));
      }
      const auto output = decompressor.decompress(codec, stream, scratch, kLimit);
      if (!output) ++refused;
      REQUIRE(scratch.capacity() <= kLimit);
      REQUIRE((!output || output->bytes.size() <= kLimit));
    }
    CHECK(refused > 100);
    const auto sound =
        decompressor.decompress(codec, streams[0], scratch, kLimit);  // no state is left behind
    REQUIRE(sound);
    CHECK(same_bytes(sound->bytes, hello()));
  }
}

// gzip.

namespace {

ByteBuffer gzip_member(std::uint8_t flags, Bytes optional_fields) {
  const ByteBuffer plain = compressed(Codec::gzip, hello());
  const std::uint8_t start[] = {0x1f, 0x8b, 0x08, flags};
  return join({start, Bytes{plain}.subspan(4, 6), optional_fields, Bytes{plain}.subspan(10)});
}

ByteBuffer gzip_member_with_header_checksum(std::uint8_t flags, Bytes optional_fields) {
  const ByteBuffer member = gzip_member(flags, optional_fields);
  const Bytes header = Bytes{member}.first(10 + optional_fields.size());
  const std::uint32_t crc = libdeflate_crc32(0, header.data(), header.size());
  const std::uint8_t checksum[] = {static_cast<std::uint8_t>(crc), static_cast<std::uint8_t>(crc >> 8)};
  return join({header, checksum, Bytes{member}.subspan(header.size())});
}

}  // namespace

TEST_CASE("a gzip header may carry all its optional fields") {
  const ByteBuffer extra = from_hex("0300 616263");
  const ByteBuffer text = from_hex("6e616d6500");
  CHECK(decompressed(Codec::gzip, gzip_member(0x00, {})).gave(hello()));
  CHECK(decompressed(Codec::gzip, gzip_member(0x01, {})).gave(hello()));
  CHECK(decompressed(Codec::gzip, gzip_member(0x04, extra)).gave(hello()));
  CHECK(decompressed(Codec::gzip, gzip_member(0x08, text)).gave(hello()));
  CHECK(decompressed(Codec::gzip, gzip_member(0x1c, join({extra, text, text}))).gave(hello()));
  CHECK(decompressed(Codec::gzip, gzip_member(0xe0, {})).gave(hello()));  // reserved, but Java does not look
  const ByteBuffer checked = gzip_member_with_header_checksum(0x1e, join({extra, text, text}));
  CHECK(decompressed(Codec::gzip, checked).gave(hello()));

  const Decompressed damaged = decompressed(Codec::gzip, flipped(checked, 10 + 15));
  REQUIRE(damaged.failed_with(DefectCode::bad_compression));
  CHECK(damaged.defect->position == Position{10 + 15});
  CHECK(decompressed(Codec::gzip, gzip_member(0x04, from_hex("ffff"))).failed_with(DefectCode::truncated));
  CHECK(decompressed(Codec::gzip, from_hex("1f8b0808 00000000 00ff 6e6f20656e64"))
            .failed_with(DefectCode::truncated));
}

TEST_CASE("a gzip member needs its magic, its method, its crc and its size") {
  const ByteBuffer member = compressed(Codec::gzip, hello());
  for (const std::size_t at : {std::size_t{0}, std::size_t{1}, std::size_t{2}}) {
    CHECK(decompressed(Codec::gzip, flipped(member, at)).failed_with(DefectCode::bad_compression));
  }
  for (std::size_t at = member.size() - 8; at < member.size(); ++at) {
    CAPTURE(at);
    const Decompressed output = decompressed(Codec::gzip, flipped(member, at));
    REQUIRE(output.failed_with(DefectCode::bad_compression));
    CHECK(output.defect->position == Position{member.size() - 8});
  }
  CHECK(decompressed(Codec::gzip, Bytes{member}.first(member.size() - 1)).failed_with(DefectCode::truncated));
}

TEST_CASE("the size in a gzip trailer sizes nothing that the input could not fill") {
  ByteBuffer member = compressed(Codec::gzip, hello());
  for (std::size_t i = 1; i <= 4; ++i) member[member.size() - i] = 0xff;
  const Decompressed output = decompressed(Codec::gzip, member, kDecompressionLimit);
  CHECK(output.failed_with(DefectCode::bad_compression));
  CHECK(output.capacity < 100 * 1024);
}

TEST_CASE("gzip output grows where the trailer's size says nothing") {
  const ByteBuffer large = compressible_bytes(3 * kMiB);
  const ByteBuffer members = join({compressed(Codec::gzip, large), compressed(Codec::gzip, hello())});
  CHECK(decompressed(Codec::gzip, members).gave(join({large, hello()})));
}

// snappy.

TEST_CASE("snappy without a header is one raw block") {
  CHECK(decompressed(Codec::snappy, from_hex("05 10 68656c6c6f")).gave(as_bytes("hello")));
  CHECK(decompressed(Codec::snappy, from_hex("00")).gave({}));
  const ByteBuffer stream = compressed(Codec::snappy, hello());
  CHECK(decompressed(Codec::snappy, Bytes{stream}.subspan(20)).gave(hello()));

  CHECK(decompressed(Codec::snappy, from_hex("06 10 68656c6c6f")).failed_with(DefectCode::bad_compression));
  CHECK(
      decompressed(Codec::snappy, from_hex("05 10 68656c6c6f 00")).failed_with(DefectCode::bad_compression));
  CHECK(decompressed(Codec::snappy, flipped(stream, 7)).failed_with(DefectCode::bad_compression));
  CHECK(decompressed(Codec::snappy, from_hex("82534e4150505900 00000001"))
            .failed_with(DefectCode::bad_compression));
}

TEST_CASE("the version in a snappy header counts only where streams are concatenated") {
  const ByteBuffer stream = compressed(Codec::snappy, hello());
  const ByteBuffer version0 = flipped(stream, 11, 1);
  CHECK(decompressed(Codec::snappy, join({version0, stream})).gave(twice(hello())));

  const Decompressed output = decompressed(Codec::snappy, join({stream, version0}));
  REQUIRE(output.failed_with(DefectCode::bad_compression));
  CHECK(output.defect->position == Position{stream.size()});
  CHECK(decompressed(Codec::snappy, join({stream, flipped(stream, 5)}))
            .failed_with(DefectCode::bad_compression));
}

TEST_CASE("snappy chunks may be larger than those Kafka writes") {
  const ByteBuffer large = compressible_bytes(200000);
  const ByteBuffer block = [&] {
    // A raw block of 200000 bytes: the length, then one literal.
    ByteBuffer bytes = from_hex("c09a0c f8 3f0d03");
    append(bytes, large);
    return bytes;
  }();
  ByteBuffer stream = from_hex("82534e4150505900 00000001 00000001");
  ByteWriter(stream).i32(static_cast<std::int32_t>(block.size()));
  append(stream, block);
  CHECK(decompressed(Codec::snappy, stream).gave(large));
  CHECK(decompressed(Codec::snappy, flipped(stream, 19, 1)).defect);
}

TEST_CASE("the length of a snappy block is not believed beyond what its bytes can hold") {
  // 2^31-1 and 23 bytes in a few.
  for (const std::string_view block : {"ffffffff07 00 61", "17"}) {
    CAPTURE(block);
    const Decompressed raw = decompressed(Codec::snappy, from_hex(block), kDecompressionLimit);
    CHECK(raw.failed_with(DefectCode::bad_compression));
    CHECK(raw.capacity == 0);
  }
  // 66 = 1 + 64 + 1 bytes, by the densest coding there is.
  CHECK(decompressed(Codec::snappy, from_hex("42 00 61 fe 0100 01 01"))
            .failed_with(DefectCode::bad_compression));
  CHECK(decompressed(Codec::snappy, from_hex("41 00 61 fe 0100")).gave(ByteBuffer(65, 'a')));
}

// lz4.

namespace {

// A frame of "hello", stored in one block.
ByteBuffer lz4_frame(std::string_view flags_to_header_checksum, std::string_view behind_block = "") {
  return join({from_hex("04224d18"), from_hex(flags_to_header_checksum), from_hex("05000080 68656c6c6f"),
               from_hex(behind_block)});
}

}  // namespace

TEST_CASE("an lz4 frame may have checksums and a content size") {
  const Bytes text = as_bytes("hello");
  CHECK(decompressed(Codec::lz4, lz4_frame("60 40 82", "00000000")).gave(text));
  CHECK(decompressed(Codec::lz4, lz4_frame("70 40 ad", "f97700fb 00000000")).gave(text));
  // Neither of these two is looked at, but both must be there.
  CHECK(decompressed(Codec::lz4, lz4_frame("64 40 a7", "00000000 deadbeef")).gave(text));
  CHECK(decompressed(Codec::lz4, lz4_frame("68 40 ffffffffffffffff a7", "00000000")).gave(text));
  CHECK(decompressed(Codec::lz4, lz4_frame("64 40 a7", "00000000 deadbeef 00")).gave(text, 1));

  const Decompressed wrong_sum = decompressed(Codec::lz4, lz4_frame("70 40 ad", "f97700fc 00000000"));
  REQUIRE(wrong_sum.failed_with(DefectCode::bad_compression));
  CHECK(wrong_sum.defect->position == Position{11});
  CHECK(decompressed(Codec::lz4, lz4_frame("70 40 ad", "f97700")).failed_with(DefectCode::truncated));
  CHECK(
      decompressed(Codec::lz4, lz4_frame("64 40 a7", "00000000 deadbe")).failed_with(DefectCode::truncated));
  CHECK(decompressed(Codec::lz4, from_hex("04224d18 68 40 ffffff")).failed_with(DefectCode::truncated));
}

TEST_CASE("an lz4 frame with anything else in its header is refused") {
  const struct {
    std::string_view start;
    std::uint64_t position;
  } headers[] = {
      {"184d2204 60 40 82", 0},  // magic the wrong way round
      {"02214c18 60 40 82", 0},  // legacy frame
      {"502a4d18 60 40 82", 0},  // skippable frame
      {"04224d18 20 40 82", 4},  // version 0
      {"04224d18 40 40 c0", 4},  // dependent blocks
      {"04224d18 61 40 82", 4},  // dictionary
      {"04224d18 62 40 82", 4},  // reserved
      {"04224d18 60 30 82", 5},  // block size code 3
      {"04224d18 60 c0 82", 5},  // reserved
      {"04224d18 60 41 82", 5},  // reserved
      {"04224d18 60 40 83", 6},  // checksum
  };
  for (const auto& header : headers) {
    CAPTURE(header.start);
    const Decompressed output =
        decompressed(Codec::lz4, join({from_hex(header.start), from_hex("00000000")}));
    REQUIRE(output.failed_with(DefectCode::bad_compression));
    CHECK(output.defect->position == Position{header.position});
  }
}

TEST_CASE("an lz4 block keeps to the block size of its frame") {
  const auto stored_block = [](std::string_view header, std::uint32_t size) {
    ByteBuffer frame = from_hex(header);
    ByteWriter(frame).u32(__builtin_bswap32(size | 0x80000000));
    append(frame, ByteBuffer(size, 'a'));
    append(frame, from_hex("00000000"));
    return frame;
  };
  CHECK(decompressed(Codec::lz4, stored_block("04224d18 60 40 82", 65536)).gave(ByteBuffer(65536, 'a')));
  CHECK(decompressed(Codec::lz4, stored_block("04224d18 60 50 fb", 65537)).gave(ByteBuffer(65537, 'a')));
  CHECK(decompressed(Codec::lz4, stored_block("04224d18 60 40 82", 65537))
            .failed_with(DefectCode::bad_compression));

  // One literal, a match of 65536 - 6 bytes (19 + 255 * 256 + 231), five literals; then one byte more.
  const auto run_of = [](std::uint8_t last_length_byte) {
    ByteBuffer block = from_hex("1f 61 0100");
    block.insert(block.end(), 256, 0xff);
    append(block, join({Bytes{&last_length_byte, 1}, from_hex("50 6161616161")}));
    ByteBuffer frame = from_hex("04224d18 60 40 82");
    ByteWriter(frame).u32(__builtin_bswap32(static_cast<std::uint32_t>(block.size())));
    return join({frame, block, from_hex("00000000")});
  };
  CHECK(decompressed(Codec::lz4, run_of(231)).gave(ByteBuffer(65536, 'a')));
  CHECK(decompressed(Codec::lz4, run_of(232)).failed_with(DefectCode::bad_compression));
}

TEST_CASE("lz4 stores what it cannot compress") {
  const ByteBuffer noise = random_bytes(65536, 8);
  const ByteBuffer frame = compressed(Codec::lz4, noise);
  CHECK(same_bytes(frame, join({from_hex("04224d18 60 40 82 00000180"), noise, from_hex("00000000")})));
}

// zstd.

namespace {

// A frame of `blocks` blocks of 128 KiB zeros, 4 bytes each.
ByteBuffer zstd_zeros(std::size_t blocks) {
  ByteBuffer frame = from_hex("28b52ffd 00 58");
  const ByteBuffer block = from_hex("020010 00");
  for (std::size_t i = 0; i < blocks; ++i) append(frame, block);
  append(frame, from_hex("010000"));
  return frame;
}

}  // namespace

TEST_CASE("zstd frames are written without content size and checksum, in Kafka's window") {
  for (const std::size_t size : {std::size_t{1}, std::size_t{1000}, 5 * kMiB}) {
    const ByteBuffer frame = compressed(Codec::zstd, compressible_bytes(size));
    CHECK(same_bytes(Bytes{frame}.first(6), from_hex("28b52ffd 00 58")));
  }
}

TEST_CASE("a zstd checksum that is there must be right") {
  const ByteBuffer frame = from_hex("28b52ffd 04 58 290000 68656c6c6f a36d9f88");
  const Decompressed damaged = decompressed(Codec::zstd, flipped(frame, frame.size() - 1));
  CHECK(damaged.failed_with(DefectCode::bad_compression));
  const Decompressed sound = decompressed(Codec::zstd, frame);
  CHECK(sound.gave(as_bytes("hello")));
}

TEST_CASE("a zstd window of 128 MiB is read, a larger one is refused") {
  CHECK(decompressed(Codec::zstd, from_hex("28b52ffd 00 88 090000 61")).gave(as_bytes("a")));
  CHECK(decompressed(Codec::zstd, from_hex("28b52ffd 00 89 090000 61"))
            .failed_with(DefectCode::bad_compression));
}

TEST_CASE("a zstd frame that wants a dictionary is refused") {
  CHECK(decompressed(Codec::zstd, from_hex("28b52ffd 01 58 07 090000 61"))
            .failed_with(DefectCode::bad_compression));
  CHECK(decompressed(Codec::zstd, from_hex("28b52ffd 01 58 00 090000 61")).gave(as_bytes("a")));
}

// Limits.

TEST_CASE("output may reach the limit and not pass it") {
  const ByteBuffer inputs[] = {hello(), compressible_bytes(200000), random_bytes(200000, 9),
                               ByteBuffer(200000, 0)};
  for (const Codec codec : kCodecs) {
    for (const ByteBuffer& input : inputs) {
      CAPTURE(name(codec));
      CAPTURE(input.size());
      const ByteBuffer stream = compressed(codec, input);
      const Decompressed fits = decompressed(codec, stream, input.size());
      CHECK(fits.gave(input));
      CHECK(fits.capacity <= input.size());
      for (const std::size_t limit : {input.size() - 1, input.size() / 2, std::size_t{1}, std::size_t{0}}) {
        CAPTURE(limit);
        const Decompressed output = decompressed(codec, stream, limit);
        CHECK(output.failed_with(DefectCode::output_limit));
        CHECK(output.capacity <= limit);
      }
    }
  }
}

TEST_CASE("nothing fits into no space at all") {
  for (const Codec codec : kCodecs) {
    CAPTURE(name(codec));
    CHECK(decompressed(codec, nothing_by_kafka(codec), 0).gave({}));
  }
}

TEST_CASE("a damaged lz4 block is no matter of the limit") {
  const ByteBuffer frame = compressed(Codec::lz4, hello());
  const ByteBuffer damaged = join({Bytes{frame}.first(11), from_hex("0fffff"), Bytes{frame}.subspan(14)});
  CHECK(decompressed(Codec::lz4, damaged, 100).failed_with(DefectCode::bad_compression));
  CHECK(decompressed(Codec::lz4, frame, 100).failed_with(DefectCode::output_limit));
}

TEST_CASE("a bomb stops at the limit") {
  constexpr std::size_t kGiB = std::size_t{1} << 30;
  const auto stops = [](Codec codec, Bytes bomb) {
    const Decompressed output = decompressed(codec, bomb, kMiB);
    return output.failed_with(DefectCode::output_limit) && output.capacity <= kMiB;
  };
  CHECK(stops(Codec::zstd, zstd_zeros(kGiB / 131072)));

  // gzip: a zero, then matches of 258 bytes at distance 1, each 13 bits, in one block.
  ByteBuffer deflated;
  std::uint64_t bits = 0b01'1 | 0b0000'1100 << 3;  // last block, fixed codes; the literal 0
  unsigned bit_count = 11;
  for (std::size_t i = 0; i < kGiB / 258; ++i) {
    bits |= std::uint64_t{0b1010'0011} << bit_count;  // 285, first bit lowest; then 5 zeros
    bit_count += 13;
    for (; bit_count >= 8; bit_count -= 8) {
      deflated.push_back(static_cast<std::uint8_t>(bits));
      bits >>= 8;
    }
  }
  append(deflated, from_hex("00000000"));  // the end of the block is 7 zeros
  const ByteBuffer member = join({from_hex("1f8b08000000000000ff"), deflated, from_hex("00000000 ffffff3f")});
  CHECK(stops(Codec::gzip, member));

  ByteBuffer block = from_hex("1f 00 0100");  // a zero, then a match of 4 MiB, 255 a byte
  block.insert(block.end(), 16447, 0xff);
  append(block, from_hex("00 50 0000000000"));
  ByteBuffer frame = from_hex("04224d18 60 70 73");
  for (int i = 0; i < 256; ++i) {
    ByteWriter(frame).u32(__builtin_bswap32(static_cast<std::uint32_t>(block.size())));
    append(frame, block);
  }
  CHECK(stops(Codec::lz4, frame));

  const ByteBuffer chunk = compressed(Codec::snappy, ByteBuffer(32768, 0));
  ByteBuffer stream = chunk;
  for (std::size_t i = 1; i < kGiB / 32768; ++i) append(stream, Bytes{chunk}.subspan(16));
  CHECK(stops(Codec::snappy, stream));

  // With room for what they hold, smaller ones of the same make are sound.
  CHECK(decompressed(Codec::zstd, zstd_zeros(8)).gave(ByteBuffer(kMiB, 0)));
  CHECK(decompressed(Codec::snappy, twice(chunk)).gave(ByteBuffer(65536, 0)));
  CHECK(decompressed(Codec::lz4, join({Bytes{frame}.first(7 + 2 * (4 + block.size())), from_hex("00000000")}),
                     16 * kMiB)
            .gave(ByteBuffer(2 * (1 + 19 + std::size_t{255} * 16447 + 5), 0)));
}

TEST_CASE("scratch space is kept, and a smaller output after a larger one is its own") {
  Decompressor decompressor;
  ByteBuffer scratch;
  for (const Codec codec : kCodecs) {
    CAPTURE(name(codec));
    const ByteBuffer large = compressible_bytes(300000);
    REQUIRE(decompressor.decompress(codec, compressed(codec, large), scratch));
    const std::uint8_t* where = scratch.data();
    const std::size_t capacity = scratch.capacity();
    const auto small = decompressor.decompress(codec, compressed(codec, hello()), scratch);
    REQUIRE(small);
    CHECK(same_bytes(small->bytes, hello()));
    CHECK(scratch.data() == where);
    CHECK(scratch.capacity() == capacity);
    // Nor does space that is there widen the limit.
    const auto limited =
        decompressor.decompress(codec, compressed(codec, hello()), scratch, hello().size() - 1);
    REQUIRE_FALSE(limited);
    CHECK(limited.error().code == DefectCode::output_limit);
  }
}

TEST_CASE("a moved decompressor and compressor go on") {
  Compressor compressor;
  ByteBuffer frame;
  compressor.compress(Codec::zstd, hello(), frame);
  Compressor moved_compressor = std::move(compressor);
  frame.clear();
  moved_compressor.compress(Codec::zstd, hello(), frame);

  Decompressor decompressor;
  ByteBuffer scratch;
  REQUIRE(decompressor.decompress(Codec::zstd, frame, scratch));
  Decompressor moved = std::move(decompressor);
  const auto output = moved.decompress(Codec::zstd, frame, scratch);
  REQUIRE(output);
  CHECK(same_bytes(output->bytes, hello()));
}

// With the batch around it.

TEST_CASE("a defect in a batch's stream has its position in the file") {
  ByteBuffer bytes = from_hex(
      "0000000000000000 00000075 00000000 02 8b10bc4b 0004 00000009 00000000000003e8 00000000000003f1"
      "ffffffffffffffff ffff ffffffff 0000000a");
  append(bytes, ten_records_by_kafka(Codec::zstd));
  const auto read = [&](Bytes batch) {
    Decompressor decompressor;
    ByteBuffer scratch;
    const auto header = decode_record_batch_header(batch);
    REQUIRE(header);
    const auto output =
        uncompressed_records({.header = *header, .position = {1000}, .bytes = batch}, decompressor, scratch);
    if (!output) return std::pair<int, std::optional<Defect>>{0, output.error()};
    RecordReader records(*header, output->bytes);
    int count = 0;
    for (RecordView record; records.next(record);) ++count;
    return std::pair<int, std::optional<Defect>>{count, records.defect()};
  };
  const auto sound = read(bytes);
  CHECK(sound.first == 10);
  CHECK_FALSE(sound.second);

  const auto damaged = read(flipped(bytes, 61));
  REQUIRE(damaged.second);
  CHECK(damaged.second->code == DefectCode::bad_compression);
  CHECK(damaged.second->position == Position{1061});
}

}  // namespace kseg
