#include "tests/support/round_request.h"

namespace kseg {

CompactionRequest request_of(const ObviousRound& round, const Path& partition) {
  CompactionRequest request{.partition = partition,
                            .first_dirty = round.first_dirty,
                            .first_uncleanable = round.first_uncleanable,
                            .now_ms = round.now_ms};
  if (!round.end_of_round) {
    request.compat.end_of_round = Compat::EndOfRound::never;
  } else if (*round.end_of_round != round.first_uncleanable) {
    request.compat.end_of_round = Compat::EndOfRound::at_high_watermark;
  }
  request.compat.keeps_legacy = round.keeps_legacy;
  request.config.delete_retention_ms = round.delete_retention_ms;
  request.config.segment_bytes = round.segment_bytes;
  request.config.segment_index_bytes = round.segment_index_bytes;
  request.config.index_interval_bytes = static_cast<std::uint64_t>(round.index_interval_bytes);
  request.config.producer_id_expiration_ms = INT32_MAX;
  return request;
}

}  // namespace kseg
