// Bytes as the value of a metadata record: what decodes says the same when encoded again.
#include "formats/metadata_record.h"
#include "formats/check.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace kseg;
  const auto record = decode_metadata_record({data, size});
  if (!record || !*record) return 0;
  ByteBuffer encoded;
  encode_metadata_record(**record, encoded);
  const auto again = decode_metadata_record(encoded);
  check(static_cast<bool>(again) && *again == *record, "records read back");
  return 0;
}
