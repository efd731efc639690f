// The file `manifest` in DIR/<topic-partition>/: which originals are kept there, and what undo has to know
// to put them back. Lines of text, in sections; each ends with the XXH3-128 of its lines:
//
//   kseg originals 1                        the version
//   partition /var/kafka-logs/orders-3      where they come from, absolute
//   checkpoint 0 266                        the cleaner checkpoint's entry before, and as it will be
//                                           written at the end; `-` for none
//   log 00000000000000000000.log 3892 1763892000000000000
//   …                                       every `.log` of the partition, the active one last: size, mtime
//   in ns end 0123456789abcdef0123456789abcdef group                                   a group that is about
//   to be swapped kept 00000000000000000000.log 3892 1763892000000000000 … each of its files that is kept
//   beside this one: size, mtime output 1180 0123456789abcdef0123456789abcdef
//                                           size and XXH3-128 of the `.log` that takes its place, under the
//                                           name of the first that is kept
//   end 0123456789abcdef0123456789abcdef
//
// It only grows, and a section is synced before what it announces is done. So an incomplete or garbled
// section can only be the last one, and then nothing was done that it speaks of.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "formats/offset.h"
#include "formats/result.h"
#include "lib/digest.h"
#include "lib/file_system.h"

namespace kseg {

struct OriginalsManifest {
  struct KeptFile {
    std::string name;  // a canonical name of a segment's file
    std::uint64_t size_bytes = 0;
    std::int64_t mtime_ns = 0;
    friend bool operator==(const KeptFile&, const KeptFile&) = default;
  };
  struct Partition {
    Path folder;
    std::optional<Offset> checkpoint_before;
    std::optional<Offset> checkpoint_after;
    std::vector<KeptFile> logs;
    friend bool operator==(const Partition&, const Partition&) = default;
  };
  struct Group {
    std::vector<KeptFile> kept;
    std::uint64_t output_bytes = 0;
    Digest output;
    // Of its segments, ascending; never empty.
    std::vector<Offset> bases() const;
    friend bool operator==(const Group&, const Group&) = default;
  };

  std::optional<Partition> partition;  // missing: nothing was kept yet
  std::vector<Group> groups;

  static std::string encode(const Partition& partition);
  static std::string encode(const Group& group);
  // Defects: unknown_version, and bad_text at a line that does not follow the grammar, or at a sum that is
  // not that of its section, unless it is the last.
  static Result<OriginalsManifest> decode(Bytes file);
};

}  // namespace kseg
