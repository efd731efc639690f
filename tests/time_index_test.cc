#include "formats/time_index.h"

#include <doctest/doctest.h>

#include <random>

#include "tests/support/page_example.h"

namespace kseg {
namespace {

constexpr Offset kBase{100};

ByteBuffer encoded(const TimeIndexView& index, Offset base_offset) {
  ByteBuffer bytes;
  for (std::size_t i = 0; i < index.size(); ++i) encode_time_index_entry(index[i], base_offset, bytes);
  return bytes;
}

std::optional<Defect> check_of(std::string_view hex) {
  return TimeIndexView(from_hex(hex), kBase).check();
}

}  // namespace

TEST_CASE("every time index of the page is sound and encodes to its own bytes") {
  const auto examples = hex_examples("time_index.md");
  REQUIRE(examples.size() == 3);
  for (const HexExample& example : examples) {
    CAPTURE(example.name);
    const TimeIndexView index(example.bytes, kBase);

    CHECK(!index.check());
    CHECK(index.size() > 0);
    CHECK(to_hex(encoded(index, kBase)) == to_hex(Bytes{example.bytes}.first(index.used_bytes())));
    CHECK(index.padded() == (example.name == "active"));
  }
}

TEST_CASE("time index entries hold times and absolute offsets") {
  const ByteBuffer bytes = hex_example("time_index.md", "closed");
  const TimeIndexView index(bytes, kBase);

  REQUIRE(index.size() == 4);
  CHECK(index[0] == TimeIndexEntry{1700000000031, {107}});
  CHECK(index[1] == TimeIndexEntry{1700000000061, {113}});
  CHECK(index[2] == TimeIndexEntry{1700000000091, {119}});
  CHECK(index[3] == TimeIndexEntry{1700000000111, {123}});
}

TEST_CASE("a time is looked up at the last entry that is not above it") {
  const ByteBuffer bytes = hex_example("time_index.md", "active");
  const TimeIndexView index(bytes, kBase);

  CHECK(index.lookup(INT64_MIN) == TimeIndexEntry{-1, kBase});
  CHECK(index.lookup(1700000000030) == TimeIndexEntry{-1, kBase});
  CHECK(index.lookup(1700000000031) == TimeIndexEntry{1700000000031, {107}});
  CHECK(index.lookup(1700000000090) == TimeIndexEntry{1700000000061, {113}});
  CHECK(index.lookup(INT64_MAX) == TimeIndexEntry{1700000000091, {119}});
}

TEST_CASE("the binary search over times finds what a walk over all entries finds") {
  std::mt19937 random(3);
  for (std::size_t count = 0; count < 40; ++count) {
    ByteBuffer bytes;
    TimeIndexEntry entry{10, kBase};
    for (std::size_t i = 0; i < count; ++i) {
      entry = {entry.timestamp_ms + 1 + static_cast<std::int64_t>(random() % 5),
               entry.offset + static_cast<std::int64_t>(random() % 3)};
      encode_time_index_entry(entry, kBase, bytes);
    }
    const TimeIndexView index(bytes, kBase);
    REQUIRE(index.size() == count);
    CHECK(!index.check());
    for (std::int64_t target = 8; target <= entry.timestamp_ms + 2; ++target) {
      TimeIndexEntry walked{-1, kBase};
      for (std::size_t i = 0; i < count && index[i].timestamp_ms <= target; ++i) walked = index[i];
      CHECK(index.lookup(target) == walked);
    }
  }
}

TEST_CASE("zeros are an entry if they are the whole file or stand in front of another entry") {
  const std::string zeros = "0000000000000000 00000000";
  const ByteBuffer alone = from_hex(zeros);
  const ByteBuffer before_another = from_hex(zeros + "0000000000000005 00000002" + zeros);
  const ByteBuffer padding = from_hex(zeros + zeros);

  CHECK(TimeIndexView(alone, kBase).size() == 1);
  CHECK(TimeIndexView(before_another, kBase).size() == 2);
  CHECK(TimeIndexView(before_another, kBase).padded());
  CHECK(!TimeIndexView(before_another, kBase).check());
  CHECK(TimeIndexView(padding, kBase).size() == 0);
  CHECK(TimeIndexView(padding, kBase).padded());
  CHECK(TimeIndexView(padding, kBase).lookup(7) == TimeIndexEntry{-1, kBase});
}

TEST_CASE("the first thing wrong with a time index is told with its place") {
  struct Damage {
    const char* what;
    const char* hex;
    DefectCode code;
    std::uint64_t position;
  };
  const Damage damages[] = {
      {"offset below the base", "0000000000000005 ffffffff", DefectCode::index_offset, 0},
      {"negative timestamp", "ffffffffffffffff 00000001", DefectCode::index_order, 0},
      {"equal timestamps", "0000000000000005 00000001 0000000000000005 00000002", DefectCode::index_order,
       12},
      {"descending timestamps", "0000000000000005 00000001 0000000000000004 00000002",
       DefectCode::index_order, 12},
      {"descending offsets", "0000000000000005 00000002 0000000000000006 00000001", DefectCode::index_order,
       12},
      {"zeros between entries",
       "0000000000000005 00000002 000000000000000000000000 0000000000000006 00000003",
       DefectCode::index_order, 12},
      {"part of an entry", "0000000000000005 00000002 0000", DefectCode::trailing_bytes, 12},
  };
  for (const Damage& damage : damages) {
    CAPTURE(damage.what);
    const auto defect = check_of(damage.hex);
    REQUIRE(defect);
    CHECK(defect->code == damage.code);
    CHECK(defect->position == Position{damage.position});
  }
  CHECK(!check_of("0000000000000005 00000002 0000000000000006 00000002"));
}

TEST_CASE("looking up in garbage yields a time that is not above the target, or none") {
  std::mt19937 random(4);
  for (int round = 0; round < 2000; ++round) {
    ByteBuffer bytes(random() % 200);
    for (auto& byte : bytes) byte = static_cast<std::uint8_t>(random() % 4 == 0 ? 0 : random());
    const TimeIndexView index(bytes, kBase);
    (void)index.check();
    CHECK(to_hex(encoded(index, kBase)) == to_hex(Bytes{bytes}.first(index.used_bytes())));
    const auto target = static_cast<std::int64_t>(std::uint64_t{random()} << 32 | random());
    const TimeIndexEntry found = index.lookup(target);
    CHECK((found == TimeIndexEntry{-1, kBase} || found.timestamp_ms <= target));
  }
}

}  // namespace kseg
