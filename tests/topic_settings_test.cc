#include "lib/topic_settings.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <chrono>
#include <map>

#include "formats/metadata_record.h"
#include "tests/support/log_folder.h"
#include "tests/support/metadata_log.h"
#include "tests/support/temporary_folder.h"

namespace kseg {
namespace {

const Path kBroker = KSEG_TEST_DATA "/broker";
const Uuid kId = *parse_uuid("ASNFZ4mrze_-3LqYdlQyEA");
const Uuid kOtherId = *parse_uuid("MkU3OEVBNTcwNTJENDM2Qg");

MetadataRecord orders() {
  return TopicRecord{.name = "orders", .topic_id = kId};
}

TopicSettings settings_of(TopicSettings::Sources sources) {
  auto made = TopicSettings::make(posix_file_system(), std::move(sources));
  if (const auto* refusal = std::get_if<Refusal>(&made)) FAIL(refusal->reason);
  return std::get<TopicSettings>(std::move(made));
}

class ServerProperties {
 public:
  explicit ServerProperties(std::string_view text) { write_whole_file(path(), as_bytes(text)); }
  Path path() const { return folder_.path() / "server.properties"; }

 private:
  TemporaryFolder folder_;
};

TopicConfig with_properties(std::string_view text) {
  const ServerProperties file(text);
  return settings_of({.properties = file.path()}).of("orders");
}

Refusal refusal_of(TopicSettings::Sources sources) {
  auto made = TopicSettings::make(posix_file_system(), std::move(sources));
  REQUIRE(std::holds_alternative<Refusal>(made));
  return std::get<Refusal>(std::move(made));
}

TEST_CASE("each layer of settings counts more than the one before") {
  const ServerProperties file(
      "log.retention.ms=1\nlog.roll.ms=1\nlog.segment.bytes=100\n"
      "log.index.interval.bytes=1\nmessage.max.bytes=1\nsome.other=x\n");
  MetadataLog log;
  log.add(orders());
  for (const char* name :
       {"log.roll.ms", "log.segment.bytes", "log.index.interval.bytes", "message.max.bytes"})
    log.add(broker_setting("", name, "200"));
  for (const char* name : {"log.segment.bytes", "log.index.interval.bytes", "message.max.bytes"})
    log.add(broker_setting("1", name, "300"));
  log.add(broker_setting("2", "log.roll.ms", "999"));
  log.add(setting("index.interval.bytes", "400")).add(setting("max.message.bytes", "400"));
  const TopicSettings settings = settings_of({.metadata = read(log),
                                              .properties = file.path(),
                                              .node_id = 1,
                                              .command_line = {{"message.max.bytes", "500"}}});
  CHECK(settings.notes().empty());
  std::vector<std::string> notes;
  const TopicConfig config = settings.of("orders", kId, notes);
  CHECK(notes.empty());
  CHECK(config.topic_known);
  CHECK(config.retention_ms == 1);
  CHECK(config.segment_ms == 200);
  CHECK(config.segment_bytes == 300);
  CHECK(config.index_interval_bytes == 400);
  CHECK(config.max_message_bytes == 500);
  CHECK(config.delete_retention_ms == 86'400'000);
  CHECK(config.source("retention.ms") == SettingSource::properties);
  CHECK(config.source("segment.ms") == SettingSource::cluster);
  CHECK(config.source("segment.bytes") == SettingSource::broker);
  CHECK(config.source("index.interval.bytes") == SettingSource::topic);
  CHECK(config.source("max.message.bytes") == SettingSource::command_line);
  CHECK(config.source("delete.retention.ms") == SettingSource::kafka);
  // Another topic has what brokers have.
  const TopicConfig other = settings.of("payments");
  CHECK_FALSE(other.topic_known);
  CHECK(other.index_interval_bytes == 300);
  // Whose broker is not known has what all have.
  CHECK(settings_of({.metadata = read(log)}).of("payments").segment_bytes == 200);
}

TEST_CASE("without a source all is Kafka's default, and nobody says whether the topic is compacted") {
  const TopicSettings settings = settings_of({});
  CHECK_FALSE(settings.of("orders").topic_known);
  CHECK_FALSE(settings.of("orders").known_to_be_compacted());
  CHECK(settings.of("orders").source("cleanup.policy") == SettingSource::kafka);
  CHECK_FALSE(settings.assignment({"orders", 0}, kId));
  CHECK(settings_of({.command_line = {{"cleanup.policy", "compact"}}}).of("a").known_to_be_compacted() ==
        true);
}

TEST_CASE("times of server.properties in hours give way to minutes, and these to milliseconds") {
  CHECK(with_properties("log.retention.hours=2\n").retention_ms == 7'200'000);
  CHECK(with_properties("log.retention.hours=2\nlog.retention.minutes=3\n").retention_ms == 180'000);
  CHECK(with_properties("log.retention.minutes=3\nlog.retention.hours=2\n").retention_ms == 180'000);
  CHECK(
      with_properties("log.retention.ms=4\nlog.retention.minutes=3\nlog.retention.hours=2\n").retention_ms ==
      4);
  CHECK(with_properties("log.retention.hours=-1\n").retention_ms == -1);
  CHECK(with_properties("log.retention.minutes=-1\nlog.retention.hours=1").retention_ms == -1);
  CHECK(with_properties("log.retention.hours=2147483647\n").retention_ms == 2'147'483'647LL * 3'600'000);
  CHECK(with_properties("log.roll.hours=1\n").segment_ms == 3'600'000);
  CHECK(with_properties("log.roll.ms=9\nlog.roll.hours=1\n").segment_ms == 9);
  CHECK(with_properties("log.retention.hours=2\n").source("retention.ms") == SettingSource::properties);
}

TEST_CASE("of server.properties the last line of a name counts, without the blanks around its value") {
  const TopicConfig config = with_properties(
      "log.segment.bytes=x\nlog.segment.bytes = 100  \nlog.cleanup.policy=compact,\\\n  delete ");
  CHECK(config.segment_bytes == 100);
  CHECK(config.compact);
  CHECK(config.deletes);
  CHECK_FALSE(config.known_to_be_compacted());  // that is a default, a topic may have another
}

TEST_CASE("what is wrong in server.properties is refused, all of it, with its line") {
  const ServerProperties file(
      "# a broker's\nlog.retention.hours=x\nlog.roll.hours=0\nlog.retention.minutes=-2\n"
      "log.segment.bytes=13\nsegment.bytes=x\nlog.cleanup.policy=compat\nlog.roll.ms=\n");
  const Refusal refusal = refusal_of({.properties = file.path(), .command_line = {{"retention.ms", "-2"}}});
  CHECK(refusal.reason == "settings that Kafka does not take");
  const std::string path = file.path().string();
  std::vector<std::string> starts;
  for (const std::string& line : refusal.details) starts.push_back(line.substr(0, line.find(" takes")));
  CHECK(starts == std::vector<std::string>{
                      path + ":2: log.retention.hours", path + ":4: log.retention.minutes",
                      path + ":3: log.roll.hours",
                      path + ":7: cleanup.policy is compact, delete or both, not 'compat'",
                      path + ":8: log.roll.ms", path + ":5: log.segment.bytes", "--config: retention.ms"});
}

TEST_CASE("a file that is no properties file is refused, one that is not there is the system's to refuse") {
  const ServerProperties file("a=1\nb=\\u00x0\n");
  const Refusal refusal = refusal_of({.properties = file.path()});
  REQUIRE(refusal.defects.size() == 1);
  CHECK(refusal.defects[0].defect.position == Position{4});
  CHECK_THROWS_AS(TopicSettings::make(posix_file_system(), {.properties = "/nowhere/server.properties"}),
                  IoError);
}

TEST_CASE("a topic that the metadata has under another id is not known") {
  MetadataLog log;
  log.add(orders()).add(setting("cleanup.policy", "compact"));
  const TopicSettings settings = settings_of({.metadata = read(log), .node_id = 1});
  CHECK(settings.of("orders", kId).known_to_be_compacted() == true);
  CHECK(settings.of("orders").known_to_be_compacted() == true);
  CHECK_FALSE(settings.of("orders", kOtherId).known_to_be_compacted());
  CHECK(settings.assignment({"orders", 0}, kOtherId) == Assignment::other_topic);
  CHECK_FALSE(settings.of("payments", kId).known_to_be_compacted());
}

TEST_CASE(
    "a topic in metadata that sets no policy is known not to be compacted, unless the metadata is damaged") {
  MetadataLog log;
  log.add(orders()).add(setting("cleanup.policy", "compact", "other"));
  CHECK(settings_of({.metadata = read(log)}).of("orders").known_to_be_compacted() == false);
  log.add(TopicRecord{.name = "other", .topic_id = kOtherId}).add_value({});
  const TopicSettings damaged = settings_of({.metadata = read(log)});
  CHECK_FALSE(damaged.of("orders").known_to_be_compacted());
  CHECK(damaged.of("other").known_to_be_compacted() == true);  // that it says
}

TEST_CASE("what the metadata has out of Kafka's range is left out, and told") {
  MetadataLog log;
  log.add(orders()).add(setting("segment.bytes", "13")).add(setting("retention.ms", " 5 "));
  log.add(setting("no.such.setting", "x")).add(broker_setting("", "log.roll.ms", "0"));
  log.add(broker_setting("1", "log.cleanup.policy", "x")).add(broker_setting("", "log.cleaner.threads", "x"));
  const TopicSettings settings = settings_of({.metadata = read(log), .node_id = 1});
  REQUIRE(settings.notes().size() == 2);
  CHECK(settings.notes()[0].starts_with("settings of all brokers: log.roll.ms takes a whole number"));
  CHECK(settings.notes()[1].starts_with("settings of broker 1: cleanup.policy is"));
  std::vector<std::string> notes;
  const TopicConfig config = settings.of("orders", kId, notes);
  REQUIRE(notes.size() == 1);
  CHECK(notes[0] ==
        "settings of topic orders: segment.bytes takes a whole number from 14 to 2147483647, not '13'; left "
        "out");
  CHECK(config.segment_bytes == 1'073'741'824);
  CHECK(config.source("segment.bytes") == SettingSource::kafka);
  CHECK(config.retention_ms == 5);
}

TEST_CASE("the metadata log is never compacted, whatever anybody says") {
  MetadataLog log;
  log.add(setting("cleanup.policy", "compact", "__cluster_metadata"));
  const TopicSettings settings = settings_of(
      {.metadata = read(log), .command_line = {{"cleanup.policy", "compact"}, {"retention.ms", "0"}}});
  const TopicConfig config = settings.of("__cluster_metadata");
  CHECK(config.known_to_be_compacted() == false);
  CHECK_FALSE(config.deletes);
  CHECK(config.retention_ms == -1);
}

TEST_CASE("a log directory brings its metadata and its node id, another directory's metadata may be named") {
  FileSystem& files = posix_file_system();
  const Path path = kBroker / "cluster-a";
  auto own = TopicSettings::read(files, {.root = LogDir::at(files, path)});
  REQUIRE(std::holds_alternative<TopicSettings>(own));
  CHECK(std::get<TopicSettings>(own).node_id() == 1);
  CHECK(std::get<TopicSettings>(own).of("compacted").known_to_be_compacted() == true);

  auto named = TopicSettings::read(
      files, {.root = LogDir::at(files, path), .metadata = kBroker / "compaction" / "0-before"});
  REQUIRE(std::holds_alternative<TopicSettings>(named));
  CHECK_FALSE(std::get<TopicSettings>(named).of("compacted").topic_known);
  CHECK(std::get<TopicSettings>(named).of("kv").known_to_be_compacted() == true);

  auto none = TopicSettings::read(files, {.root = LogDir::at(files, path), .metadata = path / "orders-0"});
  CHECK(std::holds_alternative<Refusal>(none));
}

TEST_CASE(
    "a log directory without metadata says nothing of its topics, one whose owner cannot be read is "
    "refused") {
  FileSystem& files = posix_file_system();
  const TemporaryFolder root;
  write_whole_file(root.path() / ".lock", {});
  const auto settings = TopicSettings::read(files, {.root = LogDir::at(files, root.path())});
  REQUIRE(std::holds_alternative<TopicSettings>(settings));
  CHECK_FALSE(std::get<TopicSettings>(settings).metadata());
  CHECK_FALSE(std::get<TopicSettings>(settings).node_id());
  write_whole_file(root.path() / kMetaProperties, as_bytes("version=9\n"));
  const auto damaged = TopicSettings::read(files, {.root = LogDir::at(files, root.path())});
  REQUIRE(std::holds_alternative<Refusal>(damaged));
  CHECK(std::get<Refusal>(damaged).defects.size() == 1);
}

// What the topics of tests/data/broker/cluster-a were made with; the rest is Kafka's default.
TEST_CASE("the settings of a real broker's topics are those that they were made with") {
  FileSystem& files = posix_file_system();
  auto made = TopicSettings::read(files, {.root = LogDir::at(files, kBroker / "cluster-a")});
  REQUIRE(std::holds_alternative<TopicSettings>(made));
  const TopicSettings& settings = std::get<TopicSettings>(made);
  CHECK(settings.metadata()->defects().empty());
  CHECK(settings.notes().empty());

  struct Made {
    std::string_view policy = "delete";
    std::uint64_t segment_bytes = 8192;
    std::int64_t retention_ms = 604'800'000;
    std::uint64_t interval_bytes = 512;
    std::uint64_t index_bytes = 4096;
  };
  constexpr std::uint64_t kGigabyte = 1'073'741'824;
  constexpr std::uint64_t kIndexBytes = 10'485'760;
  const std::map<std::string, Made> expected = {
      {"codec-none", {}},
      {"codec-gzip", {}},
      {"codec-snappy", {}},
      {"codec-lz4", {}},
      {"codec-zstd", {}},
      {"odd", {.segment_bytes = 32768}},
      {"append-time", {}},
      {"big", {.segment_bytes = 2'097'152}},
      {"retained", {}},
      {"expired", {.retention_ms = 86'400'000}},
      {"trimmed", {}},
      {"emptied", {}},
      {"never-written", {}},
      {"orders", {}},
      {"txn", {.segment_bytes = 4096}},
      {"grown", {}},
      {"compacted", {.policy = "compact"}},
      {"compacted-deleted", {.policy = "compact,delete", .retention_ms = 86'400'000}},
      {"__transaction_state", {.policy = "compact", .segment_bytes = 4096, .index_bytes = kIndexBytes}},
      {"__consumer_offsets", {.policy = "compact", .segment_bytes = 4096, .index_bytes = kIndexBytes}},
      {"__share_group_state",
       {.segment_bytes = 104'857'600,
        .retention_ms = -1,
        .interval_bytes = 4096,
        .index_bytes = kIndexBytes}},
      {"billing-streams-counts-changelog",
       {.policy = "compact", .segment_bytes = kGigabyte, .interval_bytes = 4096, .index_bytes = kIndexBytes}},
      {"billing-streams-by-prefix-repartition",
       {.segment_bytes = 52'428'800, .retention_ms = -1, .interval_bytes = 4096, .index_bytes = kIndexBytes}},
  };
  CHECK(settings.metadata()->topics().size() == expected.size());
  for (const auto& [topic, made_with] : expected) {
    CAPTURE(topic);
    std::vector<std::string> notes;
    const TopicConfig config = settings.of(topic, std::nullopt, notes);
    CHECK(notes.empty());
    CHECK(config.topic_known);
    CHECK(config.compact == (made_with.policy != "delete"));
    CHECK(config.deletes == (made_with.policy != "compact"));
    CHECK(config.segment_bytes == made_with.segment_bytes);
    CHECK(config.retention_ms == made_with.retention_ms);
    CHECK(config.index_interval_bytes == made_with.interval_bytes);
    CHECK(config.segment_index_bytes == made_with.index_bytes);
    // Of broker 1 alone, but for the topic that has its own.
    CHECK(config.max_message_bytes == (topic == "big" ? 3'000'000 : 2'000'000));
    CHECK(config.source("max.message.bytes") ==
          (topic == "big" ? SettingSource::topic : SettingSource::broker));
    CHECK(config.retention_bytes == (topic == "retained" ? 20'000 : -1));
    const bool cleaned = topic == "compacted" || topic == "compacted-deleted";
    CHECK(config.min_cleanable_dirty_ratio == (cleaned ? 1 : 0.5));
  }
  CHECK_FALSE(settings.of("short-lived").topic_known);  // it was removed
}

TEST_CASE("ten thousand partitions have their settings in no time") {
  MetadataLog log;
  for (int i = 0; i < 1000; ++i) {
    Uuid id;
    id.bytes[0] = static_cast<std::uint8_t>(1 + i / 256);
    id.bytes[1] = static_cast<std::uint8_t>(i % 256);
    const std::string topic = fmt::format("topic-{}", i);
    log.add(TopicRecord{.name = topic, .topic_id = id})
        .add(setting("retention.ms", fmt::format("{}", i), topic));
    for (int partition = 0; partition < 10; ++partition) {
      log.add(PartitionRecord{.partition = partition, .topic_id = id, .replicas = {1}});
    }
  }
  const TopicSettings settings = settings_of({.metadata = read(log), .node_id = 1});
  const auto start = std::chrono::steady_clock::now();
  int right = 0;
  for (const auto& [id, topic] : settings.metadata()->topics()) {
    for (const auto& [number, partition] : topic.partitions) {
      right += settings.assignment({topic.name, number}, id) == Assignment::assigned &&
               settings.of(topic.name, id).retention_ms == std::stoi(topic.name.substr(6));
    }
  }
  CHECK(right == 10'000);
  const auto took = std::chrono::steady_clock::now() - start;
  MESSAGE(std::chrono::duration_cast<std::chrono::milliseconds>(took).count() << " ms");
  CHECK(took < std::chrono::seconds(2));  // of an instrumented build on a busy machine; usually a hundredth
}

}  // namespace
}  // namespace kseg
