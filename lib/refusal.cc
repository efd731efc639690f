#include "lib/refusal.h"

#include <fmt/format.h>

#include <algorithm>

namespace kseg {

Refusal refuse_running_broker(const LogDir& root, std::string hint) {
  return {.reason = fmt::format("{}: a running broker holds the lock", (root.path() / kLockFile).string()),
          .hint = std::move(hint)};
}

Refusal refuse_unclean(const LogDir& root, std::string hint) {
  return {.reason = fmt::format("{}: not cleanly shut down", root.path().string()), .hint = std::move(hint)};
}

Refusal refuse_no_segment(const Path& partition, std::string hint) {
  return {.reason = fmt::format("{}: no segment (.log file) in this folder", partition.string()),
          .hint = std::move(hint)};
}

Refusal refuse_unfinished_swap(const PartitionLog& log) {
  Refusal refusal{
      .reason = fmt::format("{}: an unfinished swap of a cleaning", log.folder().string()),
      .hint =
          "start and stop the broker once, or kseg compact --recover; verify and dump read the folder "
          "as it would then be"};
  for (const std::string& name : log.load_plan().removed) {
    refusal.details.push_back("a broker would remove " + name);
  }
  for (const auto& [from, to] : log.load_plan().renamed) {
    refusal.details.push_back(fmt::format("a broker would rename {} to {}", from, to));
  }
  return refusal;
}

std::optional<Refusal> refuse_not_files(const PartitionLog& log) {
  if (log.not_files().empty()) return std::nullopt;
  return Refusal{.reason = fmt::format("{}: not every segment's file is one", log.folder().string()),
                 .hint = "put back what should be there; if nothing should, move away what is",
                 .defects = log.not_files()};
}

std::optional<Refusal> refuse_listing(const PartitionLog& log) {
  if (auto refusal = refuse_not_files(log)) return refusal;
  if (log.load_plan().unfinished_swap()) return refuse_unfinished_swap(log);
  return std::nullopt;
}

Refusal refuse_folder_name(const Path& partition) {
  return {.reason = fmt::format("{}: not the name of a partition folder", partition.string())};
}

Refusal refuse_checkpoint(const Path& file, const Defect& defect) {
  return {.reason = "a checkpoint file is damaged", .defects = {{file, defect}}};
}

Refusal refuse_damaged(std::vector<LocatedDefect> defects) {
  const bool only_emptied = std::all_of(defects.begin(), defects.end(), [](const LocatedDefect& defect) {
    return defect.defect.code == DefectCode::legacy_message_emptied;
  });
  if (only_emptied) {
    return Refusal{
        .reason = "the round cannot end where it should, nothing was changed",
        .hint = "neither can a broker's until another segment is closed; --compat 3.9.1 has no such rule",
        .details = {},
        .defects = std::move(defects)};
  }
  return Refusal{.reason = "the log is damaged, nothing was changed",
                 .hint = "compacting it would hide the damage; verify shows all of it",
                 .details = {},
                 .defects = std::move(defects)};
}

}  // namespace kseg
