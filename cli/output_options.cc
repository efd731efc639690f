#include "cli/output_options.h"

#include <CLI/CLI.hpp>

#include <optional>
#include <string>

namespace kseg {

namespace {

std::optional<Format> parse_format(const std::string& text) {
  if (text == "text") return Format::text;
  if (text == "jsonl") return Format::jsonl;
  return std::nullopt;
}

void add_json_option(CLI::App& command, OutputOptions& options) {
  command.add_flag_callback(
      "--json", [&options] { options.format = Format::jsonl; }, "short for --format jsonl");
}

}  // namespace

void add_output_options(CLI::App& command, OutputOptions& options) {
  const auto set_format = [&options](const std::string& text) {
    const auto format = parse_format(text);
    if (!format) throw CLI::ValidationError("--format", "expected text or jsonl, found " + text);
    options.format = *format;
  };
  command
      .add_option_function<std::string>("--format", set_format,
                                        "for people (text, the default) or scripts (jsonl)")
      ->type_name("text|jsonl");
  add_json_option(command, options);
}

void add_output_options_with_kafka(CLI::App& command, OutputOptions& options) {
  const auto set_format = [&options](const std::string& text) {
    const auto format = text == "kafka" ? std::optional(Format::kafka) : parse_format(text);
    if (!format) throw CLI::ValidationError("--format", "expected text, jsonl or kafka, found " + text);
    options.format = *format;
  };
  command
      .add_option_function<std::string>(
          "--format", set_format,
          "for people (text, the default), scripts (jsonl), scripts of Kafka's tool (kafka)")
      ->type_name("text|jsonl|kafka");
  add_json_option(command, options);
}

}  // namespace kseg
