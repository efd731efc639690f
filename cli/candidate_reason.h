// Why a partition is not being compacted, for people.
#pragma once

#include <string>

#include "lib/cleaning_candidate.h"

namespace kseg {

// "open transaction of producer 7 since offset 120"; empty for one that is chosen or refused.
std::string reason_of(const CleaningCandidate& candidate);

}  // namespace kseg
