// Bytes as a transaction index: a file that decodes yields all its whole entries, and they read back.
#include "formats/transaction_index.h"
#include "formats/check.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace kseg;
  const Offset base{0};
  const auto entries = decode_transaction_index({data, size}, base);
  if (!entries) return 0;
  check(entries->size() == size / AbortedTxn::kSize, "every whole entry is there");

  ByteBuffer encoded;
  for (const AbortedTxn& txn : *entries) encode_aborted_txn(txn, encoded);
  const auto again = decode_transaction_index(encoded, base);
  check(static_cast<bool>(again) && *again == *entries, "entries read back");
  return 0;
}
