// Bytes as the value of a metadata record: what names replicas names the same when encoded again.
#include "formats/partition_record.h"
#include "formats/check.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace kseg;
  const auto partition = decode_partition_replicas({data, size});
  if (!partition || !*partition) return 0;
  ByteBuffer encoded;
  encode_partition_record(**partition, encoded);
  const auto again = decode_partition_replicas(encoded);
  check(static_cast<bool>(again) && *again == *partition, "replicas read back");
  return 0;
}
