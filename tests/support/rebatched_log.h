// The same records in other batches, with another codec, in other segments: what readers do not notice.
#pragma once

#include "tests/support/log_model.h"

namespace kseg {

// One record a data batch, and one segment if its offsets allow it.
LogModel rebatched(const LogModel& log, Codec codec);

}  // namespace kseg
