// A refusal on the screen, or as the `summary` of JSON.
#pragma once

#include "cli/output.h"
#include "lib/refusal.h"

namespace kseg {

void print(const Refusal& refusal, Output& output);

}  // namespace kseg
