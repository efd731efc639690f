// What Kafka's cleaner manager would clean and what kseg would, of the same random logs, and what differs:
//
//   kseg_selection_conformance [--logs N] [--seed S] [--from I]
//
// Log I of seed S is the same on every machine, and so are its settings and checkpoints: most often such
// that a bound just holds, or just does not. The class path of the JVM comes in KSEG_KAFKA_CLASSPATH: see
// tests/kafka/run. Status 0: no difference, and of many logs each outcome in more than one of a hundred.
#include <fmt/format.h>

#include <algorithm>
#include <string>

#include "lib/cleaning_candidate.h"
#include "tests/support/beside_kafka.h"
#include "tests/support/dice.h"
#include "tests/support/jvm.h"
#include "tests/support/log_folder.h"
#include "tests/support/notation.h"
#include "tests/support/random_log.h"
#include "tests/support/temporary_folder.h"

namespace kseg {
namespace {

constexpr std::uint64_t kEnoughToCount = 500;  // logs
constexpr std::uint64_t kMaxShown = 5;         // differences, then it ends
const TopicPartition kPartition{.topic = "t", .partition = 0};

struct Trial {
  LogModel log;
  RootEntry root;
  std::int64_t now_ms = 0;
  std::vector<std::pair<std::string, std::string>> settings;
};

Trial random_trial(std::uint64_t seed) {
  Dice dice(seed);
  Trial trial{.log = random_round(seed).log};
  auto& segments = trial.log.segments;
  if (dice.chance(15) && segments.back().base < trial.log.end_offset())
    segments.push_back({.base = trial.log.end_offset()});  // just rolled
  for (SegmentModel& segment : segments) segment.mtime_ms = dice.between(0, 20'000);

  // Where something begins or ends.
  std::vector<Offset> edges;
  std::vector<std::int64_t> times_ms = {1};
  for (const SegmentModel& segment : segments) {
    edges.push_back(segment.base);
    times_ms.push_back(segment.mtime_ms);
    for (const BatchModel& batch : segment.batches) {
      edges.push_back(batch.header.base_offset);
      times_ms.push_back(batch.header.max_timestamp);
    }
  }
  const Offset begin = segments.front().base;
  const Offset end = trial.log.end_offset();
  edges.push_back(end);
  const auto near_an_edge = [&] { return Offset{dice.pick(edges).value + dice.between(-1, 1)}; };

  trial.root = {.partition = kPartition, .end_offset = end};
  if (dice.chance(30)) trial.root.log_start = std::clamp(near_an_edge(), begin, end);
  trial.root.high_watermark = dice.chance(60) ? end : std::clamp(near_an_edge(), Offset{0}, end);
  if (dice.chance(75))
    trial.root.first_dirty = std::max(near_an_edge(), Offset{0});  // below the start or above the end, too
  trial.now_ms = *std::max_element(times_ms.begin(), times_ms.end()) + dice.between(-100, 1000);

  trial.settings.emplace_back("cleanup.policy", dice.chance(15) ? "compact,delete" : "compact");
  const char* const ratios[] = {"0", "0.3", "0.5", "0.5", "0.9", "1.0"};
  trial.settings.emplace_back("min.cleanable.dirty.ratio", ratios[dice.between(0, 5)]);
  const auto age_ms = [&] {
    return std::max<std::int64_t>(trial.now_ms - dice.pick(times_ms) + dice.between(-1, 1), 1);
  };
  std::int64_t min_lag_ms = 0;
  if (dice.chance(40)) {
    min_lag_ms = age_ms();
    trial.settings.emplace_back("min.compaction.lag.ms", fmt::format("{}", min_lag_ms));
  }
  if (dice.chance(40)) {
    const std::int64_t max_lag_ms = std::max(age_ms(), min_lag_ms);
    trial.settings.emplace_back("max.compaction.lag.ms", fmt::format("{}", max_lag_ms));
  }
  return trial;
}

std::string describe(const Trial& trial) {
  std::string text = print_notation(trial.log) + "\n ";
  for (const SegmentModel& segment : trial.log.segments)
    text += fmt::format(" mtime of {}: {}", segment.base, segment.mtime_ms);
  const auto number = [](const std::optional<Offset>& offset) {
    return offset ? fmt::format("{}", *offset) : std::string("-");
  };
  text +=
      fmt::format("\n  log start {}, high watermark {}, checkpoint {}, now {}", number(trial.root.log_start),
                  number(trial.root.high_watermark), number(trial.root.first_dirty), trial.now_ms);
  for (const auto& [name, value] : trial.settings) text += fmt::format(", {}={}", name, value);
  return text;
}

struct Tally {
  std::uint64_t chosen = 0;
  std::uint64_t overdue = 0;
  std::uint64_t not_dirty_enough = 0;
  std::uint64_t nothing_to_clean = 0;
  std::uint64_t reset = 0;
  std::uint64_t on_purpose = 0;
  std::map<CleanableRange::Bound, std::uint64_t> bounds;
};

class Comparison {
 public:
  explicit Comparison(const std::string& class_path) : kafka_(class_path, "kseg.Select") {}

  // What differs; empty if nothing.
  std::string run(const Trial& trial) {
    stage(trial);
    const std::string ours = ask_kseg(trial);  // first: Kafka writes the checkpoint
    const std::string theirs = ask_kafka(trial);
    if (ours == theirs) return "";
    if (begun_below_log_start_ && without_second_word(ours) == without_second_word(theirs)) {
      ++tally_.on_purpose;
      return "";
    }
    return fmt::format("  kseg:  {}\n  Kafka: {}\n", ours, theirs);
  }

  const Tally& tally() const { return tally_; }

 private:
  Path root() const { return folder_.path() / "root"; }
  Path partition() const { return root() / to_string(kPartition); }

  void stage(const Trial& trial) {
    std::filesystem::remove_all(root());
    std::filesystem::create_directories(partition());
    write_folder(partition(), to_files(trial.log));
    set_mtimes(partition(), trial.log);
    write_root(root(), {trial.root});
  }

  // A transaction that is open since before the log start: Kafka takes the first batch behind the log start
  // for its beginning, where kseg takes the log start. Between the two is nothing but empty segments.
  static std::string without_second_word(const std::string& answer) {
    const std::size_t begin = answer.find(' ');
    const std::size_t end = answer.find(' ', begin + 1);
    return begin == answer.npos || end == answer.npos ? answer : answer.substr(0, begin) + answer.substr(end);
  }

  std::string ask_kseg(const Trial& trial) {
    FileSystem& files = posix_file_system();
    TopicConfig config;
    for (const auto& [name, value] : trial.settings) config.set(name, value);
    const LogDir directory = *LogDir::at(files, root());
    const CleaningCandidate candidate =
        look_at(files, directory, LogDirCheckpoints::read(directory), kPartition,
                {.now_ms = trial.now_ms,
                 .selects = [](const TopicPartition&) { return true; },
                 .config_of = [&](const TopicPartition&, const Path&) { return config; }});
    if (!candidate.range) return "refused";
    const CleanableRange& range = *candidate.range;
    count(candidate);
    const auto first_unstable = candidate.outline->first_unstable();
    begun_below_log_start_ = first_unstable && *first_unstable < candidate.outline->log_start;
    const auto checkpoint = range.checkpoint_reset ? range.validated_first_dirty : trial.root.first_dirty;
    return fmt::format("{} {} {}/{} {} {}", range.first_dirty, range.first_uncleanable, range.clean_bytes,
                       range.cleanable_bytes,
                       candidate.choice == CleaningCandidate::Choice::chosen ? "yes" : "no",
                       checkpoint ? fmt::format("{}", *checkpoint) : "-");
  }

  std::string ask_kafka(const Trial& trial) {
    std::string line = fmt::format("{} now={} log_start={} high_watermark={}", root().string(), trial.now_ms,
                                   trial.root.log_start.value_or(Offset{0}), *trial.root.high_watermark);
    for (const auto& [name, value] : trial.settings) line += fmt::format(" {}={}", name, value);
    return kafka_.ask(line);
  }

  void count(const CleaningCandidate& candidate) {
    ++tally_.bounds[candidate.range->bound];
    tally_.reset += candidate.range->checkpoint_reset ? 1 : 0;
    switch (candidate.choice) {
      case CleaningCandidate::Choice::chosen:
        ++tally_.chosen;
        if (candidate.range->overdue_ms > 0) ++tally_.overdue;
        break;
      case CleaningCandidate::Choice::not_dirty_enough: ++tally_.not_dirty_enough; break;
      case CleaningCandidate::Choice::nothing_to_clean: ++tally_.nothing_to_clean; break;
      case CleaningCandidate::Choice::stray:
      case CleaningCandidate::Choice::not_compacted:
      case CleaningCandidate::Choice::refused: break;
    }
  }

  Jvm kafka_;
  TemporaryFolder folder_;
  Tally tally_;
  bool begun_below_log_start_ = false;
};

int run(const BesideKafka& options) {
  Comparison comparison(options.class_path);
  std::uint64_t differences = 0;
  for (std::uint64_t i = options.from; i < options.from + options.logs && differences < kMaxShown; ++i) {
    const Trial trial = random_trial(options.seed * 1'000'000 + i);
    const std::string difference = comparison.run(trial);
    if (difference.empty()) continue;
    ++differences;
    fmt::print("log {} of seed {}:\n  {}\n{}", i, options.seed, describe(trial), difference);
  }
  const Tally& tally = comparison.tally();
  const auto bound = [&](CleanableRange::Bound which) {
    const auto found = tally.bounds.find(which);
    return found == tally.bounds.end() ? 0 : found->second;
  };
  fmt::print(
      "{} logs, seed {}: {} chosen, {} of them overdue, {} not dirty enough, {} with nothing to clean; {} "
      "checkpoints reset; bounded by the active segment {}, high watermark {}, open transaction {}, lag {}; "
      "on "
      "purpose {} differ in what is empty; {} differences\n",
      options.logs, options.seed, tally.chosen, tally.overdue, tally.not_dirty_enough, tally.nothing_to_clean,
      tally.reset, bound(CleanableRange::Bound::active_segment), bound(CleanableRange::Bound::high_watermark),
      bound(CleanableRange::Bound::open_transaction), bound(CleanableRange::Bound::min_compaction_lag),
      tally.on_purpose, differences);
  if (differences > 0) return 1;
  if (options.logs < kEnoughToCount) return 0;
  const std::uint64_t rarest =
      std::min({tally.overdue, tally.not_dirty_enough, tally.nothing_to_clean, tally.reset,
                bound(CleanableRange::Bound::high_watermark), bound(CleanableRange::Bound::open_transaction),
                bound(CleanableRange::Bound::min_compaction_lag)});
  if (rarest * 100 > options.logs) return 0;
  fmt::print("something that is counted was met in less than one log of a hundred\n");
  return 1;
}

}  // namespace
}  // namespace kseg

int main(int argc, char** argv) {
  return kseg::beside_kafka(argc, argv, "kseg_selection_conformance [--logs N] [--seed S] [--from I]", {},
                            kseg::run);
}
