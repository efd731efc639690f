// The files beside a log as lines of a dump: indexes, producer snapshots, checkpoints, properties.
#pragma once

#include "cli/output.h"
#include "cli/target.h"
#include "lib/offset_range.h"

namespace kseg {

// Shows `file`, read whole, and what is wrong with it. Of an index only entries with offsets of
// `range`. Returns the number of lines. Throws IoError. Logs are no side files.
std::uint64_t dump_side_file(FileSystem& files, const Path& file, TargetKind kind, const OffsetRange& range,
                             Output& output);

}  // namespace kseg
