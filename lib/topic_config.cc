#include "lib/topic_config.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <limits>

namespace kseg {
namespace {

using Problem = std::optional<std::string>;

constexpr std::int64_t kMaxInt = std::numeric_limits<std::int32_t>::max();
constexpr std::int64_t kMaxLong = std::numeric_limits<std::int64_t>::max();
constexpr std::int64_t kMinLong = std::numeric_limits<std::int64_t>::min();

constexpr std::string_view kCleanupPolicy = "cleanup.policy";
constexpr std::string_view kSegmentBytes = "segment.bytes";
constexpr std::string_view kInternalSegmentBytes = "internal.segment.bytes";
constexpr std::string_view kProducerExpiration = "producer.id.expiration.ms";

struct Definition {
  std::string_view topic_name;
  std::string_view broker_name;
  std::string (*text)(const TopicConfig&);
  Problem (*assign)(TopicConfig&, const Definition&, std::string_view name, std::string_view value);
  std::int64_t min = 0;  // of whole numbers
  std::int64_t max = 0;
};

template <auto Member>
Problem assign_number(TopicConfig& config, const Definition& definition, std::string_view name,
                      std::string_view value) {
  std::int64_t parsed = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), parsed);
  if (error != std::errc{} || end != value.data() + value.size() || parsed < definition.min ||
      parsed > definition.max) {
    return fmt::format("{} takes a whole number from {} to {}, not '{}'", name, definition.min,
                       definition.max, value);
  }
  using Value = std::remove_reference_t<decltype(config.*Member)>;
  config.*Member = static_cast<Value>(parsed);
  return std::nullopt;
}

template <auto Member>
constexpr Definition number(std::string_view topic_name, std::string_view broker_name, std::int64_t min,
                            std::int64_t max) {
  return {.topic_name = topic_name,
          .broker_name = broker_name,
          .text = [](const TopicConfig& config) { return fmt::format("{}", config.*Member); },
          .assign = assign_number<Member>,
          .min = min,
          .max = max};
}

Problem assign_ratio(TopicConfig& config, const Definition&, std::string_view name, std::string_view value) {
  double parsed = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), parsed);
  if (error != std::errc{} || end != value.data() + value.size() || !(parsed >= 0 && parsed <= 1)) {
    return fmt::format("{} takes a number from 0 to 1, not '{}'", name, value);
  }
  config.min_cleanable_dirty_ratio = parsed;
  return std::nullopt;
}

// "compact", "delete", both in any order, or nothing; blanks around the comma are ignored.
Problem assign_policy(TopicConfig& config, const Definition&, std::string_view, std::string_view list) {
  bool compact = false;
  bool deletes = false;
  for (bool more = !list.empty(); more;) {
    const std::size_t comma = list.find(',');
    more = comma != std::string_view::npos;
    std::string_view item = list.substr(0, comma);
    list = more ? list.substr(comma + 1) : std::string_view{};
    while (!item.empty() && item.front() == ' ') item.remove_prefix(1);
    while (!item.empty() && item.back() == ' ') item.remove_suffix(1);
    if (item != "compact" && item != "delete") {
      return fmt::format("cleanup.policy is compact, delete or both, not '{}'", item);
    }
    (item == "compact" ? compact : deletes) = true;
  }
  config.compact = compact;
  config.deletes = deletes;
  return std::nullopt;
}

std::string policy_text(const TopicConfig& config) {
  if (config.compact) return config.deletes ? "compact,delete" : "compact";
  return config.deletes ? "delete" : "";
}

// In the order of the struct. segment.bytes has a minimum of 1 MiB in 4.1 and later; topics older than
// that may have less.
constexpr Definition kDefinitions[TopicConfig::kSettings] = {
    {.topic_name = kCleanupPolicy,
     .broker_name = "log.cleanup.policy",
     .text = policy_text,
     .assign = assign_policy},
    {.topic_name = "min.cleanable.dirty.ratio",
     .broker_name = "log.cleaner.min.cleanable.ratio",
     .text = [](const TopicConfig& config) { return fmt::format("{}", config.min_cleanable_dirty_ratio); },
     .assign = assign_ratio},
    number<&TopicConfig::min_compaction_lag_ms>("min.compaction.lag.ms", "log.cleaner.min.compaction.lag.ms",
                                                0, kMaxLong),
    number<&TopicConfig::max_compaction_lag_ms>("max.compaction.lag.ms", "log.cleaner.max.compaction.lag.ms",
                                                1, kMaxLong),
    number<&TopicConfig::delete_retention_ms>("delete.retention.ms", "log.cleaner.delete.retention.ms", 0,
                                              kMaxLong),
    number<&TopicConfig::retention_ms>("retention.ms", "log.retention.ms", -1, kMaxLong),
    number<&TopicConfig::retention_bytes>("retention.bytes", "log.retention.bytes", kMinLong, kMaxLong),
    number<&TopicConfig::segment_bytes>("segment.bytes", "log.segment.bytes", 14, kMaxInt),
    // Stands above segment.bytes, whichever comes first.
    number<&TopicConfig::segment_bytes>("internal.segment.bytes", "internal.segment.bytes", 1, kMaxInt),
    number<&TopicConfig::segment_ms>("segment.ms", "log.roll.ms", 1, kMaxLong),
    number<&TopicConfig::segment_index_bytes>("segment.index.bytes", "log.index.size.max.bytes", 4, kMaxInt),
    number<&TopicConfig::index_interval_bytes>("index.interval.bytes", "log.index.interval.bytes", 0,
                                               kMaxInt),
    number<&TopicConfig::max_message_bytes>("max.message.bytes", "message.max.bytes", 0, kMaxInt),
    number<&TopicConfig::producer_id_expiration_ms>("producer.id.expiration.ms", "producer.id.expiration.ms",
                                                    1, kMaxInt),
};

// The index in the table, or its size.
std::size_t find(std::string_view name, SettingSource source) {
  const bool topics = source >= SettingSource::topic;
  const bool brokers = source != SettingSource::topic;
  const auto found =
      std::find_if(std::begin(kDefinitions), std::end(kDefinitions), [&](const Definition& definition) {
        return (topics && name == definition.topic_name && name != kProducerExpiration) ||
               (brokers && name == definition.broker_name);
      });
  return static_cast<std::size_t>(found - std::begin(kDefinitions));
}

std::size_t index_of(std::string_view topic_name) {
  std::size_t i = 0;
  while (kDefinitions[i].topic_name != topic_name) ++i;
  return i;
}

}  // namespace

std::string_view name(SettingSource source) {
  switch (source) {
    case SettingSource::kafka: return "default";
    case SettingSource::properties: return "properties";
    case SettingSource::cluster: return "cluster";
    case SettingSource::broker: return "broker";
    case SettingSource::topic: return "topic";
    case SettingSource::command_line: return "--config";
  }
  return "";
}

std::optional<std::string> TopicConfig::set(std::string_view name, std::string_view value,
                                            SettingSource source) {
  const std::size_t i = find(name, source);
  if (i == kSettings) return fmt::format("'{}' is not a setting that kseg depends on", name);
  TopicConfig changed = *this;
  if (auto problem = kDefinitions[i].assign(changed, kDefinitions[i], name, value)) return problem;
  if (source < sources_[i]) return std::nullopt;
  changed.sources_[i] = source;
  const SettingSource internal = sources_[index_of(kInternalSegmentBytes)];
  const bool overruled = name == kInternalSegmentBytes
                             ? source < sources_[index_of(kSegmentBytes)]
                             : internal != SettingSource::kafka && source <= internal;
  if (overruled) changed.segment_bytes = segment_bytes;
  *this = changed;
  return std::nullopt;
}

bool TopicConfig::knows(std::string_view name, SettingSource source) {
  return find(name, source) != kSettings;
}

std::optional<std::string> TopicConfig::contradiction() const {
  if (min_compaction_lag_ms <= max_compaction_lag_ms) return std::nullopt;
  return "min.compaction.lag.ms must not be above max.compaction.lag.ms";
}

std::vector<TopicConfig::Setting> TopicConfig::settings() const {
  std::vector<Setting> all;
  for (std::size_t i = 0; i < kSettings; ++i) {
    const Definition& definition = kDefinitions[i];
    // One of the two that say how large a segment is.
    const bool internal_counts =
        sources_[index_of(kInternalSegmentBytes)] != SettingSource::kafka &&
        sources_[index_of(kInternalSegmentBytes)] >= sources_[index_of(kSegmentBytes)];
    if (definition.topic_name == (internal_counts ? kSegmentBytes : kInternalSegmentBytes)) continue;
    all.push_back({.name = definition.topic_name, .value = definition.text(*this), .source = sources_[i]});
  }
  return all;
}

SettingSource TopicConfig::source(std::string_view topic_name) const {
  return sources_[index_of(topic_name)];
}

std::optional<bool> TopicConfig::known_to_be_compacted() const {
  if (topic_known || source(kCleanupPolicy) >= SettingSource::topic) return compact;
  return std::nullopt;
}

}  // namespace kseg
