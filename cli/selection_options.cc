#include "cli/selection_options.h"

#include <CLI/CLI.hpp>

#include "cli/key_argument.h"
#include "cli/range_argument.h"

namespace kseg {
namespace {

void add_parsed(CLI::App& command, const std::string& name, const std::string& type, const std::string& help,
                const std::function<void(const std::string&)>& parse) {
  command
      .add_option_function<std::vector<std::string>>(
          name,
          [parse](const std::vector<std::string>& texts) {
            for (const std::string& text : texts) parse(text);
          },
          help)
      ->type_name(type)
      ->allow_extra_args(false);
}

}  // namespace

void add_key_options(CLI::App& command, SelectionOptions& options) {
  add_parsed(command, "--key", "KEY", "records with this key; may be repeated, as the next three",
             [&options](const std::string& text) { options.keys.push_back(text); });
  add_parsed(command, "--key-hex", "HEX", "the same, in hexadecimal", [&options](const std::string& text) {
    const auto key = parse_hex(text);
    if (!key) throw CLI::ValidationError("--key-hex", "expected pairs of hexadecimal digits, found " + text);
    options.keys.push_back(*key);
  });
  add_parsed(command, "--key-prefix", "TEXT", "records whose key begins with this",
             [&options](const std::string& text) { options.key_prefixes.push_back(text); });
  add_parsed(command, "--keys-from", "FILE",
             "records with one of these keys, one a line; - is standard input",
             [&options](const std::string& text) { options.key_files.push_back(text); });
}

void add_range_options(CLI::App& command, SelectionOptions& options) {
  command
      .add_option_function<std::string>(
          "--offset",
          [&options](const std::string& text) {
            options.offsets = parse_offset_range(text);
            if (!options.offsets)
              throw CLI::ValidationError("--offset", "expected A..B, A.., ..B or A, found " + text);
          },
          "records with offsets from A to below B")
      ->type_name("A..B");
  command
      .add_option_function<std::string>(
          "--time",
          [&options](const std::string& text) {
            options.times = parse_time_range(text);
            if (!options.times)
              throw CLI::ValidationError(
                  "--time",
                  "expected A..B, A.. or ..B of RFC 3339 or milliseconds since 1970, found " + text);
          },
          "records with timestamps from A to before B")
      ->type_name("A..B");
}

void add_index_option(CLI::App& command, SelectionOptions& options) {
  command.add_flag_callback(
      "--no-index", [&options] { options.use_indexes = false; },
      "look nothing up in indexes, read each segment from its start");
}

void add_batch_options(CLI::App& command, SelectionOptions& options) {
  command.add_option("--producer", options.producer_id, "records of this producer id")->type_name("ID");
  command.add_flag("--control", options.control_only, "control records only: transaction markers and such");
}

RecordSelection to_selection(const SelectionOptions& options) {
  RecordSelection selection{.offsets = options.offsets.value_or(OffsetRange{}),
                            .times = options.times,
                            .producer_id = options.producer_id,
                            .control_only = options.control_only};
  if (!options.selects_keys()) return selection;
  KeySelection& keys = selection.keys.emplace();
  for (const std::string& key : options.keys) keys.add_key(as_bytes(key));
  for (const std::string& prefix : options.key_prefixes) keys.add_prefix(as_bytes(prefix));
  for (const std::string& file : options.key_files) {
    for (const std::string& key : read_keys(file)) keys.add_key(as_bytes(key));
  }
  return selection;
}

}  // namespace kseg
