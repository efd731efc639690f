// The options that say where the settings of topics come from.
#pragma once

#include "lib/topic_settings.h"

namespace CLI {
class App;
}

namespace kseg {

// --config, --properties, --metadata. `request` must outlive the parsing.
void add_settings_options(CLI::App& command, TopicSettings::Request& request);

}  // namespace kseg
