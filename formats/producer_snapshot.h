// `.snapshot` files: what a broker knew of its producers. Layout: formats/producer_snapshot.md.
#pragma once

#include <vector>

#include "formats/bytes.h"
#include "formats/cursor.h"
#include "formats/offset.h"
#include "formats/result.h"

namespace kseg {

struct ProducerStateEntry {
  std::int64_t producer_id = -1;
  std::int16_t producer_epoch = -1;
  std::int32_t last_sequence = -1;  // -1 without a data batch
  Offset last_offset{-1};           // of the last data batch; -1 if none
  std::int32_t offset_delta = 0;    // last offset minus first of that batch
  std::int64_t timestamp_ms = -1;
  std::int32_t coordinator_epoch = -1;
  Offset current_txn_first_offset{-1};  // -1 without an open transaction
  friend bool operator==(const ProducerStateEntry&, const ProducerStateEntry&) = default;
};

// One entry; the cursor trips if there are not bytes enough.
ProducerStateEntry decode_producer_state_entry(Cursor& in);

// Errors: truncated, unknown_version, crc_mismatch, bad_length (a count that the file does not hold),
// trailing_bytes.
Result<std::vector<ProducerStateEntry>> decode_producer_snapshot(Bytes file);
void encode_producer_snapshot(const std::vector<ProducerStateEntry>& entries, ByteBuffer& out);

}  // namespace kseg
