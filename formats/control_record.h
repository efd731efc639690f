// Control records: transaction markers and KRaft's own. Layout: formats/record_batch.md.
#pragma once

#include <cstdint>

#include "formats/record.h"
#include "formats/result.h"

namespace kseg {

// The type field of a control record's key. Other numbers occur and are kept as they are.
enum class ControlType : std::int16_t {
  abort = 0,
  commit = 1,
  leader_change = 2,
  snapshot_header = 3,
  snapshot_footer = 4,
  kraft_version = 5,
  kraft_voters = 6,
};

// "ABORT", "COMMIT", "LEADER_CHANGE", …, "UNKNOWN".
std::string_view name(ControlType type);

// Errors: bad_control_record (no key, shorter than 4 bytes, or a negative version).
Result<ControlType> decode_control_type(const RecordView& record);

// The value of an ABORT or COMMIT marker.
struct EndTransactionMarker {
  std::int32_t coordinator_epoch = 0;
};

// Errors: bad_control_record (no value, shorter than 6 bytes, or a negative version).
Result<EndTransactionMarker> decode_end_transaction_marker(const RecordView& record);

// Key and value as Kafka writes them, version 0.
void encode_control_key(ControlType type, ByteBuffer& out);
void encode_end_transaction_marker(const EndTransactionMarker& marker, ByteBuffer& out);

}  // namespace kseg
