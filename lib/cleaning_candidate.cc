#include "lib/cleaning_candidate.h"

#include <algorithm>

#include "lib/unless_missing.h"

namespace kseg {
namespace {

using Choice = CleaningCandidate::Choice;

double ratio_of(const CleaningCandidate& candidate) {
  return candidate.range ? candidate.range->dirty_ratio() : 0;
}

}  // namespace

Choice choice_of(const CleanableRange& range, const TopicConfig& config, bool all) {
  if (range.cleanable_bytes == 0) return Choice::nothing_to_clean;
  return all || range.is_worth_a_round(config) ? Choice::chosen : Choice::not_dirty_enough;
}

CleaningCandidate look_at(FileSystem& files, const LogDir& root, const LogDirCheckpoints& checkpoints,
                          const TopicPartition& partition, const CandidateOptions& options) {
  CleaningCandidate candidate{.folder = root.path() / to_string(partition), .partition = partition};
  candidate.config = options.config_of(partition, candidate.folder);
  if (options.is_stray(partition, candidate.folder)) {
    candidate.choice = Choice::stray;
    return candidate;
  }
  const LogDirCheckpoints::Of stored = checkpoints.of(partition);
  if (!candidate.config.known_to_be_compacted().value_or(stored.first_dirty.has_value())) return candidate;

  const auto refuse = [&](Refusal refusal) {
    candidate.choice = Choice::refused;
    candidate.refusal = std::move(refusal);
    return candidate;
  };
  const PartitionLog log = PartitionLog::open(files, candidate.folder);
  if (auto refusal = refuse_listing(log)) return refuse(std::move(*refusal));
  candidate.choice = Choice::nothing_to_clean;
  if (log.segments().empty()) return candidate;  // a broker would begin an empty log

  candidate.outline = LogOutline::of(files, log,
                                     {.log_start = stored.log_start,
                                      .now_ms = options.now_ms,
                                      .producer_expiration_ms = candidate.config.producer_id_expiration_ms});
  const LogOutline& outline = *candidate.outline;
  candidate.log_bytes = outline.log_bytes;
  if (!outline.defects.empty()) return refuse(refuse_damaged(outline.defects));
  candidate.range = CleanableRange::of(files, log, candidate.config,
                                       {.log_start = outline.log_start,
                                        .log_end = outline.log_end,
                                        .first_unstable = outline.first_unstable(),
                                        .high_watermark = stored.high_watermark.value_or(Offset{0}),
                                        .checkpoint = stored.first_dirty,
                                        .now_ms = options.now_ms});
  candidate.choice = choice_of(*candidate.range, candidate.config, options.all);
  return candidate;
}

std::vector<CleaningCandidate> cleaning_candidates(FileSystem& files, const LogDir& root,
                                                   const LogDirCheckpoints& checkpoints,
                                                   const CandidateOptions& options) {
  std::vector<CleaningCandidate> candidates;
  for (const DirectoryEntry& entry : files.list(root.path())) {
    const auto name = entry.is_directory ? parse_partition_folder_name(entry.name) : std::nullopt;
    if (!name || name->kind != PartitionFolderKind::current) continue;
    if (name->partition.topic == kClusterMetadataTopic || !options.selects(name->partition)) continue;
    auto candidate =
        unless_missing([&] { return look_at(files, root, checkpoints, name->partition, options); });
    if (candidate) candidates.push_back(std::move(*candidate));
  }
  std::sort(candidates.begin(), candidates.end(),
            [](const CleaningCandidate& one, const CleaningCandidate& other) {
              if (one.choice != other.choice) return one.choice < other.choice;
              const double one_ratio = ratio_of(one);
              const double other_ratio = ratio_of(other);
              return one_ratio != other_ratio ? one_ratio > other_ratio : one.partition < other.partition;
            });
  return candidates;
}

}  // namespace kseg
