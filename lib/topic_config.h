// The settings of a topic, and of its broker, that decide what happens to a log, each with where it comes
// from. Names, defaults and ranges are Kafka's (compaction.md §2, log-format.md §8).
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace kseg {

// In the order in which they give way: a later one counts more.
enum class SettingSource : std::uint8_t {
  kafka,         // Kafka's default
  properties,    // the broker's server.properties
  cluster,       // set at run time for all brokers, in `__cluster_metadata`
  broker,        // for this broker
  topic,         // of the topic itself
  command_line,  // --config
};
std::string_view name(SettingSource source);

struct TopicConfig {
  bool topic_known = false;  // what the topic itself sets was looked up; what is not set is a default
  // cleanup.policy; both, or neither, may be set.
  bool compact = false;
  bool deletes = true;
  double min_cleanable_dirty_ratio = 0.5;
  std::int64_t min_compaction_lag_ms = 0;
  std::int64_t max_compaction_lag_ms = INT64_MAX;
  std::int64_t delete_retention_ms = 86'400'000;
  std::int64_t retention_ms = 604'800'000;  // -1: for ever
  std::int64_t retention_bytes = -1;        // below 0: without bound
  std::uint64_t segment_bytes = 1'073'741'824;
  std::int64_t segment_ms = 604'800'000;
  std::uint64_t segment_index_bytes = 10'485'760;
  std::uint64_t index_interval_bytes = 4096;
  std::uint64_t max_message_bytes = 1'048'588;
  std::int64_t producer_id_expiration_ms = 86'400'000;

  // Sets one of them, unless what is set counts more. With SettingSource::topic `name` is a topic's, with
  // the three before it a broker's, from the command line either. Returns what is wrong: an unknown name,
  // or a value out of Kafka's range; see knows().
  std::optional<std::string> set(std::string_view name, std::string_view value,
                                 SettingSource source = SettingSource::command_line);

  // Whether set() takes that name from there.
  static bool knows(std::string_view name, SettingSource source);

  // What is wrong with them together.
  std::optional<std::string> contradiction() const;

  struct Setting {
    std::string_view name;  // the topic's
    std::string value;
    SettingSource source;
  };
  // All of them, in the order above.
  std::vector<Setting> settings() const;
  SettingSource source(std::string_view topic_name) const;

  // Whether the topic is known to be compacted, or known not to be; nothing if nobody says.
  std::optional<bool> known_to_be_compacted() const;

  static constexpr std::size_t kSettings = 14;

 private:
  std::array<SettingSource, kSettings> sources_ = {};
};

}  // namespace kseg
