// Bytes as a partition.metadata file, and as the text of an id: what decodes, encodes to what says the
// same.
#include "formats/partition_metadata.h"
#include "formats/check.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace kseg;
  const Bytes file{data, size};
  if (const auto metadata = decode_partition_metadata(file)) {
    const auto again = decode_partition_metadata(as_bytes(encode_partition_metadata(*metadata)));
    check(static_cast<bool>(again) && *again == *metadata, "metadata reads back");
  }
  if (const auto id = parse_uuid(as_text(file))) check(parse_uuid(to_string(*id)) == id, "an id reads back");
  return 0;
}
