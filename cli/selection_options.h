// The words that say which records are meant, the same in every command.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "lib/record_selection.h"

namespace CLI {
class App;
}

namespace kseg {

struct SelectionOptions {
  std::optional<OffsetRange> offsets = std::nullopt;
  std::optional<TimeRange> times = std::nullopt;
  std::vector<std::string> keys = {};          // bytes, from --key and --key-hex
  std::vector<std::string> key_prefixes = {};  // bytes
  std::vector<std::string> key_files = {};     // --keys-from
  std::optional<std::int64_t> producer_id = std::nullopt;
  bool control_only = false;
  bool use_indexes = true;

  bool selects_keys() const { return !keys.empty() || !key_prefixes.empty() || !key_files.empty(); }
  bool selects() const { return offsets || times || selects_keys() || producer_id || control_only; }
};

// `options` must outlive the parsing. --key, --key-hex, --key-prefix, --keys-from:
void add_key_options(CLI::App& command, SelectionOptions& options);
// --offset, --time:
void add_range_options(CLI::App& command, SelectionOptions& options);
// --no-index:
void add_index_option(CLI::App& command, SelectionOptions& options);
// --producer, --control:
void add_batch_options(CLI::App& command, SelectionOptions& options);

// Reads the files with keys. Throws IoError.
RecordSelection to_selection(const SelectionOptions& options);

}  // namespace kseg
