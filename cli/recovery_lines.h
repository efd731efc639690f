// The plan of a recovery on the screen, a line a step, or as rows of JSON.
#pragma once

#include "cli/output.h"
#include "lib/recovery.h"

namespace kseg {

enum class Tense {
  would,  // a dry run
  will,   // before it is done
};

// "would remove FILE: REASON", "would cut 20 bytes off FILE at position P, offset N: torn_tail: …".
// In JSON `recovery_step` objects; `done` is not in them: they come before.
void print(const Recovery& recovery, Tense tense, Output& output);

}  // namespace kseg
