// One log directory, compacted and appended to by kseg, served by a real broker, cleaned by its cleaner, read
// by kseg.
#pragma once

#include "lib/file_system.h"
#include "tests/broker_round/findings.h"
#include "tests/broker_round/served.h"

namespace kseg {

struct RoundOptions {
  Path kseg;
  Path log_dir;  // is copied first
  Questions questions;
};

// Prints what it does. Throws std::runtime_error if something cannot even be tried.
void run_round(const RoundOptions& options, Findings& findings);

// Damages each partition of the copy but the broker's own topics, each in some way, and has kseg repair it in
// place. Then it has to be sound, a broker has to start on it, and to serve what kseg says that is left.
void run_repaired_round(const RoundOptions& options, Findings& findings);

// Changes the copy behind kseg's back, a partition each in another way, before the broker starts. What
// comes back is what a round has not noticed: empty if it is any good. For
// tests/data/broker/compaction/1-first-round.
std::vector<std::string> unnoticed_alterations(const RoundOptions& options, Findings& findings);

}  // namespace kseg
