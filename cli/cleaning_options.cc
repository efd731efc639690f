#include "cli/cleaning_options.h"

#include <CLI/CLI.hpp>

#include <string>
#include <vector>

#include "cli/time_argument.h"

namespace kseg {

void add_config_option(CLI::App& command, TopicConfig& config) {
  command
      .add_option_function<std::vector<std::string>>(
          "--config",
          [&config](const std::vector<std::string>& settings) {
            for (const std::string& setting : settings) {
              const std::size_t equals = setting.find('=');
              if (equals == std::string::npos)
                throw CLI::ValidationError("--config", "takes NAME=VALUE, not '" + setting + "'");
              if (const auto wrong = config.set(setting.substr(0, equals), setting.substr(equals + 1)))
                throw CLI::ValidationError("--config", *wrong);
            }
          },
          "a setting of the topic or its broker, by Kafka's name; may be repeated")
      ->type_name("NAME=VALUE")
      ->allow_extra_args(false);
}

void add_now_option(CLI::App& command, std::int64_t& now_ms, const std::string& what) {
  now_ms = wall_clock_ms();
  command
      .add_option_function<std::string>(
          "--now",
          [&now_ms](const std::string& text) {
            const auto now = parse_time_ms(text);
            if (!now)
              throw CLI::ValidationError("--now",
                                         "takes milliseconds since 1970 or RFC 3339, not '" + text + "'");
            now_ms = *now;
          },
          what + " (default: the system's)")
      ->type_name("TIME");
}

}  // namespace kseg
