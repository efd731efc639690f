// What the delete policy takes, without files: section M of the cases, and what Kafka did to its logs.
#include "lib/segment_retention.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <limits>

#include "lib/cleanable_range.h"
#include "tests/support/broker_cases.h"
#include "tests/support/log_folder.h"
#include "tests/support/temporary_folder.h"

namespace kseg {
namespace {

using Json = nlohmann::json;
using enum RetentionReason;
using Settings = std::vector<std::pair<std::string, std::string>>;

constexpr std::int64_t kNowMs = 10'000;

TopicConfig config_of(const Settings& settings) {
  TopicConfig config;
  config.topic_known = true;
  for (const auto& [name, value] : settings) REQUIRE_FALSE(config.set(name, value, SettingSource::topic));
  return config;
}

// The standard log: 0/100, 100/100, 200/100, 300/50 (active), its end and high watermark at 350; nothing is
// old.
struct Case {
  const char* what;
  Settings settings;
  std::vector<RetentionReason> gone;
  std::int64_t log_start_after = 0;
  bool rolls = false;
  std::vector<std::uint64_t> sizes = {100, 100, 100, 50};
  std::vector<std::int64_t> largest_timestamps = {kNowMs, kNowMs, kNowMs, kNowMs};
  std::int64_t log_start = 0;
  std::int64_t high_watermark = 350;
  std::int64_t log_end = 350;
};

std::vector<SegmentAge> segments_of(const Case& given) {
  std::vector<SegmentAge> segments;
  for (std::size_t i = 0; i < given.sizes.size(); ++i) {
    segments.push_back({.base_offset = {static_cast<std::int64_t>(i) * 100},
                        .size_bytes = given.sizes[i],
                        .largest_timestamp_ms = given.largest_timestamps[i]});
  }
  return segments;
}

SegmentRetention decide(const Case& given) {
  return SegmentRetention::of(segments_of(given), config_of(given.settings),
                              {.log_start = {given.log_start},
                               .log_end = {given.log_end},
                               .high_watermark = {given.high_watermark},
                               .now_ms = kNowMs});
}

TEST_CASE("each pass takes what Kafka's takes (M1 to M20)") {
  const Case cases[] = {
      {.what = "a segment goes by size if the log keeps its size without it (M1)",
       .settings = {{"retention.bytes", "250"}},
       .gone = {size},
       .log_start_after = 100},
      {.what = "none goes if the log would fall below (M2)", .settings = {{"retention.bytes", "251"}}},
      {.what = "nor if the log is just as large (M3)", .settings = {{"retention.bytes", "350"}}},
      {.what = "an empty leading segment goes as soon as the log is as large (M4)",
       .settings = {{"retention.bytes", "350"}},
       .gone = {size},
       .log_start_after = 100,
       .sizes = {0, 200, 100, 50}},
      {.what = "all go if nothing is to stay, the active one behind a new one (M5)",
       .settings = {{"retention.bytes", "0"}},
       .gone = {size, size, size, size},
       .log_start_after = 350,
       .rolls = true},
      {.what = "nothing goes beyond the high watermark (M6)",
       .settings = {{"retention.bytes", "0"}},
       .gone = {size, size},
       .log_start_after = 200,
       .high_watermark = 250},
      {.what = "a large segment in front keeps the small ones behind it (M7)",
       .settings = {{"retention.bytes", "130"}},
       .sizes = {300, 40, 40, 40}},
      {.what = "a young segment keeps an older one behind it (M8)",
       .settings = {{"retention.ms", "6000"}},
       .gone = {time},
       .log_start_after = 100,
       .largest_timestamps = {1000, 5000, 2000, 9000}},
      {.what = "one that is exactly so old stays (M9)",
       .settings = {{"retention.ms", "6000"}},
       .largest_timestamps = {4000, 9000, 9000, 9000}},
      {.what = "all go if all are old (M10)",
       .settings = {{"retention.ms", "6000"}},
       .gone = {time, time, time, time},
       .log_start_after = 350,
       .rolls = true,
       .largest_timestamps = {1000, 1000, 1000, 1000}},
      {.what = "an empty last segment never goes (M11)",
       .settings = {{"retention.ms", "6000"}},
       .gone = {time, time},
       .log_start_after = 200,
       .sizes = {100, 100, 0},
       .largest_timestamps = {1000, 1000, 1000},
       .high_watermark = 200,
       .log_end = 200},
      {.what = "a timestamp from the future keeps everything (M12)",
       .settings = {{"retention.ms", "6000"}},
       .largest_timestamps = {99'999'999, 1000, 1000, 9000}},
      {.what = "the age of a segment without time index entries is its file's (M13)",
       .settings = {{"retention.ms", "6000"}},
       .gone = {time},
       .log_start_after = 100,
       .largest_timestamps = {1000, 9500, 9500, 9500}},
      {.what = "only whole segments lie below the log start (M14)",
       .settings = {},
       .gone = {below_log_start, below_log_start},
       .log_start_after = 250,
       .log_start = 250},
      {.what = "a segment that ends at the log start lies below it (M15)",
       .settings = {},
       .gone = {below_log_start, below_log_start},
       .log_start_after = 200,
       .log_start = 200},
      {.what = "the last segment stays, wherever the log start is (M16)",
       .settings = {},
       .gone = {below_log_start, below_log_start, below_log_start},
       .log_start_after = 350,
       .log_start = 350},
      {.what = "a compacted log loses only what lies below its log start (M17)",
       .settings = {{"cleanup.policy", "compact"}, {"retention.bytes", "0"}, {"retention.ms", "6000"}},
       .gone = {below_log_start},
       .log_start_after = 150,
       .largest_timestamps = {1000, 1000, 1000, 1000},
       .log_start = 150},
      {.what = "one that is compacted and deleted from loses by size, then by time (M18)",
       .settings = {{"cleanup.policy", "compact,delete"},
                    {"retention.bytes", "300"},
                    {"retention.ms", "6000"}},
       .gone = {time, time},
       .log_start_after = 200,
       .largest_timestamps = {1000, 1000, 9000, 9000}},
      {.what = "nothing goes without bounds (M19)",
       .settings = {{"retention.ms", "-1"}, {"retention.bytes", "-1"}},
       .largest_timestamps = {0, 0, 0, 0}},
      {.what = "old records beside a young one in a segment stay with it (M20)",
       .settings = {{"retention.ms", "6000"}},
       .largest_timestamps = {9000, 9000, 9000, 9000}},
      {.what = "each pass begins with what the one before left",
       .settings = {{"retention.bytes", "150"}, {"retention.ms", "6000"}},
       .gone = {below_log_start, size, time},
       .log_start_after = 300,
       .largest_timestamps = {9000, 9000, 1000, 9000},
       .log_start = 100},
      {.what = "without a policy nothing goes by size or time",
       .settings = {{"cleanup.policy", ""}, {"retention.bytes", "0"}, {"retention.ms", "0"}},
       .gone = {below_log_start},
       .log_start_after = 100,
       .largest_timestamps = {0, 0, 0, 0},
       .log_start = 100},
      {.what = "a high watermark of 0 is raised to the log start",
       .settings = {{"retention.bytes", "0"}},
       .gone = {below_log_start},
       .log_start_after = 100,
       .log_start = 100,
       .high_watermark = 0},
      {.what = "and one beyond the log's end is lowered to it",
       .settings = {{"retention.bytes", "0"}},
       .gone = {size, size, size, size},
       .log_start_after = 350,
       .rolls = true,
       .high_watermark = 1000},
      {.what = "an only segment that is empty stays",
       .settings = {{"retention.bytes", "0"}, {"retention.ms", "0"}},
       .sizes = {0},
       .largest_timestamps = {0},
       .high_watermark = 0,
       .log_end = 0},
      {.what = "ages wrap as Java's do",
       .settings = {{"retention.ms", "9223372036854775807"}},
       .largest_timestamps = {std::numeric_limits<std::int64_t>::max(), 0, 0, 0}},
  };
  for (const Case& given : cases) {
    CAPTURE(given.what);
    const SegmentRetention found = decide(given);
    CHECK(found.gone == given.gone);
    CHECK(found.log_start == Offset{given.log_start_after});
    CHECK(found.rolls == given.rolls);
  }
}

TEST_CASE("nothing goes by size or time where nobody says what the policy is") {
  TopicConfig config;
  REQUIRE_FALSE(config.set("retention.bytes", "0"));
  REQUIRE_FALSE(config.set("retention.ms", "0"));
  const auto decide_by = [&](const TopicConfig& by) {
    return SegmentRetention::of(
        segments_of({}), by,
        {.log_start = {100}, .log_end = {350}, .high_watermark = {350}, .now_ms = 2 * kNowMs});
  };
  CHECK(decide_by(config).gone == std::vector{below_log_start});
  CHECK_FALSE(decide_by(config).next);
  REQUIRE_FALSE(config.set("cleanup.policy", "delete"));
  CHECK(decide_by(config).gone == std::vector{below_log_start, size, size, size});
}

TEST_CASE("the files of recorded cases come to what Kafka did") {
  int cases = 0;
  for (const Json& line : broker_cases("retention")) {
    const Json& given = line.at("given");
    CAPTURE(line.at("id").get<std::string>());
    const TemporaryFolder folder;
    write_folder(folder.path(), decode_files(given.at("in")));
    for (const auto& [name, mtime_ms] : given.at("in_mtimes").items())
      set_mtime_ms(folder.path() / name, mtime_ms.get<std::int64_t>());
    Settings settings;
    for (const auto& [name, value] : given.at("topic").items())
      settings.emplace_back(name, value.get<std::string>());

    const PartitionLog log = PartitionLog::open(posix_file_system(), folder.path());
    std::vector<SegmentAge> ages;
    for (const Segment& segment : log.segments()) {
      ages.push_back({.base_offset = segment.base_offset,
                      .size_bytes = segment.size_bytes,
                      .largest_timestamp_ms = largest_timestamp_ms(posix_file_system(), segment)});
    }
    // One of them ends with an empty active segment; no other's end is below 350.
    const Offset end{log.active().size_bytes == 0 ? log.active().base_offset.value : 350};
    const SegmentRetention found =
        SegmentRetention::of(ages, config_of(settings),
                             {.log_start = {given.at("log_start").get<std::int64_t>()},
                              .log_end = end,
                              .high_watermark = {given.at("high_watermark").get<std::int64_t>()},
                              .now_ms = given.at("now_ms").get<std::int64_t>()});

    std::string left;  // "100 200 300 start 100"
    for (std::size_t i = found.gone.size(); i < ages.size(); ++i)
      left += fmt::format("{} ", ages[i].base_offset);
    if (found.rolls) left += fmt::format("{} ", end);
    left += fmt::format("start {}", found.log_start);
    const std::string got = line.at("got").get<std::string>();
    if (got.find("start") == std::string::npos) {  // M21, M22: what became of other files
      CHECK(left == "100 200 300 start 100");
    } else {
      CHECK(left == got);
    }
    ++cases;
  }
  CHECK(cases == 21);
}

TEST_CASE("the next to go by time goes a millisecond behind its age") {
  Case given{.settings = {{"retention.ms", "6000"}}, .largest_timestamps = {4000, 1000, 9000, 9000}};
  const auto next = decide(given).next;
  REQUIRE(next);
  CHECK(next->index == 0);
  CHECK(next->from_ms == 10'001);
  CHECK_FALSE(next->is_from_the_future);
  CHECK_FALSE(next->growth_bytes);
  CHECK_FALSE(next->is_active);
  CHECK_FALSE(next->waits_for_high_watermark);

  // A millisecond earlier it is old enough, and what is behind it goes along.
  given.largest_timestamps[0] = 3999;
  CHECK(decide(given).gone == std::vector{time, time});
  CHECK(decide(given).next->index == 2);
  CHECK(decide(given).next->from_ms == 15'001);
}

TEST_CASE("one that waits for a time to come is told to be from the future") {
  const auto next =
      decide({.settings = {{"retention.ms", "6000"}}, .largest_timestamps = {99'999, 1000, 1000, 9000}}).next;
  REQUIRE(next);
  CHECK(next->is_from_the_future);
  CHECK(next->from_ms == 106'000);
}

TEST_CASE("some time never comes") {
  constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();
  for (const std::int64_t largest_ms : {kMax, kMax - 6000}) {
    const auto next =
        decide({.settings = {{"retention.ms", "6000"}}, .largest_timestamps = {largest_ms, 0, 0, 0}}).next;
    REQUIRE(next);
    CHECK_FALSE(next->from_ms);
  }
  const auto next =
      decide({.settings = {{"retention.ms", "6000"}}, .largest_timestamps = {kMax - 6001, 0, 0, 0}}).next;
  REQUIRE(next);
  CHECK(next->from_ms == kMax);
}

TEST_CASE("the next to go by size goes when the log has grown by so much, and not a byte less") {
  for (const std::int64_t retention_bytes : {251, 300, 350, 1000}) {
    CAPTURE(retention_bytes);
    Case given{.settings = {{"retention.bytes", std::to_string(retention_bytes)}}};
    const auto next = decide(given).next;
    REQUIRE(next);
    REQUIRE(next->growth_bytes);
    given.sizes.back() += *next->growth_bytes - 1;
    CHECK(decide(given).gone.empty());
    given.sizes.back() += 1;
    CHECK(decide(given).gone == std::vector{size});
  }
}

TEST_CASE("the active segment goes by size when enough has followed it") {
  Case given{.settings = {{"retention.bytes", "300"}}, .sizes = {100}, .high_watermark = 50, .log_end = 50};
  const auto next = decide(given).next;
  REQUIRE(next);
  CHECK(next->is_active);
  CHECK(next->growth_bytes == 300);
  given.sizes = {100, 299};
  given.high_watermark = given.log_end = 150;
  CHECK(decide(given).gone.empty());
  given.sizes = {100, 300};
  CHECK(decide(given).gone == std::vector{size});
}

TEST_CASE("one that is due waits for the high watermark") {
  const auto next = decide({.settings = {{"retention.ms", "6000"}, {"retention.bytes", "0"}},
                            .largest_timestamps = {0, 0, 0, 0},
                            .high_watermark = 99})
                        .next;
  REQUIRE(next);
  CHECK(next->waits_for_high_watermark == Offset{100});
  CHECK(next->from_ms == 6001);
  CHECK(next->growth_bytes == 0);
}

TEST_CASE("nothing is next where everything went, or nothing is left but an empty segment") {
  CHECK_FALSE(decide({.settings = {{"retention.bytes", "0"}}}).next);
  CHECK_FALSE(decide({.settings = {}, .sizes = {0}, .high_watermark = 0, .log_end = 0}).next);
  CHECK_FALSE(decide({.settings = {{"cleanup.policy", "compact"}}}).next);
}

}  // namespace
}  // namespace kseg
