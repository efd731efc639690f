#include "tests/broker_round/round.h"

#include <chrono>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>
#include <thread>

#include "lib/log_dir.h"
#include "lib/partition_log.h"
#include "tests/broker_round/alterations.h"
#include "tests/broker_round/broker.h"
#include "tests/broker_round/comparison.h"
#include "tests/support/dice.h"
#include "tests/support/log_folder.h"
#include "tests/support/random_damage.h"
#include "tests/support/temporary_folder.h"

namespace kseg {
namespace {

namespace fs = std::filesystem;

constexpr std::chrono::seconds kCleanerPatience{120};

class Stopwatch {
 public:
  double seconds() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin_).count();
  }

 private:
  std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
};

class Round {
 public:
  Round(const RoundOptions& options, Findings& findings) : options_(options), findings_(findings) {
    fs::copy(options.log_dir, log_dir(), fs::copy_options::recursive);
    fmt::print("{}, seed {}\n", options.log_dir.string(), options.questions.seed);
  }

  void compact() {
    const Stopwatch watch;
    std::int64_t before = 0, after = 0;
    const auto partitions = known_as_compacted();
    for (const TopicPartition& partition : partitions) {
      // Small segments and many index entries, so that there is something to get wrong.
      const Finished finished = run({options_.kseg, "compact", folder(partition), "--json", "--first-dirty",
                                     "0", "--config", "cleanup.policy=compact", "--config",
                                     "segment.bytes=4096", "--config", "index.interval.bytes=512"});
      if (finished.status != 0) {
        findings_.add(fmt::format("{}: kseg compact: status {}: {}", to_string(partition), finished.status,
                                  finished.notes));
        continue;
      }
      const auto summary = nlohmann::json::parse(finished.answers);
      before += summary.at("records_before").get<std::int64_t>();
      after += summary.at("records_after").get<std::int64_t>();
    }
    fmt::print("  kseg compacts {} partitions: {} of {} records left, {:.1f} s\n", partitions.size(), after,
               before, watch.seconds());
    verify("after kseg's compaction");
  }

  // Every other partition is replaced by a copy of its dump; the rest, but for internal topics, gets new
  // records, a transaction that is aborted among them.
  void append() {
    const Stopwatch watch;
    int copied = 0, appended = 0;
    for (const auto& entry : fs::directory_iterator(log_dir())) {
      const std::string name = entry.path().filename().string();
      if (!entry.is_directory() || name.starts_with(kClusterMetadataTopic)) continue;
      if (std::hash<std::string>()(name) % 2 == 0) {
        copied += copy_by_append(entry.path()) ? 1 : 0;
      } else if (!name.starts_with("__")) {
        appended += append_to(entry.path()) ? 1 : 0;
      }
    }
    fmt::print("  kseg append: {} partitions copied, {} have new records, {:.1f} s\n", copied, appended,
               watch.seconds());
    verify("after kseg's appending");
  }

  Expected dump() const {
    const Expected expected = expected_of(options_.kseg, log_dir());
    fmt::print("  kseg dump: {} partitions, {} records, {} of them committed\n", expected.size(),
               record_count(expected, Isolation::read_uncommitted),
               record_count(expected, Isolation::read_committed));
    return expected;
  }

  void serve_compacted() {
    const Expected expected = dump();
    const auto broker = start("first", Broker::Cleaner::off);
    compare(expected, *broker);
    const Stopwatch watch;
    compacted_topics_ = stir_cleaner(broker->address(), "write");
    fmt::print("  new values and tombstones go to {} compacted topics, {:.1f} s\n", compacted_topics_.size(),
               watch.seconds());
    stop(*broker);
    verify("after the broker");
  }

  void repair() {
    const Stopwatch watch;
    Dice dice(options_.questions.seed);
    int repaired = 0;
    std::int64_t kept = 0, ranges = 0;
    for (const auto& entry : fs::directory_iterator(log_dir())) {
      const std::string name = entry.path().filename().string();
      if (!entry.is_directory() || name.starts_with("__")) continue;
      FolderFiles files = read_folder(entry.path());
      files.erase(std::string(kPartitionMetadata));  // nothing to make it from
      std::string what;
      for (std::int64_t left = dice.between(1, 3); left > 0; --left) what += damage(files, dice) + "; ";
      for (const auto& file : fs::directory_iterator(entry.path())) {
        if (file.path().filename() != kPartitionMetadata) fs::remove(file.path());
      }
      write_folder(entry.path(), files);
      const Finished finished = run({options_.kseg, "repair", "--in-place", "--json", entry.path()});
      if (finished.status != 0) {
        findings_.add(
            fmt::format("{}: {}kseg repair: status {}: {}", name, what, finished.status, finished.notes));
        continue;
      }
      ++repaired;
      std::istringstream lines(finished.answers);
      for (std::string line; std::getline(lines, line);) {
        const auto row = nlohmann::json::parse(line);
        if (row.at("type") != "summary") continue;
        kept += row.at("records_kept").get<std::int64_t>();
        ranges += row.at("ranges_cut").get<std::int64_t>();
      }
    }
    fmt::print("  kseg repair: {} damaged partitions, {} ranges cut, {} records left, {:.1f} s\n", repaired,
               ranges, kept, watch.seconds());
    if (ranges == 0) findings_.add("there was nothing to cut");
    verify("after kseg's repair");
  }

  void serve(const std::string& name, const Expected& expected) {
    const auto broker = start(name, Broker::Cleaner::off);
    compare(expected, *broker);
    stop(*broker);
  }

  void serve_cleaned() {
    fs::copy(log_dir(), before_cleaning(), fs::copy_options::recursive);
    const Expected before = expected_of(options_.kseg, log_dir());
    const auto targets = cleaning_targets(before);
    const auto broker = start("second", Broker::Cleaner::on);
    stir_cleaner(broker->address(), "clean");
    wait_for_cleaner(targets);
    const Expected cleaned = dump();
    compare(cleaned, *broker);
    stop(*broker);
    verify("after the broker's cleaning");
    compare_stopped(cleaned, expected_of(options_.kseg, log_dir()));
    against(before, cleaned);
    clean_by_kseg(before, cleaned);
    list(expected_of(options_.kseg, log_dir()));
  }

  Path log_dir() const { return folder_.path() / "log-dir"; }

 private:
  Path lines_file() const { return folder_.path() / "lines"; }
  Path before_cleaning() const { return folder_.path() / "before-cleaning"; }
  Path folder(const TopicPartition& partition) const { return log_dir() / to_string(partition); }

  std::vector<PartitionOffset> cleaner_checkpoint() const {
    const auto read = LogDir::at(posix_file_system(), log_dir()).value().read_checkpoint(kCleanerCheckpoint);
    if (!read) throw std::runtime_error(describe(read.error()));
    return *read;
  }

  bool append_well(std::vector<std::string> arguments, const Path& partition, std::string_view lines) {
    write_whole_file(lines_file(), as_bytes(lines));
    arguments.insert(arguments.begin(), {options_.kseg, "append", partition, "--input", lines_file()});
    const Finished finished = run(arguments);
    if (finished.status == 0) return true;
    findings_.add(fmt::format("{}: kseg append: status {}: {}", partition.filename().string(),
                              finished.status, finished.notes));
    return false;
  }

  bool copy_by_append(const Path& partition) {
    const std::string lines = run_well({options_.kseg, "dump", "--json", "--logs-only", partition});
    const Offset base = PartitionLog::open(posix_file_system(), partition).segments().front().base_offset;
    for (const auto& entry : fs::directory_iterator(partition)) {
      if (entry.path().filename() != kPartitionMetadata) fs::remove(entry.path());
    }
    return append_well({"--create", "--preserve-offsets", "--log-start", fmt::format("{}", base), "--config",
                        "segment.bytes=20000", "--config", "index.interval.bytes=512"},
                       partition, lines);
  }

  bool append_to(const Path& partition) {
    return append_well({"--codec", "zstd"}, partition,
                       R"({"key":"new","value":"1"}
{"key":"new","value":"2","headers":[{"key":"h","value":null}]}
{"key":"taken back","value":"3","producer_id":987654,"producer_epoch":0,"sequence":0,"transactional":true}
{"producer_id":987654,"producer_epoch":0,"transactional":true,"control":{"type":"ABORT"}}
{"key":"gone","value":null,"producer_id":987655,"producer_epoch":0,"sequence":0}
)");
  }

  // Nobody is there yet to be asked for the topics' settings.
  std::set<TopicPartition> known_as_compacted() const {
    std::set<TopicPartition> partitions;
    for (const PartitionOffset& each : cleaner_checkpoint()) {
      if (fs::exists(folder(each.partition))) partitions.insert(each.partition);
    }
    for (const auto& entry : fs::directory_iterator(log_dir())) {
      const auto name = parse_partition_folder_name(entry.path().filename().string());
      if (!entry.is_directory() || !name) continue;
      const std::string& topic = name->partition.topic;
      if (topic == "__consumer_offsets" || topic == "__transaction_state") partitions.insert(name->partition);
    }
    return partitions;
  }

  void verify(const std::string& when) {
    const Finished finished = run({options_.kseg, "verify", log_dir()});
    if (finished.status != 0)
      findings_.add(fmt::format("{}: kseg verify: status {}\n{}", when, finished.status, finished.notes));
  }

  std::unique_ptr<Broker> start(const std::string& name, Broker::Cleaner cleaner) const {
    const Stopwatch watch;
    auto broker = std::make_unique<Broker>(log_dir(), folder_.path(), name, cleaner);
    fmt::print("  the {} broker serves after {:.1f} s\n", name, watch.seconds());
    return broker;
  }

  void stop(Broker& broker) {
    const Stopwatch watch;
    broker.stop();
    fmt::print("  stopped, {:.1f} s\n", watch.seconds());
    for (const std::string& line : broker.complaints()) findings_.add("the broker says: " + line);
    for (const auto& entry : fs::directory_iterator(log_dir())) {
      const auto name = parse_partition_folder_name(entry.path().filename().string());
      if (name && name->kind != PartitionFolderKind::current)
        findings_.add("the broker has set aside " + entry.path().filename().string());
    }
  }

  void compare(const Expected& expected, const Broker& broker) {
    const auto print = [](const char* reader, const Compared& compared) {
      fmt::print("  {}: {} records, {} of them committed", reader,
                 compared.records[Isolation::read_uncommitted], compared.records[Isolation::read_committed]);
    };
    attempt([&] {
      const Stopwatch watch;
      const Compared compared =
          compare_served(expected, consume(broker.address(), options_.questions), findings_);
      print("Kafka's consumer", compared);
      fmt::print("; began at {} offsets, asked for {} times; {} offsets written meanwhile, {:.1f} s\n",
                 compared.from_offsets, compared.at_times, compared.written_since, watch.seconds());
    });
    attempt([&] {
      const Stopwatch watch;
      print("kcat", compare_kcat(expected, broker.address(), findings_));
      fmt::print(", {:.1f} s\n", watch.seconds());
    });
  }

  // A reader that fails is a finding: what the others say, and the broker's own log, may tell why.
  template <typename Read>
  void attempt(Read read) {
    try {
      read();
    } catch (const std::runtime_error& error) {
      findings_.add(error.what());
    }
  }

  // tests/kafka, StirCleaner. Returns the compacted topics.
  static std::set<std::string> stir_cleaner(const std::string& address, const std::string& what) {
    std::set<std::string> topics;
    const std::string answers = run_well(java("kseg.StirCleaner", {address, what}));
    for (std::size_t from = 0; from < answers.size();) {
      const std::size_t to = answers.find('\n', from);
      topics.insert(answers.substr(from, to - from));
      from = to + 1;
    }
    return topics;
  }

  // Up to where the cleaner will have cleaned, of each partition in which there is something to clean.
  std::map<TopicPartition, Offset> cleaning_targets(const Expected& expected) const {
    std::map<TopicPartition, Offset> targets;
    for (const auto& [partition, views] : expected) {
      if (!compacted_topics_.contains(partition.topic)) continue;
      const PartitionLog log = PartitionLog::open(posix_file_system(), folder(partition));
      Offset target = log.segments().front().base_offset;
      for (const Segment& segment : log.segments()) {
        if (segment.base_offset <= views.views[Isolation::read_committed].end) target = segment.base_offset;
      }
      if (target > log.segments().front().base_offset) targets[partition] = target;
    }
    return targets;
  }

  void wait_for_cleaner(const std::map<TopicPartition, Offset>& targets) {
    const Stopwatch watch;
    auto left = targets;
    while (!left.empty() && watch.seconds() < kCleanerPatience.count()) {
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
      const auto reached = cleaner_checkpoint();
      std::erase_if(left, [&](const auto& target) {
        return find(reached, target.first).value_or(Offset{-1}) >= target.second;
      });
    }
    for (const auto& [partition, target] : left) {
      findings_.add(fmt::format("{}: the broker's cleaner has not come to offset {} after {:.0f} s",
                                to_string(partition), target, watch.seconds()));
    }
    fmt::print("  the broker's cleaner has cleaned {} partitions, {:.1f} s\n", targets.size() - left.size(),
               watch.seconds());
  }

  // What the files of a stopped broker hold is what they held while it served.
  void compare_stopped(const Expected& served, const Expected& stopped) {
    for (const auto& [partition, expected] : served) {
      const auto found = stopped.find(partition);
      if (found == stopped.end()) {
        findings_.add(to_string(partition) + ": gone after the broker has stopped");
        continue;
      }
      for (const Isolation isolation : kIsolations) {
        const auto& then = expected.views[isolation].records;
        const auto& now = found->second.views[isolation].records;
        const bool same = then.size() <= now.size() && std::equal(then.begin(), then.end(), now.begin());
        const bool ends_there = found->second.end() == expected.end() || partition.topic.starts_with("__");
        if (!same || !ends_there || found->second.start != expected.start) {
          findings_.add(fmt::format("{}: {}: other records after the broker has stopped than were served",
                                    to_string(partition), name(isolation)));
        }
      }
    }
  }

  void against(const Expected& before, const Expected& after) {
    const Stopwatch watch;
    int compared = 0, grown = 0;
    for (const auto& [partition, expected] : before) {
      if (!compacted_topics_.contains(partition.topic)) continue;
      // Only a coordinator writes meanwhile; compare_served has looked at the ends.
      if (expected.end() != after.at(partition).end()) {
        ++grown;
        continue;
      }
      ++compared;
      const Finished finished = run({options_.kseg, "verify", folder(partition), "--against",
                                     before_cleaning() / to_string(partition)});
      if (finished.status != 0) {
        findings_.add(fmt::format("{}: kseg verify --against what the broker cleaned: status {}\n{}",
                                  to_string(partition), finished.status, finished.notes));
      }
    }
    fmt::print("  kseg verify --against: {} cleaned partitions compared, {} have grown, {:.1f} s\n", compared,
               grown, watch.seconds());
  }

  // What was there before the broker's cleaner is cleaned by kseg as a whole directory: it has to choose the
  // same partitions, by the settings that stand in the metadata, and leave the same records, segments and
  // checkpoints.
  void clean_by_kseg(const Expected& before, const Expected& cleaned) {
    const Stopwatch watch;
    const Path by_kseg = before_cleaning();
    const std::vector<std::string> words{"compact", by_kseg.string(), "--json", "--config",
                                         "min.cleanable.dirty.ratio=0"};  // as StirCleaner has set it
    std::vector<std::string> dry = words;
    dry.insert(dry.begin(), options_.kseg);
    std::vector<std::string> wet = dry;
    dry.push_back("-n");
    const auto foretold = partitions_in(run_well(dry));
    const auto done = partitions_in(run_well(wet));
    if (foretold != done) findings_.add("kseg compact -n names other partitions than kseg compact does");
    int compared = 0;
    for (const auto& [partition, expected] : before) {
      if (!compacted_topics_.contains(partition.topic) || expected.end() != cleaned.at(partition).end())
        continue;
      ++compared;
      const std::string name = to_string(partition);
      const Finished finished = run({options_.kseg, "diff", "--control", by_kseg / name, folder(partition)});
      if (finished.status != 0) {
        findings_.add(fmt::format("{}: kseg diff of what kseg and the broker cleaned: status {}\n{}{}", name,
                                  finished.status, finished.answers, finished.notes));
      }
      if (segments_in(by_kseg / name) != segments_in(folder(partition)))
        findings_.add(name + ": kseg leaves other segments than the broker");
      if (checkpoint_in(by_kseg, partition) != checkpoint_in(log_dir(), partition)) {
        findings_.add(fmt::format("{}: kseg's cleaner checkpoint is {}, the broker's {}", name,
                                  checkpoint_in(by_kseg, partition), checkpoint_in(log_dir(), partition)));
      }
    }
    fmt::print(
        "  kseg compact of the whole directory: {} partitions cleaned, {} compared with the broker's, {:.1f} "
        "s\n",
        done.size(), compared, watch.seconds());
    if (done.empty()) findings_.add("kseg compact of the whole directory cleaned nothing");
  }

  // What kseg ls tells from headers is where readers find the log to begin and to end.
  void list(const Expected& expected) {
    std::istringstream lines(run_well({options_.kseg, "ls", "--json", log_dir()}));
    int compared = 0;
    for (std::string line; std::getline(lines, line);) {
      const auto row = nlohmann::json::parse(line);
      if (row.at("type") != "partition") continue;
      const std::string name = row.at("partition").get<std::string>();
      const auto folder_name = parse_partition_folder_name(name);
      const auto found = folder_name ? expected.find(folder_name->partition) : expected.end();
      if (found == expected.end()) continue;
      ++compared;
      const ExpectedPartition& partition = found->second;
      const auto told = [&](const char* field) { return Offset{row.at(field).get<std::int64_t>()}; };
      if (row.at("state") != "clean" || told("log_start") != partition.start ||
          told("log_end") != partition.end() ||
          told("last_stable") != partition.views[Isolation::read_committed].end) {
        findings_.add(name + ": kseg ls says otherwise: " + line);
      }
    }
    fmt::print("  kseg ls: {} partitions, where readers find them to begin and to end\n", compared);
    if (compared == 0) findings_.add("kseg ls lists nothing");
  }

  static std::set<std::string> partitions_in(const std::string& json_lines) {
    std::set<std::string> partitions;
    std::istringstream lines(json_lines);
    for (std::string line; std::getline(lines, line);) {
      const auto object = nlohmann::json::parse(line);
      if (object.at("type") == "partition") partitions.insert(object.at("partition").get<std::string>());
    }
    return partitions;
  }

  static std::vector<Offset> segments_in(const Path& folder) {
    const PartitionLog log = PartitionLog::open(posix_file_system(), folder);
    std::vector<Offset> bases;
    for (const Segment& segment : log.segments()) bases.push_back(segment.base_offset);
    return bases;
  }

  static Offset checkpoint_in(const Path& log_dir, const TopicPartition& partition) {
    const auto read = LogDir::at(posix_file_system(), log_dir).value().read_checkpoint(kCleanerCheckpoint);
    if (!read) throw std::runtime_error(describe(read.error()));
    return find(*read, partition).value_or(Offset{-1});
  }

  const RoundOptions& options_;
  Findings& findings_;
  TemporaryFolder folder_;
  std::set<std::string> compacted_topics_;
};

}  // namespace

void run_round(const RoundOptions& options, Findings& findings) {
  const Stopwatch watch;
  Round round(options, findings);
  round.compact();
  round.append();
  round.serve_compacted();
  round.serve_cleaned();
  fmt::print("  {:.1f} s in all\n", watch.seconds());
}

void run_repaired_round(const RoundOptions& options, Findings& findings) {
  Round round(options, findings);
  round.repair();
  round.serve("repaired", round.dump());
}

std::vector<std::string> unnoticed_alterations(const RoundOptions& options, Findings& findings) {
  Round round(options, findings);
  round.compact();
  const Expected expected = round.dump();
  const auto alterations = alter(round.log_dir());
  round.serve("altered", expected);
  std::vector<std::string> unnoticed;
  for (const Alteration& each : alterations) {
    bool noticed = false;
    for (const std::string& text : findings.texts())
      noticed |= text.find(each.partition) != std::string::npos;
    fmt::print("  {}: {}: {}\n", each.partition, each.what, noticed ? "noticed" : "NOT NOTICED");
    if (!noticed) unnoticed.push_back(each.what);
  }
  return unnoticed;
}

}  // namespace kseg
