// What kseg's cleaner is asked for, so that it makes the round that the obvious one makes.
#pragma once

#include "lib/compaction.h"
#include "tests/support/obvious_cleaner.h"

namespace kseg {

// It follows the release whose rule ends the round where `round` says: 4.3's at first_uncleanable, none up
// to 3.9.1, else 4.4's, which takes the high watermark to stand there. No producer expires.
CompactionRequest request_of(const ObviousRound& round, const Path& partition);

}  // namespace kseg
