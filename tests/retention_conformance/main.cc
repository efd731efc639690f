// Kafka's deletion of old segments and ours on the same random logs, and what differs:
//
//   kseg_retention_conformance [--logs N] [--seed S] [--from I]
//
// Log I of seed S is the same on every machine, and so are its settings. What both leave is compared file by
// file, then each is loaded by Kafka, and compared again. The class path of the JVM comes in
// KSEG_KAFKA_CLASSPATH: see tests/kafka/run. Status 0: no difference, and of many logs each outcome in more
// than one of a hundred.
#include <fmt/format.h>

#include <algorithm>
#include <string>

#include "lib/leader_epochs.h"
#include "lib/retention.h"
#include "tests/support/beside_kafka.h"
#include "tests/support/dice.h"
#include "tests/support/faulty_file_system.h"
#include "tests/support/jvm.h"
#include "tests/support/notation.h"
#include "tests/support/random_log.h"
#include "tests/support/temporary_folder.h"

namespace kseg {
namespace {

constexpr std::uint64_t kMaxShown = 5;  // differences, then it ends
const TopicPartition kPartition{.topic = "t", .partition = 0};

struct Trial {
  LogModel log;
  FolderOptions folder;
  Offset log_start;
  Offset high_watermark;
  std::int64_t now_ms = 0;
  std::vector<std::pair<std::string, std::string>> settings;
};

Trial random_trial(std::uint64_t seed) {
  RandomRound round = random_round(seed);
  Dice dice(seed);
  Trial trial{.log = std::move(round.log), .folder = round.folder};
  trial.folder.snapshots_of_segments = dice.chance(70);
  trial.folder.expired_producers.clear();
  auto& segments = trial.log.segments;
  if (dice.chance(15)) segments.push_back({.base = trial.log.end_offset()});  // just rolled
  for (SegmentModel& segment : segments) segment.mtime_ms = dice.between(0, 20'000);

  const Offset begin = segments.front().base;
  const Offset end = trial.log.end_offset();
  trial.log_start = dice.chance(70) ? begin : Offset{dice.between(begin.value, end.value)};
  trial.high_watermark = dice.chance(70) ? end : Offset{dice.between(0, end.value)};
  std::vector<std::int64_t> newest_ms;     // of each segment
  std::vector<std::int64_t> behind = {0};  // bytes of the segments behind each, the last one first
  for (const SegmentModel& segment : segments) {
    newest_ms.push_back(0);
    for (const BatchModel& batch : segment.batches)
      newest_ms.back() = std::max(newest_ms.back(), batch.header.max_timestamp);
  }
  for (auto segment = segments.rbegin(); segment != segments.rend(); ++segment)
    behind.push_back(behind.back() + static_cast<std::int64_t>(segment->size_bytes()));
  trial.now_ms = *std::max_element(newest_ms.begin(), newest_ms.end()) + dice.between(-100, 1000);

  // Most often such that a segment just goes, or just stays.
  const char* const policies[] = {"delete", "delete", "delete", "compact,delete", "compact", ""};
  trial.settings.emplace_back("cleanup.policy", policies[dice.between(0, 5)]);
  const std::int64_t age_ms =
      std::max<std::int64_t>(trial.now_ms - dice.pick(newest_ms) + dice.between(-1, 1), 0);
  trial.settings.emplace_back("retention.ms", fmt::format("{}", dice.chance(40) ? -1 : age_ms));
  const std::int64_t bytes = std::max<std::int64_t>(dice.pick(behind) + dice.between(-1, 1), 0);
  trial.settings.emplace_back("retention.bytes", fmt::format("{}", dice.chance(50) ? -1 : bytes));
  trial.settings.emplace_back("index.interval.bytes", fmt::format("{}", trial.folder.index_interval_bytes));
  return trial;
}

std::string describe(const Trial& trial) {
  std::string text = print_notation(trial.log) + "\n ";
  for (const SegmentModel& segment : trial.log.segments)
    text += fmt::format(" mtime of {}: {}", segment.base, segment.mtime_ms);
  text += fmt::format("\n  log start {}, high watermark {}, now {}", trial.log_start, trial.high_watermark,
                      trial.now_ms);
  for (const auto& [name, value] : trial.settings) text += fmt::format(", {}={}", name, value);
  return text;
}

std::vector<EpochEntry> epochs_of(const LogModel& log) {
  LeaderEpochs epochs;
  for (const SegmentModel& segment : log.segments) {
    for (const BatchModel& batch : segment.batches)
      epochs.assign(batch.header.partition_leader_epoch, batch.header.base_offset);
  }
  return epochs.entries();
}

void copy_with_times(const Path& from, const Path& to) {
  std::filesystem::remove_all(to);
  std::filesystem::copy(from, to, std::filesystem::copy_options::recursive);
  for (const auto& entry : std::filesystem::recursive_directory_iterator(from)) {
    if (!entry.is_regular_file()) continue;
    std::filesystem::last_write_time(to / std::filesystem::relative(entry.path(), from),
                                     entry.last_write_time());
  }
}

std::string difference(const FolderFiles& kseg, const FolderFiles& kafka) {
  std::string text;
  for (const auto& [name, bytes] : kafka) {
    const auto ours = kseg.find(name);
    if (ours == kseg.end())
      text += fmt::format("  only Kafka leaves {}\n", name);
    else if (ours->second != bytes)
      text += fmt::format("  {} differs: '{}', Kafka has '{}'\n", name,
                          name == kLeaderEpochCheckpoint ? as_text(ours->second) : "",
                          name == kLeaderEpochCheckpoint ? as_text(bytes) : "");
  }
  for (const auto& [name, bytes] : kseg) {
    if (!kafka.contains(name)) text += fmt::format("  only kseg leaves {}\n", name);
  }
  return text;
}

struct Tally {
  std::uint64_t below_log_start = 0;
  std::uint64_t by_size = 0;
  std::uint64_t by_time = 0;
  std::uint64_t rolled = 0;
  std::uint64_t nothing = 0;
  std::uint64_t segments = 0;
};

class Comparison {
 public:
  explicit Comparison(const std::string& class_path) : kafka_(class_path, "kseg.Delete") {}

  // What differs; empty if nothing.
  std::string run(const Trial& trial) {
    stage(trial);
    // Loaded and closed once, so that what loading changes is no difference.
    const std::string loaded = ask(trial, kafkas(), trial.log_start, false);
    if (loaded.starts_with("error")) return "Kafka does not load it: " + loaded;
    copy_with_times(kafkas().parent_path(), ours().parent_path());

    const std::string by_kafka = ask(trial, kafkas(), trial.log_start, true);
    if (by_kafka.starts_with("error")) return "Kafka does not delete: " + by_kafka;
    FaultyFileSystem files(posix_file_system());
    files.skip_syncs();
    RetentionRequest request{.now_ms = trial.now_ms};
    request.config.topic_known = true;
    request.config.set("producer.id.expiration.ms", "2147483647", SettingSource::properties);
    for (const auto& [name, value] : trial.settings) {
      if (auto wrong = request.config.set(name, value, SettingSource::topic)) return *wrong;
    }
    const auto outcome = Retention(files, request).apply(ours());
    if (const auto* refusal = std::get_if<Refusal>(&outcome)) {
      std::string text = "kseg refuses: " + refusal->reason;
      for (const LocatedDefect& defect : refusal->defects) text += "; " + kseg::describe(defect.defect);
      return text;
    }
    const auto& report = std::get<RetentionReport>(outcome);
    count(report);
    std::string text;
    const std::string by_kseg = fmt::format("log {} {}", report.log_start, report.log_end);
    if (by_kseg != by_kafka) text += fmt::format("  kseg: {}, Kafka: {}\n", by_kseg, by_kafka);
    text += difference(comparable(trial, ours()), comparable(trial, kafkas()));
    if (!text.empty()) return text;

    // A broker that starts on ours finds what it finds on its own.
    const auto starts = LogDir::parent_of(posix_file_system(), ours())->read_checkpoint(kLogStartCheckpoint);
    const std::string again = ask(trial, ours(), find(*starts, kPartition).value_or(Offset{0}), false);
    const std::string kafkas_again = ask(trial, kafkas(), report.log_start, false);
    if (again != kafkas_again) text += fmt::format("  loaded again: {}, Kafka's: {}\n", again, kafkas_again);
    return text;
  }

  const Tally& tally() const { return tally_; }

 private:
  // Of a log in which nothing is above the log start, each loading by Kafka has other snapshots and epochs.
  static FolderFiles comparable(const Trial& trial, const Path& folder) {
    FolderFiles files = read_folder(folder);
    if (trial.log.end_offset() > trial.log_start) return files;
    files.erase(std::string(kLeaderEpochCheckpoint));
    std::erase_if(files, [](const auto& file) { return file.first.ends_with(".snapshot"); });
    return files;
  }

  Path kafkas() const { return folder_.path() / "kafka" / to_string(kPartition); }
  Path ours() const { return folder_.path() / "kseg" / to_string(kPartition); }

  void stage(const Trial& trial) {
    const Path root = kafkas().parent_path();
    std::filesystem::remove_all(root);
    const bool inside = trial.log_start > trial.log.segments.front().base;
    write_root(root, {{.partition = kPartition,
                       .end_offset = trial.log.end_offset(),
                       .high_watermark = trial.high_watermark,
                       .log_start = inside ? std::optional(trial.log_start) : std::nullopt}});
    FolderFiles files = to_files(trial.log, trial.folder);
    const std::string epochs = encode_leader_epoch_checkpoint(epochs_of(trial.log));
    files[std::string(kLeaderEpochCheckpoint)].assign(epochs.begin(), epochs.end());
    write_folder(kafkas(), files);
    set_mtimes(kafkas(), trial.log);
  }

  std::string ask(const Trial& trial, const Path& folder, Offset log_start, bool deletes) {
    std::string line = fmt::format("{} now={} log_start={}", folder.string(), trial.now_ms, log_start);
    if (deletes) line += fmt::format(" high_watermark={}", trial.high_watermark);
    for (const auto& [name, value] : trial.settings) line += fmt::format(" {}={}", name, value);
    return kafka_.ask(line);
  }

  void count(const RetentionReport& report) {
    bool reasons[3] = {};
    for (const RetentionReport::Gone& gone : report.gone) reasons[static_cast<int>(gone.reason)] = true;
    tally_.below_log_start += reasons[static_cast<int>(RetentionReason::below_log_start)];
    tally_.by_size += reasons[static_cast<int>(RetentionReason::size)];
    tally_.by_time += reasons[static_cast<int>(RetentionReason::time)];
    tally_.rolled += report.rolled;
    tally_.nothing += report.gone.empty();
    tally_.segments += report.gone.size();
  }

  Jvm kafka_;
  TemporaryFolder folder_;
  Tally tally_;
};

int run(const BesideKafka& asked) {
  const auto& [class_path, logs, seed, from, others] = asked;
  Comparison comparison(class_path);
  std::uint64_t differing = 0;
  std::uint64_t done = 0;
  for (; done < logs && differing < kMaxShown; ++done) {
    const Trial trial = random_trial(seed * 1'000'003 + from + done);
    const std::string text = comparison.run(trial);
    if (text.empty()) continue;
    ++differing;
    fmt::print("DIFFERENCE in log {} of seed {}:\n{}\n{}\n", from + done, seed, describe(trial), text);
  }
  const Tally& tally = comparison.tally();
  fmt::print(
      "{} logs, seed {}: {} lost segments below the log start, {} by size, {} by time, {} all, {} none; ",
      done, seed, tally.below_log_start, tally.by_size, tally.by_time, tally.rolled, tally.nothing);
  fmt::print("{} segments in all; {} differences\n", tally.segments, differing);
  const bool rare =
      too_rare(done, {tally.below_log_start, tally.by_size, tally.by_time, tally.rolled, tally.nothing});
  return differing == 0 && !rare ? 0 : 1;
}

}  // namespace
}  // namespace kseg

int main(int argc, char** argv) {
  return kseg::beside_kafka(argc, argv, "kseg_retention_conformance [--logs N] [--seed S] [--from I]", {},
                            kseg::run);
}
