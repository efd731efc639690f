// Bytes as a time index: as for the offset index.
#include "formats/time_index.h"
#include "formats/check.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace kseg;
  const Bytes file{data, size};
  const Offset base{100};
  const TimeIndexView index(file, base);
  check(index.used_bytes() <= size, "entries lie in the file");

  const bool sound = !index.check();
  ByteBuffer encoded;
  for (std::size_t i = 0; i < index.size(); ++i) {
    const TimeIndexEntry entry = index[i];
    encode_time_index_entry(entry, base, encoded);
    const TimeIndexEntry found = index.lookup(entry.timestamp_ms);
    if (sound) check(found == entry, "a sound index finds its own entries");
  }
  check(same_bytes(encoded, file.first(index.used_bytes())), "entries encode to themselves");
  for (const std::int64_t time : {INT64_MIN, std::int64_t{-1}, std::int64_t{0}, INT64_MAX}) {
    const TimeIndexEntry found = index.lookup(time);
    if (sound)
      check(found.timestamp_ms <= time || found == TimeIndexEntry{-1, base}, "a look-up does not overshoot");
  }
  return 0;
}
