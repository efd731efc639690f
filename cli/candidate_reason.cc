#include "cli/candidate_reason.h"

#include <fmt/format.h>

namespace kseg {
namespace {

std::string bound_of(const CleaningCandidate& candidate) {
  const CleanableRange& range = *candidate.range;
  switch (range.bound) {
    case CleanableRange::Bound::active_segment:
    case CleanableRange::Bound::asked: break;
    case CleanableRange::Bound::high_watermark:
      return fmt::format("high watermark {}, of a log that ends at {}", range.high_watermark,
                         candidate.outline->log_end);
    case CleanableRange::Bound::open_transaction: {
      const LogOutline::OpenTransaction& oldest = candidate.outline->open_transactions.front();
      return fmt::format("open transaction of producer {} since offset {}", oldest.producer_id,
                         oldest.first_offset);
    }
    case CleanableRange::Bound::min_compaction_lag:
      return fmt::format("min.compaction.lag.ms: segment {} has younger records", range.first_uncleanable);
  }
  return range.clean_bytes == 0 ? "active segment only" : "clean up to the active segment";
}

}  // namespace

std::string reason_of(const CleaningCandidate& candidate) {
  switch (candidate.choice) {
    case CleaningCandidate::Choice::chosen:
    case CleaningCandidate::Choice::refused: break;
    case CleaningCandidate::Choice::stray: return "stray: not of this broker, by the metadata";
    case CleaningCandidate::Choice::not_compacted:
      return candidate.config.known_to_be_compacted() ? "cleanup.policy is not compact"
                                                      : "not known to be compacted";
    case CleaningCandidate::Choice::nothing_to_clean:
      return candidate.range ? bound_of(candidate) : "no segment";
    case CleaningCandidate::Choice::not_dirty_enough:
      return fmt::format("dirty ratio {:.3f} is not above {}", candidate.range->dirty_ratio(),
                         candidate.config.min_cleanable_dirty_ratio);
  }
  return {};
}

}  // namespace kseg
