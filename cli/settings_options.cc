#include "cli/settings_options.h"

#include <CLI/CLI.hpp>

namespace kseg {

void add_settings_options(CLI::App& command, TopicSettings::Request& request) {
  command
      .add_option_function<std::vector<std::string>>(
          "--config",
          [&request](const std::vector<std::string>& settings) {
            TopicConfig config;
            for (const std::string& setting : settings) {
              const std::size_t equals = setting.find('=');
              if (equals == std::string::npos)
                throw CLI::ValidationError("--config", "takes NAME=VALUE, not '" + setting + "'");
              const std::string name = setting.substr(0, equals);
              const std::string value = setting.substr(equals + 1);
              if (const auto wrong = config.set(name, value)) throw CLI::ValidationError("--config", *wrong);
              request.command_line.emplace_back(name, value);
            }
            if (const auto wrong = config.contradiction()) throw CLI::ValidationError("--config", *wrong);
          },
          "a setting of the topic or its broker, by Kafka's name; may be repeated")
      ->type_name("NAME=VALUE")
      ->allow_extra_args(false);
  command
      .add_option("--properties", request.properties,
                  "the broker's server.properties, for what its topics do not set themselves")
      ->type_name("FILE");
  command
      .add_option("--metadata", request.metadata,
                  "the log directory with __cluster_metadata-0 (default: the one that TARGET is in)")
      ->type_name("DIR");
}

}  // namespace kseg
