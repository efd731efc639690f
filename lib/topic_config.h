// The settings of a topic, and of its broker, that decide what a compaction, or an append, does. Names and
// defaults are Kafka's (compaction.md §2); a broker's name for a topic setting means the same.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace kseg {

struct TopicConfig {
  bool compact = false;  // cleanup.policy, if it was given
  bool cleanup_policy_given = false;
  std::int64_t delete_retention_ms = 86'400'000;
  std::int64_t min_compaction_lag_ms = 0;
  std::int64_t max_compaction_lag_ms = INT64_MAX;
  std::uint64_t segment_bytes = 1'073'741'824;
  std::uint64_t segment_index_bytes = 10'485'760;
  std::uint64_t index_interval_bytes = 4096;
  std::int64_t segment_ms = 604'800'000;
  std::uint64_t max_message_bytes = 1'048'588;
  std::int64_t producer_id_expiration_ms = 86'400'000;

  // Sets one of them. Returns what is wrong: an unknown name, or a value out of Kafka's range.
  std::optional<std::string> set(std::string_view name, std::string_view value);
};

}  // namespace kseg
