// A batch as a line of Kafka's dump tool.
#pragma once

#include <optional>

#include "cli/output.h"
#include "formats/record_batch.h"

namespace kseg {

// "CreateTime", "LogAppendTime"
std::string_view kafka_name(TimestampType type);

// Of magic 2 and above. What Kafka's tool does not survive ends the line early: unknown_codec.
std::optional<Defect> kafka_batch_line(const RecordBatchView& batch, Output& output);

}  // namespace kseg
