// The two small JSON files that a node leaves in its directories: `quorum-state` of __cluster_metadata-0, and
// `.kafka_cleanshutdown`. Grammar: formats/broker_state.md.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "formats/bytes.h"
#include "formats/result.h"
#include "formats/uuid.h"

namespace kseg {

// What a node of the controllers' quorum remembers of elections; -1 is none.
struct QuorumState {
  std::int16_t data_version = 1;          // 0 with a fixed set of voters, 1 since kraft.version 1
  std::optional<std::string> cluster_id;  // version 0; Kafka leaves it empty
  std::int32_t leader_id = -1;
  std::int32_t leader_epoch = 0;
  std::int32_t voted_id = -1;
  std::optional<Uuid> voted_directory_id;                   // version 1
  std::optional<std::int64_t> applied_offset;               // version 0
  std::optional<std::vector<std::int32_t>> current_voters;  // version 0: ids of nodes; may be null
  friend bool operator==(const QuorumState&, const QuorumState&) = default;
};

// Unknown members are ignored. Errors: bad_text, unknown_version.
Result<QuorumState> decode_quorum_state(Bytes file);

// Only that the file is there counts; a broker that cannot read it knows no epoch.
struct CleanShutdown {
  std::int32_t version = 0;
  std::int64_t broker_epoch = -1;  // -1: unknown
  friend bool operator==(const CleanShutdown&, const CleanShutdown&) = default;
};

// Nothing for content that is not Kafka's JSON, which is no defect: older releases left it empty.
std::optional<CleanShutdown> decode_clean_shutdown(Bytes file);

}  // namespace kseg
