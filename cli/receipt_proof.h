// `kseg verify --receipt`: whether the state that a compaction left is still there.
#pragma once

#include <optional>

#include "cli/exit_status.h"
#include "cli/output.h"

namespace kseg {

// Of each partition that the receipt has a state of, in the folder it names or in `log_dir`: the state as it
// was at the receipt's log end is computed again. Records may have been appended since; what they supersede
// may have been cleaned since, so that only an equal state says something then. done if all states are equal;
// no if not, if a partition is missing, or if the receipt is damaged. Throws IoError.
ExitStatus prove_receipt(FileSystem& files, const Path& receipt, const std::optional<Path>& log_dir,
                         Output& output);

}  // namespace kseg
