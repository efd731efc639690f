// The options of Kafka's own dump tool, under their names.
#pragma once

#include <string>
#include <vector>

#include "cli/kafka_dump.h"

namespace CLI {
class App;
}

namespace kseg {

// They stand in a group of their own in the help. `options` must outlive the parsing.
void add_kafka_dump_options(CLI::App& command, KafkaDumpOptions& options);

// For after the parsing. Throws CLI::ValidationError for an option of this group where `chosen` is false, and
// for another one, but --format, where it is true.
void check_kafka_dump_options(const CLI::App& command, bool chosen);

}  // namespace kseg
