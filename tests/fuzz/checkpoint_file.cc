// Bytes as a checkpoint file of either kind: what decodes, encodes to a file that says the same.
#include "formats/checkpoint_file.h"
#include "formats/check.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace kseg;
  const Bytes file{data, size};
  if (const auto entries = decode_offset_checkpoint(file)) {
    const auto again = decode_offset_checkpoint(as_bytes(encode_offset_checkpoint(*entries)));
    check(static_cast<bool>(again) && *again == *entries, "offsets read back");
    if (!entries->empty()) {
      check(find(*entries, entries->back().partition) == entries->back().offset, "the last entry counts");
    }
  }
  if (const auto entries = decode_leader_epoch_checkpoint(file)) {
    const auto again = decode_leader_epoch_checkpoint(as_bytes(encode_leader_epoch_checkpoint(*entries)));
    check(static_cast<bool>(again) && *again == *entries, "epochs read back");
  }
  return 0;
}
