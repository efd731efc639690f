#include "cli/reader_options.h"

#include <CLI/CLI.hpp>

#include <string>

#include "cli/range_argument.h"
#include "cli/time_argument.h"

namespace kseg {

void add_reader_options(CLI::App& command, ReadableLog::Request& request,
                        std::string_view default_isolation) {
  const auto set_isolation = [&request](const std::string& text) {
    if (text == name(Isolation::read_committed))
      request.isolation = Isolation::read_committed;
    else if (text == name(Isolation::read_uncommitted))
      request.isolation = Isolation::read_uncommitted;
    else
      throw CLI::ValidationError("--isolation", "expected read_committed or read_uncommitted, found " + text);
  };
  command
      .add_option_function<std::string>(
          "--isolation", set_isolation,
          fmt::format("what a reader of read_committed or read_uncommitted gets (default {})",
                      default_isolation))
      ->type_name("LEVEL");
  const auto set_offset = [&request](const std::string& text) {
    const auto range = parse_offset_range(".." + text);
    if (text.empty() || !range)
      throw CLI::ValidationError("--at-offset", "expected an offset, found " + text);
    request.at_offset = range->end;
  };
  CLI::Option* at_offset =
      command
          .add_option_function<std::string>("--at-offset", set_offset,
                                            "as it was when the log ended at N: later markers decide nothing")
          ->type_name("N");
  const auto set_time = [&request](const std::string& text) {
    request.at_time_ms = parse_time_ms(text);
    if (!request.at_time_ms) {
      throw CLI::ValidationError("--at-time", "expected RFC 3339 or milliseconds, found " + text);
    }
  };
  command
      .add_option_function<std::string>("--at-time", set_time,
                                        "as it was before the first record with a time after T")
      ->type_name("T")
      ->excludes(at_offset);
}

std::string_view name(Isolation isolation) {
  switch (isolation) {
    case Isolation::read_uncommitted: return "read_uncommitted";
    case Isolation::read_committed: return "read_committed";
  }
  return "";
}

}  // namespace kseg
