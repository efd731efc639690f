#include "formats/partition_record.h"

#include <doctest/doctest.h>

#include "lib/replicas.h"
#include "tests/support/hex.h"

namespace kseg {
namespace {

const Uuid kTopic = *parse_uuid("ASNFZ4mrze_-3LqYdlQyEA");

TEST_CASE("a partition record names the partition's replicas") {
  const PartitionReplicas partition{.partition = 0, .topic_id = kTopic, .replicas = {1, 2}};
  ByteBuffer bytes;
  encode_partition_record(partition, bytes);
  CHECK(bytes == from_hex("01 03 00 00000000 0123456789abcdeffedcba9876543210 03 00000001 00000002 "
                          "03 00000001 00000002 01 01 00000001 00000000 00000000 00"));
  const auto decoded = decode_partition_replicas(bytes);
  REQUIRE(decoded);
  CHECK(*decoded == std::optional(partition));
}

TEST_CASE("a change of the in-sync replicas says nothing of the replicas, one of the replicas does") {
  const auto isr = decode_partition_replicas(
      from_hex("01 05 00 00000000 0123456789abcdeffedcba9876543210 02 00 05 02 00000001 01 04 00000001"));
  REQUIRE(isr);
  CHECK_FALSE(*isr);
  const auto moved = decode_partition_replicas(
      from_hex("01 05 00 00000000 0123456789abcdeffedcba9876543210 01 02 05 02 00000007"));
  REQUIRE(moved);
  CHECK(*moved == std::optional(PartitionReplicas{.partition = 0, .topic_id = kTopic, .replicas = {7}}));
}

TEST_CASE("a partition record that is cut short is a defect, at every byte") {
  ByteBuffer bytes;
  encode_partition_record({.partition = 3, .topic_id = kTopic, .replicas = {1, 2, 3}}, bytes);
  for (std::size_t size = 0; size < 36; ++size)
    CHECK_FALSE(decode_partition_replicas(Bytes(bytes).first(size)));
  CHECK(decode_partition_replicas(from_hex("01 14 00 00")));  // a NoOpRecord
}

TEST_CASE("a real broker's metadata names the replicas of its partitions") {
  const Path root = Path(KSEG_TEST_DATA) / "broker" / "cluster-a";
  const auto dir = LogDir::at(posix_file_system(), root);
  REQUIRE(dir);
  const auto text = read_file(posix_file_system(), root / "orders-1" / "partition.metadata");
  const auto id = parse_uuid(as_text(text).substr(as_text(text).find("topic_id: ") + 10, 22));
  REQUIRE(id);
  CHECK(replicas_of(posix_file_system(), *dir, *id, 1) == std::optional(std::vector<std::int32_t>{1}));
  CHECK_FALSE(replicas_of(posix_file_system(), *dir, *id, 77));
}

}  // namespace
}  // namespace kseg
