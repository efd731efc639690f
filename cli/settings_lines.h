// The settings of a partition on the screen.
#pragma once

#include <string>

#include "cli/output.h"
#include "lib/topic_config.h"

namespace kseg {

// Every setting, with its value and where it comes from: a line each, or `setting` objects.
void print_settings(const std::string& partition, const TopicConfig& config, Output& output);

}  // namespace kseg
