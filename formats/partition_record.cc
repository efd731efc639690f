#include "formats/partition_record.h"

#include <algorithm>

#include "formats/byte_writer.h"
#include "formats/cursor.h"

namespace kseg {
namespace {

constexpr std::uint32_t kFrameVersion = 1;
constexpr std::uint32_t kPartitionRecord = 3;
constexpr std::uint32_t kPartitionChangeRecord = 5;
constexpr std::uint32_t kReplicasTag = 2;

// Not zig-zag, as the varints of records are.
std::uint32_t unsigned_varint(Cursor& in) {
  std::uint32_t value = 0;
  for (int shift = 0; shift < 35; shift += 7) {
    const auto byte = static_cast<std::uint8_t>(in.i8());
    value |= static_cast<std::uint32_t>(byte & 0x7f) << shift;
    if (byte < 0x80) break;
  }
  return value;
}

void put_unsigned_varint(std::uint32_t value, ByteWriter& to) {
  for (; value >= 0x80; value >>= 7) to.i8(static_cast<std::int8_t>(value | 0x80));
  to.i8(static_cast<std::int8_t>(value));
}

std::vector<std::int32_t> read_ids(Cursor& in) {
  const std::uint32_t size_and_one = unsigned_varint(in);
  std::vector<std::int32_t> ids;
  if (size_and_one == 0) return ids;
  Cursor elements(in.bytes(std::int64_t{size_and_one - 1} * 4));
  while (elements.remaining() > 0) ids.push_back(elements.i32());
  return ids;
}

void put_ids(const std::vector<std::int32_t>& ids, ByteWriter& to) {
  put_unsigned_varint(static_cast<std::uint32_t>(ids.size()) + 1, to);
  for (const std::int32_t id : ids) to.i32(id);
}

}  // namespace

Result<std::optional<PartitionReplicas>> decode_partition_replicas(Bytes value) {
  using Answer = std::optional<PartitionReplicas>;
  Cursor in(value);
  const std::uint32_t frame_version = unsigned_varint(in);
  const std::uint32_t type = unsigned_varint(in);
  unsigned_varint(in);
  if (!in.ok()) return *in.defect();
  if (frame_version != kFrameVersion || (type != kPartitionRecord && type != kPartitionChangeRecord)) {
    return Answer{};
  }
  PartitionReplicas partition{.partition = in.i32()};
  const Bytes id = in.bytes(static_cast<std::int64_t>(partition.topic_id.bytes.size()));
  if (in.ok()) std::copy(id.begin(), id.end(), partition.topic_id.bytes.begin());
  bool told = type == kPartitionRecord;
  if (told) {
    partition.replicas = read_ids(in);
  } else {
    const std::uint32_t tags = unsigned_varint(in);
    for (std::uint32_t i = 0; i < tags && in.ok(); ++i) {
      const std::uint32_t tag = unsigned_varint(in);
      Cursor field(in.bytes(unsigned_varint(in)));
      if (tag != kReplicasTag) continue;
      partition.replicas = read_ids(field);
      if (!field.ok()) return *field.defect();
      told = !partition.replicas.empty();
    }
  }
  if (!in.ok()) return *in.defect();
  return told ? Answer{std::move(partition)} : Answer{};
}

void encode_partition_record(const PartitionReplicas& partition, ByteBuffer& out) {
  ByteWriter to(out);
  put_unsigned_varint(kFrameVersion, to);
  put_unsigned_varint(kPartitionRecord, to);
  put_unsigned_varint(0, to);
  to.i32(partition.partition);
  to.bytes(partition.topic_id.bytes);
  put_ids(partition.replicas, to);
  put_ids(partition.replicas, to);  // in sync
  put_ids({}, to);                  // being removed
  put_ids({}, to);                  // being added
  to.i32(partition.replicas.empty() ? -1 : partition.replicas.front());
  to.i32(0);                   // leader epoch
  to.i32(0);                   // partition epoch
  put_unsigned_varint(0, to);  // tags
}

}  // namespace kseg
