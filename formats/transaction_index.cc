#include "formats/transaction_index.h"

#include <fmt/format.h>

#include "formats/byte_writer.h"

namespace kseg {
namespace {

constexpr std::int16_t kVersion = 0;

}  // namespace

Result<AbortedTxn> decode_aborted_txn(Cursor& in) {
  const Position at = in.position();
  const std::int16_t version = in.i16();
  const AbortedTxn txn{.producer_id = in.i64(),
                       .first_offset = {in.i64()},
                       .last_offset = {in.i64()},
                       .last_stable_offset = {in.i64()}};
  if (!in.ok()) return *in.defect();
  if (version != kVersion) {
    return Defect{.code = DefectCode::unknown_version,
                  .position = at,
                  .expected = fmt::format("version {}", kVersion),
                  .found = fmt::format("{}", version)};
  }
  return txn;
}

void encode_aborted_txn(const AbortedTxn& txn, ByteBuffer& out) {
  ByteWriter to(out);
  to.i16(kVersion);
  to.i64(txn.producer_id);
  to.i64(txn.first_offset.value);
  to.i64(txn.last_offset.value);
  to.i64(txn.last_stable_offset.value);
}

Result<std::vector<AbortedTxn>> decode_transaction_index(Bytes file, Offset base_offset) {
  std::vector<AbortedTxn> txns;
  Cursor in(file);
  while (in.remaining() >= AbortedTxn::kSize) {
    const Position at = in.position();
    const auto txn = decode_aborted_txn(in);
    if (!txn) return txn.error();
    const auto refuse = [&](DefectCode code, std::string expected) {
      return Defect{.code = code,
                    .position = at,
                    .offset = txn->last_offset,
                    .expected = std::move(expected),
                    .found = fmt::format("{}", txn->last_offset)};
    };
    if (txn->last_offset < base_offset) {
      return refuse(DefectCode::index_offset,
                    fmt::format("a last offset of at least the base {}", base_offset));
    }
    if (!txns.empty() && txn->last_offset <= txns.back().last_offset) {
      return refuse(DefectCode::index_order, fmt::format("a last offset above {}", txns.back().last_offset));
    }
    txns.push_back(*txn);
  }
  return txns;
}

}  // namespace kseg
