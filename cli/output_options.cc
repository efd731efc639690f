#include "cli/output_options.h"

#include <CLI/CLI.hpp>

#include <string>

namespace kseg {

void add_output_options(CLI::App& command, OutputOptions& options) {
  const auto set_format = [&options](const std::string& text) {
    if (text == "text")
      options.format = Format::text;
    else if (text == "jsonl")
      options.format = Format::jsonl;
    else
      throw CLI::ValidationError("--format", "expected text or jsonl, found " + text);
  };
  command
      .add_option_function<std::string>("--format", set_format,
                                        "for people (text, the default) or scripts (jsonl)")
      ->type_name("text|jsonl");
  command.add_flag_callback(
      "--json", [&options] { options.format = Format::jsonl; }, "short for --format jsonl");
}

}  // namespace kseg
