// A batch as a line of Kafka's dump tool.
#pragma once

#include "cli/output.h"
#include "formats/record_batch.h"

namespace kseg {

// Whether it is valid; or what Kafka's tool does not survive, which ends the line
// early: unknown_codec.
Result<bool> kafka_batch_line(const RecordBatchView& batch, Output& output);

}  // namespace kseg
