// Producer snapshots and transaction indexes as lines of Kafka's dump tool.
#pragma once

#include <optional>

#include "cli/kafka_file_name.h"
#include "cli/output.h"
#include "lib/located_defect.h"

namespace kseg {

// Damage is told on the notes' side, in Kafka's words, and makes the answer true: false if there is none.
bool kafka_snapshot_lines(Bytes file, Output& output);

// A file that is not there has no entries. Ends at what Kafka's tool does not survive: unknown_version (of
// any entry; none is shown then).
std::optional<Defect> kafka_transaction_index_lines(Bytes file, Output& output);

}  // namespace kseg
