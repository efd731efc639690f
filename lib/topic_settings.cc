#include "lib/topic_settings.h"

#include <fmt/format.h>

#include <limits>

#include "formats/decimal.h"
#include "formats/properties.h"

namespace kseg {
namespace {

constexpr std::uint64_t kMaxPropertiesBytes = std::uint64_t{16} << 20;

// A broker's settings in other units, in the order in which they give way: one in milliseconds counts more.
struct OtherUnit {
  std::string_view name;
  std::string_view in_ms;
  std::int64_t unit_ms;
  std::int32_t min;
};
constexpr OtherUnit kOtherUnits[] = {
    {"log.retention.hours", "log.retention.ms", 3'600'000, -1},
    {"log.retention.minutes", "log.retention.ms", 60'000, -1},
    {"log.roll.hours", "log.roll.ms", 3'600'000, 1},
};

std::optional<std::string> set_in_other_unit(const OtherUnit& setting, std::string_view value,
                                             TopicConfig& config) {
  const auto count = parse_decimal<std::int32_t>(value);
  if (!count || *count < setting.min) {
    return fmt::format("{} takes a whole number from {} to {}, not '{}'", setting.name, setting.min,
                       std::numeric_limits<std::int32_t>::max(), value);
  }
  const std::int64_t ms = *count < 0 ? -1 : *count * setting.unit_ms;
  return config.set(setting.in_ms, fmt::format("{}", ms), SettingSource::properties);
}

// What is wrong in the file, a line each.
std::variant<std::vector<std::string>, Refusal> read_properties(FileSystem& files, const Path& path,
                                                                TopicConfig& config) {
  const auto info = files.info(path);
  if (info && info->size_bytes > kMaxPropertiesBytes) {
    return Refusal{.reason = fmt::format("{}: too large for a properties file", path.string())};
  }
  const auto properties = decode_properties(read_file(files, path));
  if (!properties) {
    return Refusal{.reason = fmt::format("{}: not a properties file", path.string()),
                   .defects = {{path, properties.error()}}};
  }
  std::vector<std::string> problems;
  const auto tell = [&](const Property& property, const std::optional<std::string>& problem) {
    if (problem) problems.push_back(fmt::format("{}:{}: {}", path.string(), property.line, *problem));
  };
  for (const OtherUnit& setting : kOtherUnits) {
    const auto found = properties->find(setting.name);
    if (found == properties->end()) continue;
    tell(found->second, set_in_other_unit(setting, trimmed(found->second.value), config));
  }
  for (const auto& [name, property] : *properties) {
    if (!TopicConfig::knows(name, SettingSource::properties)) continue;
    tell(property, config.set(name, trimmed(property.value), SettingSource::properties));
  }
  return problems;
}

// What a broker or a topic has that we do not depend on is no concern of ours.
void apply(const ClusterMetadata::Settings& settings, SettingSource source, const std::string& whose,
           TopicConfig& config, std::vector<std::string>& notes) {
  for (const auto& [name, value] : settings) {
    if (!TopicConfig::knows(name, source)) continue;
    if (const auto problem = config.set(name, trimmed(value), source)) {
      notes.push_back(fmt::format("{}: {}; left out", whose, *problem));
    }
  }
}

TopicConfig of_metadata_log() {
  TopicConfig config;
  config.topic_known = true;
  config.set("cleanup.policy", "", SettingSource::topic);
  config.set("retention.ms", "-1", SettingSource::topic);
  config.set("retention.bytes", "-1", SettingSource::topic);
  return config;
}

}  // namespace

std::variant<TopicSettings, Refusal> TopicSettings::make(FileSystem& files, Sources sources) {
  TopicSettings settings(std::move(sources));
  const Sources& from = settings.sources_;
  std::vector<std::string> problems;
  if (from.properties) {
    auto read = read_properties(files, *from.properties, settings.brokers_);
    if (auto* refusal = std::get_if<Refusal>(&read)) return std::move(*refusal);
    problems = std::move(*std::get_if<0>(&read));
  }
  for (const auto& [name, value] : from.command_line) {
    if (const auto problem = TopicConfig{}.set(name, value)) {
      problems.push_back("--config: " + *problem);
    }
  }
  if (!problems.empty()) {
    return Refusal{.reason = "settings that Kafka does not take", .details = std::move(problems)};
  }
  if (from.metadata) {
    apply(from.metadata->settings_of_all_brokers(), SettingSource::cluster, "settings of all brokers",
          settings.brokers_, settings.notes_);
    if (from.node_id) {
      apply(from.metadata->settings_of_broker(*from.node_id), SettingSource::broker,
            fmt::format("settings of broker {}", *from.node_id), settings.brokers_, settings.notes_);
    }
  }
  return settings;
}

std::variant<TopicSettings, Refusal> TopicSettings::read(FileSystem& files, Request request) {
  Sources sources{.properties = std::move(request.properties),
                  .command_line = std::move(request.command_line)};
  if (request.root) {
    auto properties = request.root->read_meta_properties();
    if (!properties) {
      const Path path = request.root->path() / kMetaProperties;
      return Refusal{.reason = fmt::format("{}: damaged", path.string()),
                     .defects = {{path, properties.error()}}};
    }
    if (*properties) sources.node_id = (*properties)->node_id;
  }
  std::optional<Path> folder;
  if (request.metadata) {
    folder = find_cluster_metadata(files, *request.metadata);
    if (!folder) {
      return Refusal{
          .reason = fmt::format("{}: holds no {}-0", request.metadata->string(), kClusterMetadataTopic),
          .hint = "give the log directory of a controller, or the folder itself"};
    }
  } else if (request.root) {
    folder = find_cluster_metadata(files, request.root->path());
  }
  if (folder) sources.metadata = ClusterMetadata::read(files, *folder);
  return make(files, std::move(sources));
}

TopicConfig TopicSettings::of(std::string_view topic, const std::optional<Uuid>& topic_id,
                              std::vector<std::string>& notes) const {
  if (topic == kClusterMetadataTopic) return of_metadata_log();
  TopicConfig config = brokers_;
  const ClusterMetadata::Topic* const known = metadata() ? metadata()->topic(topic) : nullptr;
  if (known != nullptr && (!topic_id || known->id == *topic_id)) {
    config.topic_known = metadata()->defects().empty();
    apply(metadata()->settings_of_topic(topic), SettingSource::topic,
          fmt::format("settings of topic {}", topic), config, notes);
  }
  for (const auto& [name, value] : sources_.command_line) config.set(name, value);
  return config;
}

TopicConfig TopicSettings::of(std::string_view topic, const std::optional<Uuid>& topic_id) const {
  std::vector<std::string> notes;
  return of(topic, topic_id, notes);
}

std::optional<Assignment> TopicSettings::assignment(const TopicPartition& partition,
                                                    const std::optional<Uuid>& topic_id) const {
  if (!metadata()) return std::nullopt;
  return metadata()->assignment(partition, topic_id, node_id());
}

}  // namespace kseg
