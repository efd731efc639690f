#include "formats/control_record.h"

#include <fmt/format.h>

#include "formats/byte_writer.h"

namespace kseg {
namespace {

Defect malformed(const RecordView& record, std::string expected, std::string found) {
  return Defect{.code = DefectCode::bad_control_record,
                .position = {},
                .offset = record.offset,
                .expected = std::move(expected),
                .found = std::move(found)};
}

}  // namespace

std::string_view name(ControlType type) {
  switch (type) {
    case ControlType::abort: return "ABORT";
    case ControlType::commit: return "COMMIT";
    case ControlType::leader_change: return "LEADER_CHANGE";
    case ControlType::snapshot_header: return "SNAPSHOT_HEADER";
    case ControlType::snapshot_footer: return "SNAPSHOT_FOOTER";
    case ControlType::kraft_version: return "KRAFT_VERSION";
    case ControlType::kraft_voters: return "KRAFT_VOTERS";
  }
  return "UNKNOWN";
}

Result<ControlType> decode_control_type(const RecordView& record) {
  if (!record.key || record.key->size() < 4) {
    return malformed(record, "a control key of 4 bytes",
                     record.key ? fmt::format("{} bytes", record.key->size()) : "null");
  }
  Cursor in(*record.key);
  const std::int16_t version = in.i16();
  const std::int16_t type = in.i16();
  if (version < 0) return malformed(record, "control key version 0 or above", fmt::format("{}", version));
  return static_cast<ControlType>(type);
}

Result<EndTransactionMarker> decode_end_transaction_marker(const RecordView& record) {
  if (!record.value || record.value->size() < 6) {
    return malformed(record, "a marker value of 6 bytes",
                     record.value ? fmt::format("{} bytes", record.value->size()) : "null");
  }
  Cursor in(*record.value);
  const std::int16_t version = in.i16();
  const EndTransactionMarker marker{.coordinator_epoch = in.i32()};
  if (version < 0) return malformed(record, "marker version 0 or above", fmt::format("{}", version));
  return marker;
}

void encode_control_key(ControlType type, ByteBuffer& out) {
  ByteWriter to(out);
  to.i16(0);
  to.i16(static_cast<std::int16_t>(type));
}

void encode_end_transaction_marker(const EndTransactionMarker& marker, ByteBuffer& out) {
  ByteWriter to(out);
  to.i16(0);
  to.i32(marker.coordinator_epoch);
}

}  // namespace kseg
