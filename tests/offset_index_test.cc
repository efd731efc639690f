#include "formats/offset_index.h"

#include <doctest/doctest.h>

#include <random>

#include "tests/support/page_example.h"

namespace kseg {
namespace {

constexpr Offset kBase{100};

ByteBuffer encoded(const OffsetIndexView& index, Offset base_offset) {
  ByteBuffer bytes;
  for (std::size_t i = 0; i < index.size(); ++i) encode_offset_index_entry(index[i], base_offset, bytes);
  return bytes;
}

std::optional<Defect> check_of(std::string_view hex) {
  return OffsetIndexView(from_hex(hex), kBase).check();
}

}  // namespace

TEST_CASE("every offset index of the page is sound and encodes to its own bytes") {
  const auto examples = hex_examples("offset_index.md");
  REQUIRE(examples.size() == 2);
  for (const HexExample& example : examples) {
    CAPTURE(example.name);
    const OffsetIndexView index(example.bytes, kBase);

    CHECK(!index.check());
    CHECK(index.size() == 3);
    CHECK(to_hex(encoded(index, kBase)) == to_hex(Bytes{example.bytes}.first(index.used_bytes())));
    CHECK(index.padded() == (example.name == "active"));
  }
}

TEST_CASE("offset index entries hold absolute offsets") {
  const ByteBuffer bytes = hex_example("offset_index.md", "closed");
  const OffsetIndexView index(bytes, kBase);

  CHECK(index[0] == OffsetIndexEntry{{107}, {4449}});
  CHECK(index[1] == OffsetIndexEntry{{113}, {8898}});
  CHECK(index[2] == OffsetIndexEntry{{119}, {13347}});
}

TEST_CASE("an offset is looked up at the last entry that is not above it") {
  const ByteBuffer bytes = hex_example("offset_index.md", "active");
  const OffsetIndexView index(bytes, kBase);

  CHECK(index.lookup({0}) == OffsetIndexEntry{kBase, {}});
  CHECK(index.lookup({106}) == OffsetIndexEntry{kBase, {}});
  CHECK(index.lookup({107}) == OffsetIndexEntry{{107}, {4449}});
  CHECK(index.lookup({112}) == OffsetIndexEntry{{107}, {4449}});
  CHECK(index.lookup({118}) == OffsetIndexEntry{{113}, {8898}});
  CHECK(index.lookup({119}) == OffsetIndexEntry{{119}, {13347}});
  CHECK(index.lookup({INT64_MAX}) == OffsetIndexEntry{{119}, {13347}});
}

TEST_CASE("the binary search finds what a walk over all entries finds") {
  std::mt19937 random(1);
  for (std::size_t count = 0; count < 40; ++count) {
    ByteBuffer bytes;
    OffsetIndexEntry entry{kBase, {}};
    for (std::size_t i = 0; i < count; ++i) {
      entry = {entry.offset + 1 + random() % 5, entry.position + 1 + random() % 100};
      encode_offset_index_entry(entry, kBase, bytes);
    }
    const OffsetIndexView index(bytes, kBase);
    REQUIRE(index.size() == count);
    for (Offset target = kBase - 2; target <= entry.offset + 2; target = target + 1) {
      OffsetIndexEntry walked{kBase, {}};
      for (std::size_t i = 0; i < count && index[i].offset <= target; ++i) walked = index[i];
      CHECK(index.lookup(target) == walked);
    }
  }
}

TEST_CASE("an empty offset index and one of zeros only lead to the start of the segment") {
  const ByteBuffer zeros(4096);
  const OffsetIndexView empty(Bytes{}, kBase);
  const OffsetIndexView padded(zeros, kBase);

  for (const OffsetIndexView& index : {empty, padded}) {
    CHECK(index.size() == 0);
    CHECK(index.lookup({500}) == OffsetIndexEntry{kBase, {}});
    CHECK(!index.check());
  }
  CHECK(!empty.padded());
  CHECK(padded.padded());
}

TEST_CASE("padding may end in part of an entry, entries may not") {
  CHECK(!check_of("00000007 00001161  00000000 00000000  000000"));
  const auto defect = check_of("00000007 00001161  000000");
  REQUIRE(defect);
  CHECK(defect->code == DefectCode::trailing_bytes);
  CHECK(defect->position == Position{8});
  const auto behind_padding = check_of("00000007 00001161  00000000 00000000  000001");
  REQUIRE(behind_padding);
  CHECK(behind_padding->code == DefectCode::index_offset);
  CHECK(behind_padding->position == Position{8});
}

TEST_CASE("the first thing wrong with an offset index is told with its place") {
  struct Damage {
    const char* what;
    const char* hex;
    DefectCode code;
    std::uint64_t position;
  };
  const Damage damages[] = {
      {"offset at the base", "00000000 00001161", DefectCode::index_offset, 0},
      {"offset below the base", "ffffffff 00001161", DefectCode::index_offset, 0},
      {"zeros between entries", "00000007 00001161 00000000 00000000 00000013 00003423",
       DefectCode::index_offset, 8},
      {"negative position", "00000007 80000000", DefectCode::index_position, 0},
      {"position 0", "00000007 00000000", DefectCode::index_order, 0},
      {"equal offsets", "00000007 00001161 00000007 000022c2", DefectCode::index_order, 8},
      {"descending offsets", "00000007 00001161 00000006 000022c2", DefectCode::index_order, 8},
      {"equal positions", "00000007 00001161 0000000d 00001161", DefectCode::index_order, 8},
      {"descending positions", "00000007 00001161 0000000d 00001160", DefectCode::index_order, 8},
  };
  for (const Damage& damage : damages) {
    CAPTURE(damage.what);
    const auto defect = check_of(damage.hex);
    REQUIRE(defect);
    CHECK(defect->code == damage.code);
    CHECK(defect->position == Position{damage.position});
  }
}

TEST_CASE("an offset that would pass 2^63 is below the base") {
  const ByteBuffer bytes = from_hex("00000007 00001161");
  CHECK(!OffsetIndexView(bytes, {INT64_MAX - 7}).check());

  const auto defect = OffsetIndexView(bytes, {INT64_MAX - 6}).check();

  REQUIRE(defect);
  CHECK(defect->code == DefectCode::index_offset);
}

TEST_CASE("the limits of both fields survive") {
  ByteBuffer bytes;
  encode_offset_index_entry({{INT32_MAX}, {INT32_MAX}}, {0}, bytes);
  CHECK(to_hex(bytes) == "7fffffff7fffffff");
  const OffsetIndexView index(bytes, {0});
  CHECK(!index.check());
  CHECK(index[0] == OffsetIndexEntry{{INT32_MAX}, {INT32_MAX}});
}

TEST_CASE("looking up in garbage yields an entry that is not above the target, or the start") {
  std::mt19937 random(2);
  for (int round = 0; round < 2000; ++round) {
    ByteBuffer bytes(random() % 200);
    for (auto& byte : bytes) byte = static_cast<std::uint8_t>(random() % 4 == 0 ? 0 : random());
    const OffsetIndexView index(bytes, kBase);
    (void)index.check();
    CHECK(to_hex(encoded(index, kBase)) == to_hex(Bytes{bytes}.first(index.used_bytes())));
    const Offset target{static_cast<std::int64_t>(static_cast<std::int32_t>(random()))};
    const OffsetIndexEntry found = index.lookup(target);
    CHECK((found == OffsetIndexEntry{kBase, {}} || found.offset <= target));
  }
}

}  // namespace kseg
