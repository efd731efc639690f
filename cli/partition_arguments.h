// Words that the commands which write to a partition share. What is wrong is a CLI::ValidationError.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "lib/file_system.h"
#include "lib/topic_config.h"

namespace kseg {

// Without a slash at the end, and never "." or "..": the folder's name tells its partition.
Path folder_path(const Path& given);

// --config NAME=VALUE, each of them.
void set_config(const std::vector<std::string>& settings, TopicConfig& config);

// --now TIME; the system's clock if it is empty.
std::int64_t now_ms(const std::string& time);

}  // namespace kseg
