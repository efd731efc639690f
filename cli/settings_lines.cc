#include "cli/settings_lines.h"

#include <iterator>

namespace kseg {

void print_settings(const std::string& partition, const TopicConfig& config, Output& output) {
  for (const TopicConfig::Setting& setting : config.settings()) {
    if (output.json()) {
      output.row("setting")
          .field("partition", std::string_view(partition))
          .field("name", setting.name)
          .field("value", std::string_view(setting.value))
          .field("source", name(setting.source))
          .end();
    } else {
      fmt::format_to(std::back_inserter(output.line()), "  {} = {} ({})", setting.name, setting.value,
                     name(setting.source));
      output.end_line();
    }
  }
}

}  // namespace kseg
