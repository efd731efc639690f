// Offset and time indexes as lines of Kafka's dump tool, and what it finds when it looks their entries up in
// the log beside them.
#pragma once

#include <optional>

#include "cli/kafka_dump.h"
#include "cli/kafka_file_name.h"
#include "cli/kafka_findings.h"
#include "lib/located_defect.h"

namespace kseg {

// Each ends at what Kafka's tool does not survive: bad_text (no number in front of the name's first dot),
// missing_file (the log or the offset index beside it), index_order, index_offset, trailing_bytes (a sanity
// check that fails), index_position (no batch there), those of KafkaLogWalk and KafkaRecords.
std::optional<LocatedDefect> kafka_offset_index_lines(FileSystem& files, const KafkaFileName& file,
                                                      const KafkaDumpOptions& options,
                                                      KafkaFindings& findings, Output& output);
std::optional<LocatedDefect> kafka_time_index_lines(FileSystem& files, const KafkaFileName& file,
                                                    const KafkaDumpOptions& options, KafkaFindings& findings,
                                                    Output& output);

}  // namespace kseg
