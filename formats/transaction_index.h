// `.txnindex` files: one entry of 34 bytes an aborted transaction. Layout: formats/transaction_index.md.
#pragma once

#include <vector>

#include "formats/bytes.h"
#include "formats/cursor.h"
#include "formats/offset.h"
#include "formats/result.h"

namespace kseg {

struct AbortedTxn {
  static constexpr std::size_t kSize = 34;  // bytes
  std::int64_t producer_id = -1;
  Offset first_offset;        // of the transaction; may lie in an earlier segment
  Offset last_offset;         // of the ABORT marker
  Offset last_stable_offset;  // when it was written
  friend bool operator==(const AbortedTxn&, const AbortedTxn&) = default;
};

// Errors: truncated, unknown_version.
Result<AbortedTxn> decode_aborted_txn(Cursor& in);
void encode_aborted_txn(const AbortedTxn& txn, ByteBuffer& out);

// A whole file. A fragment of an entry at the end is ignored, as Kafka does.
// Errors: unknown_version, index_order (last offsets not ascending), index_offset (below the base).
Result<std::vector<AbortedTxn>> decode_transaction_index(Bytes file, Offset base_offset);

}  // namespace kseg
