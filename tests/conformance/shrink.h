// Makes a log smaller for as long as something about it stays true.
#pragma once

#include <functional>

#include "tests/support/random_log.h"

namespace kseg {

// The smallest round found for which `holds`, by leaving out segments, batches and records and making
// what is left plainer, one change at a time, until no change works any more. `holds` must be true of
// `round`; it is asked some hundred times.
RandomRound shrink(RandomRound round, const std::function<bool(const RandomRound&)>& holds);

}  // namespace kseg
