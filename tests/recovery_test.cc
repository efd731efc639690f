// What a recovery leaves is what a broker's load leaves: recorded ones, and rule by rule.
#include "lib/recovery.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "cli/recovery_lines.h"
#include "formats/producer_snapshot.h"
#include "formats/transaction_index.h"
#include "lib/partition_log.h"
#include "tests/dump_lines.h"
#include "tests/support/broker_cases.h"
#include "tests/support/collected_report.h"
#include "tests/support/faulty_file_system.h"
#include "tests/support/log_builder.h"

namespace kseg {
namespace {

using std::filesystem::copy_options;

const Path kUnclean = Path(KSEG_TEST_DATA) / "broker/unclean";

std::string file(std::string_view short_name) {
  const std::size_t dot = short_name.find('.');
  return std::string(20 - dot, '0') + std::string(short_name);
}

FileSystem& real() {
  return posix_file_system();
}

// Lines of text, with the folder's path left out.
std::string lines_of(const Recovery& recovery, const Path& folder) {
  StringSink sink;
  Output output(Format::text, sink, sink);
  print(recovery, Tense::would, output);
  output.finish();
  std::string text = sink.text;
  const std::string prefix = folder.string() + "/";
  for (std::size_t at = text.find(prefix); at != std::string::npos; at = text.find(prefix)) {
    text.erase(at, prefix.size());
  }
  return text;
}

Recovery plan(const RecoveryRequest& request, FileSystem& files = real()) {
  auto planned = Recovery::plan(files, request);
  if (const auto* refusal = std::get_if<Refusal>(&planned)) {
    std::string text = refusal->reason;
    for (const LocatedDefect& each : refusal->defects) text += "; " + describe(each.defect);
    FAIL("refused: ", text);
  }
  return std::move(*std::get_if<Recovery>(&planned));
}

Refusal refusal(const RecoveryRequest& request) {
  const FolderFiles before = read_folder(request.partition);
  auto planned = Recovery::plan(real(), request);
  REQUIRE(std::holds_alternative<Refusal>(planned));
  CHECK(read_folder(request.partition) == before);
  return *std::get_if<Refusal>(&planned);
}

// The folder as it then is; a second recovery finds nothing to do.
FolderFiles recover(const RecoveryRequest& request) {
  plan(request).carry_out();
  Recovery again = plan(request);
  CHECK(lines_of(again, request.partition) == "");
  return read_folder(request.partition);
}

std::vector<std::string> names(const FolderFiles& files) {
  std::vector<std::string> names;
  for (const auto& [name, bytes] : files) names.push_back(name);
  return names;
}

// Entries of a snapshot have no order.
FolderFiles with_sorted_snapshots(FolderFiles files) {
  for (auto& [name, bytes] : files) {
    if (!name.ends_with(".snapshot")) continue;
    auto entries = decode_producer_snapshot(bytes);
    if (!entries) continue;
    std::sort(entries->begin(), entries->end(), [](const ProducerStateEntry& a, const ProducerStateEntry& b) {
      return a.producer_id < b.producer_id;
    });
    bytes.clear();
    encode_producer_snapshot(*entries, bytes);
  }
  return files;
}

void check_same(FolderFiles ours, FolderFiles kafka) {
  ours = with_sorted_snapshots(std::move(ours));
  kafka = with_sorted_snapshots(std::move(kafka));
  CHECK(names(ours) == names(kafka));
  for (const auto& [name, bytes] : kafka) {
    CAPTURE(name);
    CHECK(ours[name] == bytes);
  }
}

// What recovery has set aside, out of the folder's files.
FolderFiles take_kept(FolderFiles& files) {
  FolderFiles kept;
  for (auto it = files.begin(); it != files.end();) {
    if (it->first.starts_with("cut-")) {
      kept.insert(*it);
      it = files.erase(it);
    } else {
      ++it;
    }
  }
  return kept;
}

// --- A broker that was killed, and what it made of its logs after that.

struct Killed {
  TemporaryFolder folder;
  Path root = folder.path() / "root";
  std::vector<PartitionOffset> recovery_points;

  Killed() {
    std::filesystem::copy(kUnclean / "torn", root, copy_options::recursive);
    const auto read = decode_offset_checkpoint(read_whole_file(root / kRecoveryPointCheckpoint));
    REQUIRE(read);
    recovery_points = *read;
  }

  RecoveryRequest request(const std::string& partition) const {
    const auto name = parse_partition_folder_name(partition);
    REQUIRE(name);
    return {.partition = root / partition,
            .recovery_point = find(recovery_points, name->partition).value_or(Offset{0}),
            .log_start = {},
            .index_interval_bytes = partition.starts_with("__") ? 4096U : 512U,
            .now_ms = 1'795'398'000'000};
  }
};

TEST_CASE("the logs of a killed broker are recovered as that broker recovered them") {
  Killed killed;
  const auto recovered_points =
      decode_offset_checkpoint(read_whole_file(kUnclean / "recovered" / kRecoveryPointCheckpoint));
  REQUIRE(recovered_points);
  const std::map<std::string, std::vector<std::string>> kept{
      {"torn-0", {"cut-00000000000000000200.log-4460"}},
      {"whole-0", {}},
      {"compacted-0", {"cut-00000000000000000190.log-430"}},
      {"txn-0", {}},
      {"txn-1", {}},
      {"preallocated-0", {}},
      {"__transaction_state-0", {}},
      {"__transaction_state-1", {}},
      {"__consumer_offsets-0", {}},
      {"__consumer_offsets-1", {}},
      {"__consumer_offsets-2", {}}};
  for (const auto& [partition, kept_names] : kept) {
    CAPTURE(partition);
    const RecoveryRequest request = killed.request(partition);
    FolderFiles kafka = read_folder(kUnclean / "torn" / partition);
    std::erase_if(kafka, [](const auto& entry) { return entry.first.ends_with(".deleted"); });
    for (const auto& [name, bytes] : read_folder(kUnclean / "recovered" / partition)) kafka[name] = bytes;
    const FolderFiles torn = read_folder(request.partition);

    const Recovery recovery = plan(request);
    CHECK(recovery.log_end() == find(*recovered_points, parse_partition_folder_name(partition)->partition));
    CHECK(recovery.recovery_point() == std::min(request.recovery_point, recovery.log_end()));
    CHECK(read_folder(request.partition) == torn);
    FolderFiles ours = recover(request);

    CHECK(names(take_kept(ours)) == kept_names);
    // The broker has begun a new leader epoch at the log's end since.
    auto epochs = decode_leader_epoch_checkpoint(kafka.at(std::string(kLeaderEpochCheckpoint)));
    const auto our_epochs = decode_leader_epoch_checkpoint(ours.at(std::string(kLeaderEpochCheckpoint)));
    REQUIRE(epochs);
    REQUIRE(our_epochs);
    while (!epochs->empty() && epochs->back().start_offset >= recovery.log_end()) epochs->pop_back();
    CHECK(*our_epochs == *epochs);
    kafka.erase(std::string(kLeaderEpochCheckpoint));
    ours.erase(std::string(kLeaderEpochCheckpoint));
    check_same(ours, kafka);
  }
}

TEST_CASE("what is cut off a torn log is kept") {
  Killed killed;
  const RecoveryRequest request = killed.request("torn-0");
  const ByteBuffer torn = read_whole_file(request.partition / file("200.log"));
  FolderFiles files = recover(request);
  const FolderFiles kept = take_kept(files);
  ByteBuffer both = files.at(file("200.log"));
  append(both, kept.at("cut-00000000000000000200.log-4460"));
  CHECK(both == torn);

  CollectedReport report = verify_folder(request.partition);
  CHECK(report.defects.empty());
  CHECK(report.warnings.empty());
  CHECK(report.notes.empty());
}

TEST_CASE("the plan of a torn log, as people read it") {
  Killed killed;
  const RecoveryRequest request = killed.request("torn-0");
  CHECK(
      lines_of(plan(request), request.partition) ==
      "would copy 389 bytes of 00000000000000000200.log at position 4460 to "
      "cut-00000000000000000200.log-4460\n"
      "would cut 389 bytes off 00000000000000000200.log at position 4460, offset 255: torn_tail: expected a "
      "batch, found 389 bytes\n"
      "would write 00000000000000000200.timeindex (60 bytes): index\n"
      "would write 00000000000000000200.index (40 bytes): index\n"
      "would write 00000000000000000255.snapshot (56 bytes): snapshot\n");
}

// --- Swaps and left-overs: compaction-cases K, after a clean shutdown.

TEST_CASE("a cleanly closed folder with left-overs becomes what Kafka's loader left (compaction-cases K)") {
  int compared = 0;
  for (const auto& one : broker_cases("load")) {
    const std::string id = one["id"].get<std::string>();
    CAPTURE(id);
    TemporaryFolder folder;
    write_folder(folder.path() / "t-0", decode_files(one["in"]));
    const RecoveryRequest request{.partition = folder.path() / "t-0",
                                  .recovery_point = {7},
                                  .log_start = {},
                                  .cleanly_shut_down = true,
                                  .now_ms = 100};
    ++compared;
    if (!one["error"].is_null()) {
      CHECK(refusal(request).defects.at(0).defect.code == DefectCode::unknown_version);
      continue;
    }
    check_same(recover(request), decode_files(one["out"]));
  }
  CHECK(compared == 24);
}

}  // namespace
}  // namespace kseg
