// The options of commands that show what a reader gets: --isolation, --at-offset, --at-time.
#pragma once

#include "lib/readable_log.h"

namespace CLI {
class App;
}

namespace kseg {

// `request` must outlive the parsing; its isolation is the default.
void add_reader_options(CLI::App& command, ReadableLog::Request& request);

std::string_view name(Isolation isolation);

}  // namespace kseg
