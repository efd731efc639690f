#include "cli/recovery_options.h"

#include <CLI/CLI.hpp>

#include "cli/recovery_lines.h"
#include "cli/refusal_lines.h"

namespace kseg {

void add_recovery_options(CLI::App& command, RecoveryOptions& options) {
  CLI::Option* const recover = command.add_flag(
      "--recover", options.recover,
      "first what a broker does after an unclean stop: finish swaps, cut torn ends, rebuild indexes");
  command
      .add_option("--quarantine", options.quarantine,
                  "where --recover keeps the bytes that it cuts off (default: in the partition)")
      ->type_name("DIR")
      ->needs(recover);
}

Recovered recover(FileSystem& files, const std::optional<LogDir>& root, const LogDirCheckpoints::Of& stored,
                  const Path& partition, const TopicConfig& config, const RecoveryOptions& options,
                  std::int64_t now_ms, bool dry_run, Output& output) {
  RecoveryRequest request{.partition = partition,
                          .recovery_point = stored.recovery_point.value_or(Offset{0}),
                          .log_start = stored.log_start.value_or(Offset{0}),
                          .cleanly_shut_down = root && root->cleanly_shut_down(),
                          .index_interval_bytes = config.index_interval_bytes,
                          .segment_index_bytes = config.segment_index_bytes,
                          .now_ms = now_ms,
                          .producer_expiration_ms = config.producer_id_expiration_ms};
  if (!options.quarantine.empty()) request.quarantine = options.quarantine;
  auto planned = Recovery::plan(files, request);
  if (const auto* refusal = std::get_if<Refusal>(&planned)) {
    print_lines(*refusal, output);
    return Recovered::refused;
  }
  Recovery& recovery = std::get<Recovery>(planned);
  if (recovery.steps().empty()) return Recovered::sound;
  print(recovery, dry_run ? Tense::would : Tense::will, output);
  if (dry_run) return Recovered::unsound;
  output.flush();
  recovery.carry_out();
  return Recovered::sound;
}

}  // namespace kseg
