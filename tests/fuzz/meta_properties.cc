// Bytes as a meta.properties file: what decodes, encodes to a file that says the same.
#include "formats/meta_properties.h"
#include "formats/check.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace kseg;
  const auto properties = decode_meta_properties({data, size});
  if (!properties) return 0;
  const auto again = decode_meta_properties(as_bytes(encode_meta_properties(*properties)));
  check(static_cast<bool>(again) && *again == *properties, "properties read back");
  return 0;
}
