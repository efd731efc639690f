// `kseg dump`: what is in segments, indexes and side files, for people or scripts.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/command.h"
#include "cli/decoder_choice.h"
#include "cli/kafka_dump.h"
#include "cli/output_options.h"
#include "cli/record_lines.h"
#include "cli/selection_options.h"
#include "lib/batch_stretch.h"

namespace CLI {
class App;
}

namespace kseg {

struct DumpOptions {
  std::vector<std::string> targets;
  OutputOptions output = {};
  bool batches = false;    // headers only: nothing is decompressed
  bool logs_only = false;  // of folders, no side files
  SelectionOptions selection = {};
  std::optional<std::uint64_t> limit = std::nullopt;  // of all targets; records, with `batches` batches
  std::optional<std::uint64_t> tail = std::nullopt;   // of each partition, likewise
  DecoderChoice decoder = {};
  ValueForm values = ValueForm::automatic;
  StretchOptions stretches = StretchOptions::of_machine();  // not what is shown, but how fast
  KafkaDumpOptions kafka = {};  // for Format::kafka, which knows none of the above but `targets`

  // Whether the question is about records, not about files.
  bool selects() const { return batches || selection.selects() || limit || tail; }
};

void add_dump_command(CLI::App& app, ChosenCommand& chosen);

// done; no if defects were met; usage if a target is none of dump's kinds (nothing is dumped then).
// Throws IoError.
ExitStatus run_dump(const DumpOptions& options, Output& output);

}  // namespace kseg
