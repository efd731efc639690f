#include "formats/producer_snapshot.h"

#include <fmt/format.h>

#include "formats/byte_writer.h"
#include "formats/crc32c.h"

namespace kseg {
namespace {

constexpr std::int16_t kVersion = 1;
constexpr std::size_t kCrcPosition = 2;
constexpr std::size_t kCrcStart = 6;  // the crc covers the count … end of file
constexpr std::size_t kEntrySize = 46;

}  // namespace

ProducerStateEntry decode_producer_state_entry(Cursor& in) {
  return {.producer_id = in.i64(),
          .producer_epoch = in.i16(),
          .last_sequence = in.i32(),
          .last_offset = {in.i64()},
          .offset_delta = in.i32(),
          .timestamp_ms = in.i64(),
          .coordinator_epoch = in.i32(),
          .current_txn_first_offset = {in.i64()}};
}

Result<std::vector<ProducerStateEntry>> decode_producer_snapshot(Bytes file) {
  Cursor in(file);
  const std::int16_t version = in.i16();
  const std::uint32_t crc = in.u32();
  const std::int32_t count = in.i32();
  if (!in.ok()) return *in.defect();
  if (version != kVersion) {
    return Defect{.code = DefectCode::unknown_version,
                  .position = {},
                  .expected = fmt::format("version {}", kVersion),
                  .found = fmt::format("{}", version)};
  }
  if (const std::uint32_t computed = crc32c(file.subspan(kCrcStart)); computed != crc) {
    return Defect{.code = DefectCode::crc_mismatch,
                  .position = {kCrcPosition},
                  .expected = fmt::format("{:08x}", crc),
                  .found = fmt::format("{:08x}", computed)};
  }
  if (count < 0 || static_cast<std::size_t>(count) > in.remaining() / kEntrySize) {
    return Defect{.code = DefectCode::bad_length,
                  .position = {kCrcStart},
                  .expected = fmt::format("a count of at most {} entries", in.remaining() / kEntrySize),
                  .found = fmt::format("{}", count)};
  }
  std::vector<ProducerStateEntry> entries;
  entries.reserve(static_cast<std::size_t>(count));
  for (std::int32_t i = 0; i < count; ++i) entries.push_back(decode_producer_state_entry(in));
  if (in.remaining() > 0) {
    return Defect{.code = DefectCode::trailing_bytes,
                  .position = in.position(),
                  .expected = fmt::format("the end behind {} entries", count),
                  .found = fmt::format("{} more bytes", in.remaining())};
  }
  return entries;
}

void encode_producer_snapshot(const std::vector<ProducerStateEntry>& entries, ByteBuffer& out) {
  ByteBuffer body;
  ByteWriter to_body(body);
  to_body.i32(static_cast<std::int32_t>(entries.size()));
  for (const ProducerStateEntry& entry : entries) {
    to_body.i64(entry.producer_id);
    to_body.i16(entry.producer_epoch);
    to_body.i32(entry.last_sequence);
    to_body.i64(entry.last_offset.value);
    to_body.i32(entry.offset_delta);
    to_body.i64(entry.timestamp_ms);
    to_body.i32(entry.coordinator_epoch);
    to_body.i64(entry.current_txn_first_offset.value);
  }
  ByteWriter to(out);
  to.i16(kVersion);
  to.u32(crc32c(body));
  to.bytes(body);
}

}  // namespace kseg
