// Bytes as a properties file: each value that is read, is read again from what it is written as.
#include "formats/properties.h"
#include "formats/check.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace kseg;
  const auto properties = decode_properties({data, size});
  if (!properties) return 0;
  for (const auto& [key, property] : *properties) {
    const auto again = decode_properties(as_bytes("key=" + escape_property_value(property.value)));
    check(static_cast<bool>(again) && again->at("key").value == property.value, "values read back");
  }
  return 0;
}
