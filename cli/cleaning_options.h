// The options that say by which settings and by which clock a topic is cleaned.
#pragma once

#include <cstdint>

#include "lib/topic_config.h"

namespace CLI {
class App;
}

namespace kseg {

// What they fill must outlive the parsing. --config:
void add_config_option(CLI::App& command, TopicConfig& config);
// --now; sets the system's clock at once.
void add_now_option(CLI::App& command, std::int64_t& now_ms);

}  // namespace kseg
