// The record at an offset, found with the offset index.
#pragma once

#include <functional>

#include "formats/record.h"
#include "lib/file_system.h"

namespace kseg {

// Calls `found` with the record at `offset` of a partition folder or a `.log` file, and the header of its
// batch; both are valid as long as the call lasts. False if there is none, or none that can be read.
// Throws IoError.
bool look_up_record(FileSystem& files, const Path& target, Offset offset,
                    const std::function<void(const RecordBatchHeader&, const RecordView&)>& found);

}  // namespace kseg
