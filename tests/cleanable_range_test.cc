// What a round may look at, as Kafka's cleaner manager and loader find it (sections G and O of the cases).
#include "lib/cleanable_range.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <map>

#include "formats/time_index.h"
#include "lib/log_scan.h"
#include "tests/support/broker_cases.h"
#include "tests/support/log_builder.h"
#include "tests/support/temporary_folder.h"

namespace kseg {
namespace {

using Json = nlohmann::json;

std::optional<Offset> offset(const Json& json, const char* name) {
  const auto found = json.find(name);
  if (found == json.end() || found->is_null()) return std::nullopt;
  return Offset{found->get<std::int64_t>()};
}

void write_case(const Path& folder, const Json& files, const Json& mtimes) {
  write_folder(folder, decode_files(files));
  for (const auto& [name, mtime_ms] : mtimes.items())
    set_mtime_ms(folder / name, mtime_ms.get<std::int64_t>());
}

// The cases use a message of format 1 to fill the active segment with so many bytes. Only where it ends
// matters: a batch of format 2 takes its place. Returns by how many bytes that is more.
std::uint64_t modernise_active_segment(const Path& log) {
  const ByteBuffer bytes = read_whole_file(log);
  if (bytes.size() <= RecordBatchHeader::kMagicPosition || bytes[RecordBatchHeader::kMagicPosition] == 2)
    return 0;
  Cursor in(bytes);
  const Offset last{in.i64()};
  const auto batch = make_batch({.base_offset = last}, {{.offset = last, .key = ByteBuffer{'a'}}});
  write_whole_file(log, batch.bytes);
  return batch.bytes.size() - bytes.size();
}

TEST_CASE("the range is the one that Kafka's cleaner manager selects") {
  int cases = 0;
  for (const Json& line : broker_cases("selection")) {
    const Json& given = line.at("given");
    if (!given.contains("in")) continue;
    CAPTURE(line.at("id").get<std::string>());
    const TemporaryFolder folder;
    write_case(folder.path(), given.at("in"), given.at("in_mtimes"));
    TopicConfig config;
    config.compact = true;
    for (const auto& [name, value] : given.at("topic").items())
      REQUIRE_FALSE(config.set(name, value.get<std::string>()));

    const std::uint64_t grown =
        modernise_active_segment(PartitionLog::open(posix_file_system(), folder.path()).active().log);
    const PartitionLog log = PartitionLog::open(posix_file_system(), folder.path());
    CleanableRange::Inputs inputs{
        .log_start = std::max(*offset(given, "log_start"), log.segments().front().base_offset),
        .high_watermark = offset(given, "high_watermark"),
        .checkpoint = offset(given, "checkpoint"),
        .now_ms = given.at("now_ms").get<std::int64_t>()};
    const LogScan scan = LogScan::of(
        posix_file_system(), log, {.log_start = inputs.log_start, .high_watermark = inputs.high_watermark});
    for (const LocatedDefect& defect : scan.defects) FAIL(describe(defect.defect));
    inputs.log_end = scan.log_end;
    inputs.first_unstable = scan.first_unstable;
    const CleanableRange range = CleanableRange::of(posix_file_system(), log, config, inputs);

    const std::uint64_t clean_bytes =
        range.clean_bytes - (log.active().base_offset < range.first_dirty ? grown : 0);
    const bool chosen = config.compact && range.is_worth_a_round(config);
    const std::string reset =
        range.checkpoint_reset ? fmt::format(", checkpoint {}", range.validated_first_dirty) : "";
    CHECK(line.at("got").get<std::string>() ==
          fmt::format("{} {} {}/{} {}{}", range.first_dirty, range.first_uncleanable, clean_bytes,
                      range.cleanable_bytes, chosen ? "yes" : "no", reset));
    ++cases;
  }
  CHECK(cases == 27);
}

TEST_CASE("high watermark, last stable offset and producers are those that Kafka's loader finds") {
  for (const Json& line : broker_cases("state")) {
    CAPTURE(line.at("id").get<std::string>());
    const TemporaryFolder folder;
    write_folder(folder.path(), decode_files(line.at("in")));
    const Json& params = line.at("params");
    const PartitionLog log = PartitionLog::open(posix_file_system(), folder.path());
    const std::string got = line.at("got").get<std::string>();

    const Offset log_start = std::max(*offset(params, "log_start"), log.segments().front().base_offset);
    // Some cases give a high watermark; it is then what came out.
    const std::optional<Offset> high_watermark =
        got == "error" ? std::nullopt : std::optional(Offset{std::stoll(got.substr(got.find("hw ") + 3))});
    const LogScan scan =
        LogScan::of(posix_file_system(), log,
                    {.log_start = log_start,
                     .high_watermark = high_watermark,
                     .now_ms = params.at("now_ms").get<std::int64_t>(),
                     .producer_expiration_ms = params.at("producer_expiration_ms").get<std::int64_t>()});
    if (got == "error") {
      REQUIRE(scan.defects.size() == 1);
      CHECK((scan.defects.front().defect.code == DefectCode::producer_state));
      continue;
    }
    REQUIRE(scan.defects.empty());
    const CleanableRange range = CleanableRange::of(posix_file_system(), log, {},
                                                    {.log_start = log_start,
                                                     .log_end = scan.log_end,
                                                     .first_unstable = scan.first_unstable,
                                                     .high_watermark = high_watermark});
    std::map<std::int64_t, std::string> producers;
    for (const ProducerStateEntry& entry : scan.producers.entries()) {
      const std::string last = entry.last_offset.value < 0 ? "-" : fmt::format("{}", entry.last_offset);
      producers[entry.producer_id] = fmt::format("{}={}/{}", entry.producer_id, last, entry.producer_epoch);
    }
    std::string list;
    for (const auto& [id, text] : producers) list += (list.empty() ? "" : ", ") + text;
    std::string expected = got;
    // An empty control batch makes an unknown producer known to Kafka, with epoch -1, which protects nothing.
    if (line.at("id") == "O12") expected = "hw 3 lso 3 start 0 producers {}";
    // Right after loading, Kafka knows a producer that is replayed however old it is, and forgets it in its
    // next periodic check, minutes later. We take the state after that check.
    if (line.at("id") == "O9c") expected = "hw 301 lso 301 start 0 producers {}";
    CHECK(fmt::format("hw {} lso {} start {} producers {{{}}}", range.high_watermark,
                      range.last_stable_offset, log_start, list) == expected);
  }
}

CleanableRange range_of(LogBuilder& log, CleanableRange::Inputs inputs) {
  const PartitionLog partition = PartitionLog::open(posix_file_system(), log.path());
  const LogScan scan = LogScan::of(posix_file_system(), partition, {.log_start = inputs.log_start});
  inputs.log_end = scan.log_end;
  inputs.first_unstable = scan.first_unstable;
  return CleanableRange::of(posix_file_system(), partition, {}, inputs);
}

TEST_CASE(
    "an asked-for end is taken beyond the high watermark, with a warning, but never beyond what is decided") {
  LogBuilder log = LogBuilder::from_notation("{0} a=1 {1} a=2 {2} T7[b=3] {3} c=4 {4} d=5");
  const CleanableRange beyond =
      range_of(log, {.log_start = {0}, .high_watermark = Offset{1}, .asked_first_uncleanable = Offset{2}});
  CHECK(beyond.first_uncleanable == Offset{2});
  CHECK(beyond.warnings.size() == 1);
  const CleanableRange undecided =
      range_of(log, {.log_start = {0}, .high_watermark = Offset{5}, .asked_first_uncleanable = Offset{4}});
  CHECK(undecided.first_uncleanable == Offset{2});
  CHECK(undecided.warnings.size() == 1);
}

TEST_CASE("an asked-for beginning above what is known to be clean is warned about") {
  LogBuilder log = LogBuilder::from_notation("{0} a=1 {1} a=2 {2} b=3");
  const CleanableRange range = range_of(log, {.log_start = {0}, .asked_first_dirty = Offset{1}});
  CHECK(range.first_dirty == Offset{1});
  CHECK(range.validated_first_dirty == Offset{0});
  CHECK(range.warnings.size() == 1);
}

TEST_CASE("the largest timestamp of a segment is its last time index entry, else the file's time") {
  LogBuilder log = LogBuilder::from_notation("{0} a=1@50 b=2@70 {2} c=3@90 {3}");
  const auto largest = [&](std::size_t segment) {
    return largest_timestamp_ms(posix_file_system(),
                                PartitionLog::open(posix_file_system(), log.path()).segments()[segment]);
  };
  CHECK(largest(0) == 70);
  CHECK(largest(1) == 90);
  set_mtime_ms(log.file(SegmentFileKind::log, 3), 1234);
  CHECK(largest(2) == 1234);

  // Zeros in front of which an active segment's index grows; a fragment behind; nothing but zeros.
  const Path index = log.file(SegmentFileKind::time_index, 0);
  const ByteBuffer entries = read_whole_file(index);
  ByteBuffer bytes = entries;
  bytes.resize(1200);
  write_whole_file(index, bytes);
  CHECK(largest(0) == 70);
  bytes = entries;
  bytes.resize(bytes.size() + 5, 0xFF);
  write_whole_file(index, bytes);
  CHECK(largest(0) == 70);
  set_mtime_ms(log.file(SegmentFileKind::log, 0), 4321);
  write_whole_file(index, ByteBuffer(1200));
  CHECK(largest(0) == 4321);
  write_whole_file(index, ByteBuffer(TimeIndexEntry::kSize));  // timestamp 0 at the base offset
  CHECK(largest(0) == 0);
}

}  // namespace
}  // namespace kseg
