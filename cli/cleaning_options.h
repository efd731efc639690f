// The options that say by which settings and by which clock a topic is cleaned or written.
#pragma once

#include <cstdint>
#include <string>

#include "lib/topic_config.h"

namespace CLI {
class App;
}

namespace kseg {

// What they fill must outlive the parsing. --config:
void add_config_option(CLI::App& command, TopicConfig& config);
// --now; sets the system's clock at once. `what` the clock is for is said in the help.
void add_now_option(CLI::App& command, std::int64_t& now_ms,
                    const std::string& what = "the clock that tombstones are judged by");

}  // namespace kseg
