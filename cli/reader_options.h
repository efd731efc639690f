// The options of commands that show what a reader gets: --isolation, --at-offset, --at-time.
#pragma once

#include <string_view>

#include "lib/readable_log.h"

namespace CLI {
class App;
}

namespace kseg {

// `request` must outlive the parsing. `default_isolation`: what the help calls the default.
void add_reader_options(CLI::App& command, ReadableLog::Request& request,
                        std::string_view default_isolation = "read_committed");

std::string_view name(Isolation isolation);

}  // namespace kseg
