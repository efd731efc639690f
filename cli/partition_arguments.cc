#include "cli/partition_arguments.h"

#include <CLI/CLI.hpp>

#include <chrono>

#include "cli/time_argument.h"

namespace kseg {

Path folder_path(const Path& given) {
  Path path = given.lexically_normal();
  if (path == "." || path == "./" || path.filename() == "..")
    path = std::filesystem::absolute(path).lexically_normal();
  return path.has_filename() ? path : path.parent_path();
}

void set_config(const std::vector<std::string>& settings, TopicConfig& config) {
  for (const std::string& setting : settings) {
    const std::size_t equals = setting.find('=');
    if (equals == std::string::npos)
      throw CLI::ValidationError("--config", "takes NAME=VALUE, not '" + setting + "'");
    if (const auto wrong = config.set(setting.substr(0, equals), setting.substr(equals + 1))) {
      throw CLI::ValidationError("--config", *wrong);
    }
  }
}

std::int64_t now_ms(const std::string& time) {
  if (time.empty()) {
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    return std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
  }
  const auto parsed = parse_time_ms(time);
  if (!parsed)
    throw CLI::ValidationError("--now", "takes milliseconds since 1970 or RFC 3339, not '" + time + "'");
  return *parsed;
}

}  // namespace kseg
