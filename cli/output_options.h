// The options about output that every command has.
#pragma once

#include "cli/output.h"

namespace CLI {
class App;
}

namespace kseg {

struct OutputOptions {
  Format format = Format::text;
};

// --format, --json. `options` must outlive the parsing.
void add_output_options(CLI::App& command, OutputOptions& options);

// The same with --format kafka.
void add_output_options_with_kafka(CLI::App& command, OutputOptions& options);

}  // namespace kseg
