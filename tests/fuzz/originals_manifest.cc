// Bytes as a list of kept originals: what decodes, encodes to a list that says the same.
#include "lib/originals_manifest.h"

#include "formats/check.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace kseg;
  // Sums are made right, or no section but the first would ever be looked at.
  std::string text;
  std::string section;
  std::string_view rest = as_text({data, size});
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find('\n'), rest.size() - 1) + 1;
    const std::string_view line = rest.substr(0, end);
    rest.remove_prefix(end);
    if (line != "end\n") {
      section += line;
      continue;
    }
    text += section + "end " + to_string(Digest::of(as_bytes(section))) + "\n";
    section.clear();
  }
  const auto manifest = OriginalsManifest::decode(as_bytes(text + section));
  if (!manifest || !manifest->partition) return 0;
  std::string again = OriginalsManifest::encode(*manifest->partition);
  for (const OriginalsManifest::Group& group : manifest->groups) again += OriginalsManifest::encode(group);
  const auto read = OriginalsManifest::decode(as_bytes(again));
  check(static_cast<bool>(read) && read->partition == manifest->partition && read->groups == manifest->groups,
        "the list reads back");
  return 0;
}
