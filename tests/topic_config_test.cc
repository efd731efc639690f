#include "lib/topic_config.h"

#include <doctest/doctest.h>

namespace kseg {
namespace {

TEST_CASE("a setting has a topic's name and a broker's") {
  TopicConfig config;
  CHECK_FALSE(config.set("delete.retention.ms", "0"));
  CHECK(config.delete_retention_ms == 0);
  CHECK_FALSE(config.set("log.cleaner.delete.retention.ms", "5"));
  CHECK(config.delete_retention_ms == 5);
  CHECK_FALSE(config.set("segment.bytes", "4096"));
  CHECK(config.segment_bytes == 4096);
  CHECK_FALSE(config.set("log.index.interval.bytes", "0"));
  CHECK(config.index_interval_bytes == 0);
}

TEST_CASE("cleanup.policy is a list") {
  TopicConfig config;
  CHECK_FALSE(config.set("cleanup.policy", "delete"));
  CHECK(config.known_to_be_compacted() == false);
  CHECK(config.deletes);
  CHECK_FALSE(config.set("log.cleanup.policy", "delete, compact"));
  CHECK(config.compact);
  CHECK(config.set("cleanup.policy", "compact,"));
  CHECK_FALSE(config.set("cleanup.policy", ""));  // neither, since Kafka 4
  CHECK_FALSE(config.compact);
  CHECK_FALSE(config.deletes);
  CHECK(config.set("cleanup.policy", "Compact"));
}

TEST_CASE("who counts more wins, whoever comes first") {
  TopicConfig config;
  CHECK_FALSE(config.set("retention.ms", "3", SettingSource::topic));
  CHECK_FALSE(config.set("log.retention.ms", "2", SettingSource::properties));
  CHECK(config.retention_ms == 3);
  CHECK(config.source("retention.ms") == SettingSource::topic);
  CHECK_FALSE(config.set("retention.ms", "4", SettingSource::topic));
  CHECK(config.retention_ms == 4);
  CHECK_FALSE(config.set("log.retention.ms", "5"));
  CHECK(config.retention_ms == 5);
  CHECK(config.source("retention.ms") == SettingSource::command_line);
  CHECK(config.source("retention.bytes") == SettingSource::kafka);
}

TEST_CASE("a topic's settings have a topic's names, a broker's a broker's") {
  TopicConfig config;
  CHECK(config.set("log.retention.ms", "1", SettingSource::topic));
  CHECK(config.set("retention.ms", "1", SettingSource::broker));
  CHECK(config.set("producer.id.expiration.ms", "1", SettingSource::topic));
  CHECK_FALSE(config.set("producer.id.expiration.ms", "1", SettingSource::cluster));
  CHECK(TopicConfig::knows("log.retention.ms", SettingSource::properties));
  CHECK_FALSE(TopicConfig::knows("log.retention.hours", SettingSource::properties));
}

TEST_CASE("internal.segment.bytes stands above segment.bytes of the same source, whichever comes first") {
  TopicConfig config;
  CHECK_FALSE(config.set("internal.segment.bytes", "100", SettingSource::topic));
  CHECK_FALSE(config.set("segment.bytes", "2000000", SettingSource::topic));
  CHECK(config.segment_bytes == 100);
  CHECK_FALSE(config.set("segment.bytes", "300"));
  CHECK(config.segment_bytes == 300);
  CHECK_FALSE(config.set("internal.segment.bytes", "100", SettingSource::topic));
  CHECK(config.segment_bytes == 300);
}

TEST_CASE("whether a topic is compacted is known if the topic was looked up, or somebody says so") {
  TopicConfig config;
  CHECK_FALSE(config.known_to_be_compacted());
  CHECK_FALSE(config.set("log.cleanup.policy", "compact", SettingSource::properties));
  CHECK_FALSE(config.known_to_be_compacted());  // that is not yet the topic's
  config.topic_known = true;
  CHECK(config.known_to_be_compacted() == true);
}

TEST_CASE("settings are listed with their values and where they come from") {
  TopicConfig config;
  CHECK_FALSE(config.set("min.cleanable.dirty.ratio", "0.25", SettingSource::topic));
  const auto settings = config.settings();
  REQUIRE(settings.size() == TopicConfig::kSettings - 1);  // internal.segment.bytes is not set
  CHECK(settings[0].name == "cleanup.policy");
  CHECK(settings[0].value == "delete");
  CHECK(settings[1].value == "0.25");
  CHECK(name(settings[1].source) == "topic");
}

TEST_CASE("a ratio is a number from 0 to 1") {
  TopicConfig config;
  CHECK_FALSE(config.set("min.cleanable.dirty.ratio", "1.0"));
  CHECK(config.set("min.cleanable.dirty.ratio", "1.1"));
  CHECK(config.set("min.cleanable.dirty.ratio", "nan"));
  CHECK(config.set("min.cleanable.dirty.ratio", "half") ==
        "min.cleanable.dirty.ratio takes a number from 0 to 1, not 'half'");
}

TEST_CASE("a value that Kafka would not take is named with what it takes") {
  TopicConfig config;
  CHECK(config.set("delete.retention.ms", "-1") ==
        "delete.retention.ms takes a whole number from 0 to 9223372036854775807, not '-1'");
  CHECK(config.set("segment.bytes", "2147483648"));
  CHECK(config.set("segment.bytes", "1k"));
  CHECK(config.set("segment.bytes", ""));
  CHECK(config.set("segment.bytes", "99999999999999999999"));
  CHECK(config.set("retention.bits", "1") == "'retention.bits' is not a setting that kseg depends on");
}

}  // namespace
}  // namespace kseg
