// Bytes as an offset index: any look-up on any bytes gives an entry or the start; a sound one answers
// right and encodes to itself.
#include "formats/offset_index.h"
#include "formats/check.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace kseg;
  const Bytes file{data, size};
  const Offset base{100};
  const OffsetIndexView index(file, base);
  check(index.used_bytes() <= size, "entries lie in the file");

  const bool sound = !index.check();
  ByteBuffer encoded;
  for (std::size_t i = 0; i < index.size(); ++i) {
    const OffsetIndexEntry entry = index[i];
    encode_offset_index_entry(entry, base, encoded);
    const OffsetIndexEntry found = index.lookup(entry.offset);
    if (sound) check(found == entry, "a sound index finds its own entries");
  }
  check(same_bytes(encoded, file.first(index.used_bytes())), "entries encode to themselves");
  for (const Offset offset : {Offset{-1}, base, base + 1, Offset{INT64_MAX}}) {
    const OffsetIndexEntry found = index.lookup(offset);
    if (sound)
      check(found.offset <= offset || found == OffsetIndexEntry{base, {}}, "a look-up does not overshoot");
  }
  return 0;
}
