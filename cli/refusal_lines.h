// A refusal on the screen, or as the `summary` of JSON.
#pragma once

#include "cli/output.h"
#include "lib/refusal.h"

namespace kseg {

void print(const Refusal& refusal, Output& output);

// The same without the `summary`: what is left to be told goes on.
void print_lines(const Refusal& refusal, Output& output);

}  // namespace kseg
