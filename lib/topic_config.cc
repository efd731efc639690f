#include "lib/topic_config.h"

#include <fmt/format.h>

#include <charconv>
#include <limits>

namespace kseg {
namespace {

struct Number {
  std::string_view topic_name;
  std::string_view broker_name;
  std::int64_t min;
  std::int64_t max;
  void (*assign)(TopicConfig&, std::int64_t);
};

constexpr std::int64_t kMaxInt = std::numeric_limits<std::int32_t>::max();
constexpr std::int64_t kMaxLong = std::numeric_limits<std::int64_t>::max();

// segment.bytes has a minimum of 1 MiB in 4.1 and later; topics older than that may have less.
constexpr Number kNumbers[] = {
    {"delete.retention.ms", "log.cleaner.delete.retention.ms", 0, kMaxLong,
     [](TopicConfig& config, std::int64_t value) { config.delete_retention_ms = value; }},
    {"min.compaction.lag.ms", "log.cleaner.min.compaction.lag.ms", 0, kMaxLong,
     [](TopicConfig& config, std::int64_t value) { config.min_compaction_lag_ms = value; }},
    {"max.compaction.lag.ms", "log.cleaner.max.compaction.lag.ms", 1, kMaxLong,
     [](TopicConfig& config, std::int64_t value) { config.max_compaction_lag_ms = value; }},
    {"segment.bytes", "log.segment.bytes", 14, kMaxInt,
     [](TopicConfig& config, std::int64_t value) {
       config.segment_bytes = static_cast<std::uint64_t>(value);
     }},
    {"internal.segment.bytes", "internal.segment.bytes", 1, kMaxInt,
     [](TopicConfig& config, std::int64_t value) {
       config.segment_bytes = static_cast<std::uint64_t>(value);
     }},
    {"segment.index.bytes", "log.index.size.max.bytes", 4, kMaxInt,
     [](TopicConfig& config, std::int64_t value) {
       config.segment_index_bytes = static_cast<std::uint64_t>(value);
     }},
    {"index.interval.bytes", "log.index.interval.bytes", 0, kMaxInt,
     [](TopicConfig& config, std::int64_t value) {
       config.index_interval_bytes = static_cast<std::uint64_t>(value);
     }},
    {"segment.ms", "log.roll.ms", 1, kMaxLong,
     [](TopicConfig& config, std::int64_t value) { config.segment_ms = value; }},
    {"max.message.bytes", "message.max.bytes", 0, kMaxInt,
     [](TopicConfig& config, std::int64_t value) {
       config.max_message_bytes = static_cast<std::uint64_t>(value);
     }},
    {"producer.id.expiration.ms", "producer.id.expiration.ms", 1, kMaxInt,
     [](TopicConfig& config, std::int64_t value) { config.producer_id_expiration_ms = value; }},
};

// "compact", "delete", both in any order, or nothing; blanks around the comma are ignored.
std::optional<std::string> set_cleanup_policy(TopicConfig& config, std::string_view list) {
  config.compact = false;
  config.cleanup_policy_given = true;
  if (list.empty()) return std::nullopt;
  for (bool more = true; more;) {
    const std::size_t comma = list.find(',');
    more = comma != std::string_view::npos;
    std::string_view item = list.substr(0, comma);
    list = more ? list.substr(comma + 1) : std::string_view{};
    while (!item.empty() && item.front() == ' ') item.remove_prefix(1);
    while (!item.empty() && item.back() == ' ') item.remove_suffix(1);
    if (item != "compact" && item != "delete") {
      return fmt::format("cleanup.policy is compact, delete or both, not '{}'", item);
    }
    config.compact |= item == "compact";
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::string> TopicConfig::set(std::string_view name, std::string_view value) {
  if (name == "cleanup.policy" || name == "log.cleanup.policy") return set_cleanup_policy(*this, value);
  for (const Number& number : kNumbers) {
    if (name != number.topic_name && name != number.broker_name) continue;
    std::int64_t parsed = 0;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), parsed);
    if (error != std::errc{} || end != value.data() + value.size() || parsed < number.min ||
        parsed > number.max) {
      return fmt::format("{} takes a whole number from {} to {}, not '{}'", name, number.min, number.max,
                         value);
    }
    number.assign(*this, parsed);
    return std::nullopt;
  }
  return fmt::format("'{}' is not a setting that kseg depends on", name);
}

}  // namespace kseg
