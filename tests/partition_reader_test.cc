#include "lib/partition_reader.h"

#include <doctest/doctest.h>

#include <filesystem>

#include "formats/offset_index.h"
#include "tests/support/log_builder.h"

namespace kseg {
namespace {

using Offsets = std::vector<std::int64_t>;

Offsets rest_of(PartitionReader& reader) {
  Offsets bases;
  while (true) {
    const auto batch = reader.next();
    REQUIRE(batch);
    if (!*batch) return bases;
    bases.push_back((*batch)->header.base_offset.value);
  }
}

Offsets read(const Path& folder, OffsetRange range) {
  PartitionReader reader = PartitionReader::of_folder(posix_file_system(), folder, {.range = range});
  return rest_of(reader);
}

LogBuilder three_segments() {
  return LogBuilder::from_notation("{0} a=1 b=2 {2} c=3 d=4 {4} e=5 f=6");
}

Path log_file(const Path& folder, std::int64_t base) {
  return folder / to_string(SegmentFileName{SegmentFileKind::log, {base}});
}

TEST_CASE("a partition is read segment after segment") {
  LogBuilder log = three_segments();
  CHECK(read(log.path(), {}) == Offsets{0, 1, 2, 3, 4, 5});
}

TEST_CASE("a range opens only the segments that may hold it") {
  LogBuilder log = three_segments();
  CHECK(read(log.path(), {{1}, {5}}) == Offsets{1, 2, 3, 4});
  std::filesystem::remove(log_file(log.path(), 0));
  std::filesystem::create_directory(log_file(log.path(), 0));  // cannot be read as a file
  CHECK(read(log.path(), {{2}, {4}}) == Offsets{2, 3});
  CHECK(read(log.path(), {{3}, {3}}).empty());
}

TEST_CASE("batches that go back are not hidden") {
  LogBuilder log;
  log.append("{0} a=1 b=2 c=3");
  const Path file = log_file(log.path(), 0);
  ByteBuffer bytes = read_whole_file(file);
  append(bytes, ByteBuffer(bytes));  // the same three again
  write_whole_file(file, bytes);
  CHECK(read(log.path(), {}) == Offsets{0, 1, 2, 0, 1, 2});
}

TEST_CASE("an index that leads into a batch is not believed") {
  LogBuilder log = LogBuilder::from_notation("{0} a=1 b=2 c=3 d=4");
  log.options({.index_interval_bytes = 0});
  CHECK(read(log.path(), {{2}, {9}}) == Offsets{2, 3});
  const Path index = log.file(SegmentFileKind::offset_index, 0);
  ByteBuffer bytes = read_whole_file(index);
  REQUIRE(bytes.size() >= 16);
  for (std::size_t at = 7; at < bytes.size(); at += 8) bytes[at] = static_cast<std::uint8_t>(bytes[at] + 1);
  write_whole_file(index, bytes);
  CHECK(read(log.path(), {{2}, {9}}) == Offsets{2, 3});
}

TEST_CASE("an index that leads behind what is looked for is not believed") {
  LogBuilder log = LogBuilder::from_notation("{0} a=1 b=2 c=3 d=4");
  log.options({.index_interval_bytes = 0});
  const Path index = log.file(SegmentFileKind::offset_index, 0);
  ByteBuffer bytes;
  encode_offset_index_entry({.offset = {1}, .position = log.position_of(3)}, {0}, bytes);
  write_whole_file(index, bytes);
  CHECK(read(log.path(), {{2}, {9}}) == Offsets{2, 3});
}

TEST_CASE("a base offset that cannot stand in its segment does not end a range") {
  LogBuilder log = three_segments();
  const Path file = log_file(log.path(), 0);
  ByteBuffer bytes = read_whole_file(file);
  bytes[3] = 1;  // the first batch's base offset: 2^32
  write_whole_file(file, bytes);
  CHECK(read(log.path(), {{0}, {3}}) == Offsets{1, 2});
}

TEST_CASE("segments that are merged while they are read are found again") {
  LogBuilder log = three_segments();
  PartitionReader reader = PartitionReader::of_folder(posix_file_system(), log.path(), {});
  REQUIRE(reader.next());  // 0, of the old first segment, which stays open

  ByteBuffer merged = read_whole_file(log_file(log.path(), 0));
  append(merged, read_whole_file(log_file(log.path(), 2)));
  std::filesystem::rename(log_file(log.path(), 0), log_file(log.path(), 0).string() + ".deleted");
  std::filesystem::rename(log_file(log.path(), 2), log_file(log.path(), 2).string() + ".deleted");
  write_whole_file(log_file(log.path(), 0), merged);

  CHECK(rest_of(reader) == Offsets{1, 2, 3, 4, 5});
}

TEST_CASE("segments that retention removes while they are read are passed over") {
  LogBuilder log = three_segments();
  PartitionReader reader = PartitionReader::of_folder(posix_file_system(), log.path(), {});
  REQUIRE(reader.next());
  std::filesystem::remove(log_file(log.path(), 0));
  std::filesystem::remove(log_file(log.path(), 2));
  CHECK(rest_of(reader) == Offsets{1, 4, 5});
}

TEST_CASE("a file that was named and vanished is an error") {
  LogBuilder log = three_segments();
  PartitionReader reader = PartitionReader::of_file(posix_file_system(), log_file(log.path(), 2), {});
  std::filesystem::remove(log_file(log.path(), 2));
  CHECK_THROWS_AS(reader.next(), IoError);
}

TEST_CASE("a swap file without its final file is the segment") {
  LogBuilder log = three_segments();
  const Path file = log_file(log.path(), 2);
  std::filesystem::rename(file, file.string() + ".swap");
  CHECK(read(log.path(), {}) == Offsets{0, 1, 2, 3, 4, 5});
}

TEST_CASE("the last segment of a folder is the active one, also for a file of it") {
  LogBuilder log = three_segments();
  for (const std::int64_t base : {0, 2, 4}) {
    PartitionReader reader = PartitionReader::of_file(posix_file_system(), log_file(log.path(), base), {});
    REQUIRE(reader.next());
    CHECK(reader.in_active_segment() == (base == 4));
  }
}

}  // namespace
}  // namespace kseg
