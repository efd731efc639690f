// Three rounds of a real broker's cleaner on its own logs, made again: tests/data/broker/compaction.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "formats/checkpoint_file.h"
#include "lib/compaction.h"
#include "tests/support/log_builder.h"
#include "tests/support/same_as_kafka.h"

namespace kseg {
namespace {

constexpr std::int64_t kDeleteRetentionMs = 1000;
constexpr std::uint64_t kIndexIntervalBytes = 512;

const std::string kTopics[] = {"kv",     "kv-gzip",    "kv-snappy",      "kv-lz4",       "kv-zstd",
                               "kv-txn", "kv-headers", "kv-append-time", "kv-idempotent"};

struct BrokerRound {
  Path root;
  std::string topic;

  BrokerRound(const std::string& name, std::string topic_name)
      : root(Path(KSEG_TEST_DATA) / "broker" / "compaction" / name), topic(std::move(topic_name)) {}

  Path partition() const { return root / (topic + "-0"); }
  FolderFiles files() const { return read_folder(partition()); }
  Offset checkpoint() const {
    const auto entries = decode_offset_checkpoint(read_whole_file(root / kCleanerCheckpoint));
    REQUIRE(entries);
    return find(*entries, {.topic = topic, .partition = 0}).value_or(Offset{0});
  }
  std::set<std::int64_t> horizons() const {
    const auto log = from_files(files());
    REQUIRE(log);
    std::set<std::int64_t> horizons;
    for (const SegmentModel& segment : log->segments) {
      for (const BatchModel& batch : segment.batches) {
        if (batch.header.delete_horizon_ms()) horizons.insert(*batch.header.delete_horizon_ms());
      }
    }
    return horizons;
  }
};

// The clock of the round that led from `before` to `after`: it gave new horizons.
std::int64_t clock_of(const BrokerRound& before, const BrokerRound& after) {
  const auto old = before.horizons();
  for (const std::int64_t horizon : after.horizons()) {
    if (!old.contains(horizon)) return horizon - kDeleteRetentionMs;
  }
  FAIL("no new delete horizon");
  return 0;
}

bool is_segment_file(const std::string& name, Offset from, Offset to) {
  const auto file = parse_segment_file_name(name);
  return file && file->kind != SegmentFileKind::producer_snapshot && file->offset >= from &&
         file->offset < to;
}

void compact_as_the_broker(const Path& folder, Offset first_dirty, Offset first_uncleanable,
                           std::int64_t now_ms) {
  CompactionRequest request{.partition = folder,
                            .first_dirty = first_dirty,
                            .first_uncleanable = first_uncleanable,
                            .now_ms = now_ms};
  REQUIRE_FALSE(request.config.set("cleanup.policy", "compact"));
  request.config.delete_retention_ms = kDeleteRetentionMs;
  request.config.segment_bytes = 4096;
  request.config.segment_index_bytes = 4096;
  request.config.index_interval_bytes = kIndexIntervalBytes;
  const auto outcome = compact(posix_file_system(), request);
  if (const auto* refusal = std::get_if<Refusal>(&outcome)) FAIL("refused: ", refusal->reason);
  CHECK(std::get<CompactionReport>(outcome).ran);
}

TEST_CASE("the broker's first round on each of its compacted topics comes out the same") {
  for (const std::string& topic : kTopics) {
    CAPTURE(topic);
    const BrokerRound before("0-before", topic);
    const BrokerRound after("1-first-round", topic);
    TemporaryFolder temporary;
    const Path folder = temporary.path() / (topic + "-0");
    std::filesystem::create_directory(folder);
    write_folder(folder, before.files());
    compact_as_the_broker(folder, {0}, after.checkpoint(), clock_of(before, after));

    FolderFiles ours = read_folder(folder);
    FolderFiles kafka = after.files();
    // What a restart of the broker changed besides.
    const auto is_other = [](const auto& file) { return !is_segment_file(file.first, {0}, {INT64_MAX}); };
    std::erase_if(ours, is_other);
    std::erase_if(kafka, is_other);
    CHECK(differing_files(
              ours, kafka,
              {.recompressed = topic == "kv-gzip", .index_interval_bytes = kIndexIntervalBytes}) == "");
  }
}

// Records were appended between the later rounds, and what they were before the round is not kept: only
// what the round left of them. But each key that the dirty section held is still in it, and that decides
// what becomes of the clean section. So the clean section of one state in front of the dirty section of
// the next must come out as the clean section of the next.
void check_clean_section(const std::string& from, const std::string& to) {
  for (const std::string& topic : kTopics) {
    CAPTURE(topic);
    const BrokerRound before(from, topic);
    const BrokerRound after(to, topic);
    const Offset first_dirty = before.checkpoint();
    TemporaryFolder temporary;
    const Path folder = temporary.path() / (topic + "-0");
    std::filesystem::create_directory(folder);
    FolderFiles mixed;
    for (const auto& [name, bytes] : before.files()) {
      if (is_segment_file(name, {0}, first_dirty)) mixed[name] = bytes;
    }
    FolderFiles kafka;
    for (const auto& [name, bytes] : after.files()) {
      if (is_segment_file(name, {0}, first_dirty)) {
        kafka[name] = bytes;
      } else {
        mixed[name] = bytes;
      }
    }
    write_folder(folder, mixed);
    compact_as_the_broker(folder, first_dirty, after.checkpoint(), clock_of(before, after));

    FolderFiles ours = read_folder(folder);
    std::erase_if(ours, [&](const auto& file) { return !is_segment_file(file.first, {0}, first_dirty); });
    // The last group of the clean section may have taken in what followed it, which was larger then.
    const auto last = parse_segment_file_name(std::prev(kafka.end())->first)->offset;
    const auto is_last = [&](const auto& file) {
      return parse_segment_file_name(file.first)->offset >= last;
    };
    std::erase_if(ours, is_last);
    std::erase_if(kafka, is_last);
    std::string names;
    for (const auto& [name, bytes] : kafka) {
      if (name.ends_with(".log")) names += " " + name;
    }
    fmt::print("{} -> {}, {}: compared{}\n", from, to, topic, names.empty() ? " nothing: one group" : names);
    CHECK(differing_files(
              ours, kafka,
              {.recompressed = topic == "kv-gzip", .index_interval_bytes = kIndexIntervalBytes}) == "");
  }
}

TEST_CASE("the broker's second round leaves the same of what was clean") {
  check_clean_section("1-first-round", "2-second-round");
}

TEST_CASE("the broker's third round leaves the same of what was clean") {
  check_clean_section("2-second-round", "3-third-round");
}

}  // namespace
}  // namespace kseg
