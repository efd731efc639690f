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
  CHECK(config.cleanup_policy_given);
  CHECK_FALSE(config.compact);
  CHECK_FALSE(config.set("log.cleanup.policy", "delete, compact"));
  CHECK(config.compact);
  CHECK(config.set("cleanup.policy", "compact,"));
  CHECK_FALSE(config.set("cleanup.policy", ""));  // neither, since Kafka 4
  CHECK_FALSE(config.compact);
  CHECK(config.set("cleanup.policy", "Compact"));
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
