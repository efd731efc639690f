// What each file and folder of a log directory is, in a few words, by its name: formats/file_names.md.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "formats/file_names.h"

namespace kseg {

// `<start offset>_<segment's uuid>.index` and so on in remote-log-index-cache, a copy of an index of a
// segment in tiered storage; also with .deleted or .tmp behind it.
struct RemoteIndexName {
  Offset start_offset;
  std::string segment_id;                                // 22 characters
  SegmentFileKind kind = SegmentFileKind::offset_index;  // one of the three indexes
  bool left_over = false;                                // .deleted, .tmp
};
std::optional<RemoteIndexName> parse_remote_index_name(std::string_view name);

// Nothing for names that no broker, and no kseg, gives.
std::optional<std::string> describe_file(std::string_view name);
std::optional<std::string> describe_folder(std::string_view name);

}  // namespace kseg
