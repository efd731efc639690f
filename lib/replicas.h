// What a log directory's own copy of the cluster's metadata says of a partition.
#pragma once

#include <optional>
#include <vector>

#include "formats/uuid.h"
#include "lib/log_dir.h"

namespace kseg {

// The brokers that hold the partition, by the newest metadata snapshot and the log of
// `__cluster_metadata-0`. Nothing if the directory has none, or it does not name the partition. Throws
// IoError.
std::optional<std::vector<std::int32_t>> replicas_of(FileSystem& files, const LogDir& root,
                                                     const Uuid& topic_id, std::int32_t partition);

}  // namespace kseg
