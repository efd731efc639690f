// A whole log directory: who is chosen, in which order, and what becomes of the rest when one of them
// cannot be done.
#include "lib/log_dir_compaction.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <cerrno>

#include "tests/support/faulty_file_system.h"
#include "tests/support/log_builder.h"
#include "tests/support/lost_records.h"

namespace kseg {
namespace {

constexpr std::int64_t kNowMs = 100'000;
constexpr const char* kDirty = "{0} a=1 b=1 {2} a=2 b=2 {4} a=3 {5} c=1";

// A log directory of partitions in the notation, and a copy of it to compare with.
class Directory {
 public:
  Directory& add(const std::string& name, std::string_view notation, RootEntry entry = {}) {
    LogBuilder log = LogBuilder::from_notation(notation);
    entry.partition = parse_partition_folder_name(name)->partition;
    std::filesystem::create_directories(root());
    std::filesystem::copy(log.path(), root() / name);
    std::filesystem::create_directories(original());
    std::filesystem::copy(log.path(), original() / name);
    entry.end_offset = LogScan::of(posix_file_system(), open(name), {}).log_end;
    entries_.push_back(entry);
    write_root(root(), entries_);
    return *this;
  }

  Path root() const { return folder_.path() / "root"; }
  Path original() const { return folder_.path() / "original"; }
  LogDir log_dir() const { return *LogDir::at(posix_file_system(), root()); }
  PartitionLog open(const std::string& name) const {
    return PartitionLog::open(posix_file_system(), root() / name);
  }
  std::string checkpoint() const {
    return std::string(as_text(read_whole_file(root() / kCleanerCheckpoint)));
  }

  // What a reader would miss.
  std::string losses(const std::string& name) const { return differences(root() / name, original() / name); }

 private:
  TemporaryFolder folder_;
  std::vector<RootEntry> entries_;
};

struct Options {
  int jobs = 1;
  std::optional<int> at_once = std::nullopt;  // as many as jobs
  bool fit = false;
  bool all = true;
  bool dry_run = false;
  std::vector<std::string> config = {"cleanup.policy=compact", "segment.bytes=14"};
};

class CompactedDirectory {
 public:
  CompactedDirectory(const Directory& directory, FileSystem& files, const Options& options,
                     WorkMeter& meter) {
    const LogDir root = directory.log_dir();
    const auto checkpoints = LogDirCheckpoints::read(root);
    TopicConfig config;
    for (const std::string& setting : options.config) {
      const auto equals = setting.find('=');
      REQUIRE_FALSE(config.set(setting.substr(0, equals), setting.substr(equals + 1)));
    }
    const CandidateOptions asked{.all = options.all,
                                 .now_ms = kNowMs,
                                 .selects = [](const TopicPartition&) { return true; },
                                 .config_of = [&](const TopicPartition&, const Path&) { return config; }};
    candidates = cleaning_candidates(posix_file_system(), root, checkpoints, asked);
    LogDirCompaction run{.request = {.dry_run = options.dry_run, .now_ms = kNowMs},
                         .jobs = options.jobs,
                         .at_once = options.at_once.value_or(options.jobs),
                         .fit = options.fit,
                         .surveyed = [&](const FitOrder& found, std::uint64_t) { order = found; },
                         .done =
                             [&](const CleaningCandidate& candidate, const CompactionOutcome& outcome) {
                               outcomes.emplace_back(to_string(candidate.partition), outcome);
                             }};
    run.run(files, root, checkpoints, candidates, meter);
  }

  // "a-0: 3 records, b-0: refused"
  std::string told() const {
    std::string text;
    for (const auto& [name, outcome] : outcomes) {
      if (!text.empty()) text += ", ";
      text += name + ": ";
      if (const auto* report = std::get_if<CompactionReport>(&outcome)) {
        text += fmt::format("{} records", report->records_after);
      } else if (const auto* failure = std::get_if<CompactionFailure>(&outcome)) {
        text += failure->stopped ? "stopped" : "failed";
      } else {
        text += "refused";
      }
    }
    return text;
  }

  std::vector<CleaningCandidate> candidates;
  std::optional<FitOrder> order;
  std::vector<std::pair<std::string, CompactionOutcome>> outcomes;
};

std::string compacted(const Directory& directory, const Options& options = {},
                      FileSystem& files = posix_file_system()) {
  WorkMeter meter;
  return CompactedDirectory(directory, files, options, meter).told();
}

}  // namespace

TEST_CASE("the dirtiest is compacted first, then by name") {
  Directory directory;
  directory.add("half-0", kDirty, {.first_dirty = Offset{2}})
      .add("dirty-1", kDirty)
      .add("dirty-0", kDirty)
      .add("clean-0", kDirty, {.first_dirty = Offset{5}});
  CHECK(compacted(directory) == "dirty-0: 3 records, dirty-1: 3 records, half-0: 3 records");
  CHECK(directory.checkpoint() == "0\n4\ndirty 0 5\ndirty 1 5\nhalf 0 5\nclean 0 5\n");
}

TEST_CASE("what is not dirty enough is passed over unless all are asked for") {
  Directory directory;
  directory.add("half-0", kDirty, {.first_dirty = Offset{4}}).add("dirty-0", kDirty);
  CHECK(compacted(directory, {.all = false}) == "dirty-0: 3 records");
  CHECK(compacted(directory,
                  {.all = false, .config = {"cleanup.policy=compact", "min.cleanable.dirty.ratio=0.1"}}) ==
        "half-0: 4 records");
}

TEST_CASE("a partition that is overdue is compacted though it is not dirty enough") {
  Directory directory;
  directory.add("half-0", kDirty, {.first_dirty = Offset{4}});
  CHECK(compacted(directory, {.all = false,
                              .config = {"cleanup.policy=compact", "max.compaction.lag.ms=100000",
                                         "min.cleanable.dirty.ratio=1"}}) == "");
  CHECK(compacted(directory, {.all = false,
                              .config = {"cleanup.policy=compact", "max.compaction.lag.ms=99000",
                                         "min.cleanable.dirty.ratio=1"}}) == "half-0: 4 records");
}

TEST_CASE("where nobody says what is compacted, the cleaner checkpoint does") {
  Directory directory;
  directory.add("known-0", kDirty, {.first_dirty = Offset{0}}).add("unknown-0", kDirty);
  CHECK(compacted(directory, {.config = {}}) == "known-0: 3 records");
  CHECK(directory.checkpoint() == "0\n1\nknown 0 5\n");
}

TEST_CASE("the metadata log and folders that a broker is about to remove are never candidates") {
  Directory directory;
  directory.add("__cluster_metadata-0", kDirty).add("a-0", kDirty);
  std::filesystem::copy(directory.original() / "a-0",
                        directory.root() / "a-0.0123456789abcdef0123456789abcdef-delete");
  CHECK(compacted(directory) == "a-0: 3 records");
}

TEST_CASE("one that is damaged is refused and left as it was; the others are done") {
  Directory directory;
  directory.add("a-0", kDirty).add("b-0", kDirty).add("c-0", kDirty);
  const Path log = directory.open("b-0").segments().front().log;
  ByteBuffer bytes = read_whole_file(log);
  bytes[70] ^= 1;
  write_whole_file(log, bytes);
  const auto before = read_folder(directory.root() / "b-0");
  CHECK(compacted(directory, {.jobs = 3}) == "a-0: 3 records, b-0: refused, c-0: 3 records");
  CHECK(read_folder(directory.root() / "b-0") == before);
  CHECK(directory.checkpoint() == "0\n2\na 0 5\nc 0 5\n");
}

TEST_CASE("any number of jobs leaves the same bytes and tells the same") {
  std::string told;
  std::map<std::string, FolderFiles> left;
  std::string checkpoint;
  for (const auto& [jobs, at_once] : {std::pair{1, 1}, {2, 2}, {8, 8}, {2, 4}, {4, 1}}) {
    Directory directory;
    for (int i = 0; i < 12; ++i) {
      const Offset first_dirty{i % 3 * 2};
      directory.add(fmt::format("t{}-{}", i % 4, i), kDirty, {.first_dirty = first_dirty});
    }
    const std::string now_told = compacted(directory, {.jobs = jobs, .at_once = at_once});
    std::map<std::string, FolderFiles> now_left;
    for (int i = 0; i < 12; ++i) {
      const std::string name = fmt::format("t{}-{}", i % 4, i);
      now_left[name] = read_folder(directory.root() / name);
    }
    if (jobs == 1) {
      told = now_told;
      left = now_left;
      checkpoint = directory.checkpoint();
      continue;
    }
    CHECK(now_told == told);
    CHECK(now_left == left);
    CHECK(directory.checkpoint() == checkpoint);
  }
}

TEST_CASE("without the space for a group nothing is tried, and what is needed is told") {
  Directory directory;
  directory.add("a-0", "{0} [a=1 b=1] {2} a=2 {4} c=1");
  const auto before = read_folder(directory.root() / "a-0");
  FaultyFileSystem files(posix_file_system());
  files.set_free_bytes(50);
  WorkMeter meter;
  const CompactedDirectory run(directory, files, {}, meter);
  REQUIRE(run.told() == "a-0: failed");
  const auto& failure = std::get<CompactionFailure>(run.outcomes[0].second);
  REQUIRE(failure.shortage);
  CHECK(failure.shortage->free_bytes == 50);
  CHECK(failure.shortage->needed_bytes > 50);
  CHECK(failure.error_number == ENOSPC);
  CHECK(read_folder(directory.root() / "a-0") == before);
  CHECK(directory.checkpoint() == "0\n0\n");
}

TEST_CASE("where what a group has now does not fit, what it will have counts") {
  Directory directory;
  directory.add("a-0", "{0} [a=1 a=2 a=3 a=4 a=5 a=6 a=7 a=8] [a=9 b=1] {10} c=1");
  FaultyFileSystem files(posix_file_system());
  files.set_free_bytes(100);  // less than the segment, more than what stays of it
  CHECK(compacted(directory, {}, files) == "a-0: 3 records");
}

TEST_CASE("to fit, what frees most for the least goes first, and what it frees lets the next one in") {
  Directory directory;
  // a-0 keeps a large value, and needs the space for it; b-0 frees as much, and needs little.
  const std::string large(400, 'x');
  directory.add("a-0", "{0} [a=1 b=" + large + "] {2} a=" + large + " {4} c=1")
      .add("b-0", "{0} [a=" + large + " b=1] {2} a=2 {4} c=1");
  FaultyFileSystem files(posix_file_system());
  files.set_free_bytes(200);
  WorkMeter meter;
  const CompactedDirectory run(directory, files, {.fit = true}, meter);
  REQUIRE(run.order);
  CHECK((run.order->partitions == std::vector<std::size_t>{1, 0}));
  CHECK(run.order->most_scratch_bytes > 400);
  CHECK(run.told() == "a-0: failed, b-0: 3 records");
  files.set_free_bytes(600);
  CHECK(CompactedDirectory(directory, files, {.fit = true}, meter).told() == "a-0: 3 records");
  for (const char* name : {"a-0", "b-0"}) CHECK(directory.losses(name) == "");
}

TEST_CASE("workers wait for the space that others hold") {
  Directory directory;
  for (int i = 0; i < 6; ++i) directory.add(fmt::format("a-{}", i), kDirty);
  FaultyFileSystem files(posix_file_system());
  files.set_free_bytes(200);  // for one group at a time
  CHECK(compacted(directory, {.jobs = 6}, files) ==
        "a-0: 3 records, a-1: 3 records, a-2: 3 records, a-3: 3 records, a-4: 3 records, a-5: 3 records");
}

TEST_CASE("a disk that is full at any operation ends that partition, sound, and the others go on") {
  Directory undisturbed;
  undisturbed.add("a-0", kDirty).add("b-0", kDirty).add("c-0", kDirty);
  FaultyFileSystem counting(posix_file_system());
  REQUIRE(compacted(undisturbed, {}, counting) == "a-0: 3 records, b-0: 3 records, c-0: 3 records");
  for (std::size_t operation = 0; operation < counting.operation_count(); ++operation) {
    CAPTURE(counting.journal()[operation]);
    Directory directory;
    directory.add("a-0", kDirty).add("b-0", kDirty).add("c-0", kDirty);
    FaultyFileSystem files(posix_file_system());
    files.fail_at(operation, ENOSPC);
    WorkMeter meter;
    const CompactedDirectory run(directory, files, {}, meter);
    REQUIRE(run.outcomes.size() == 3);
    int failed = 0;
    for (const auto& [name, outcome] : run.outcomes) {
      failed += std::holds_alternative<CompactionFailure>(outcome) ? 1 : 0;
      CHECK(directory.losses(name) == "");
    }
    CHECK(failed == 1);
    CHECK(compacted(directory).find("failed") == std::string::npos);  // and what is left can be done later
    for (const char* name : {"a-0", "b-0", "c-0"}) CHECK(directory.losses(name) == "");
  }
}

TEST_CASE("asked to stop, it begins nothing more and leaves what it began sound") {
  Directory directory;
  directory.add("a-0", kDirty).add("b-0", kDirty);
  WorkMeter meter;
  meter.ask_to_stop();
  CHECK(CompactedDirectory(directory, posix_file_system(), {}, meter).told() == "");
  CHECK(directory.losses("a-0") == "");
}

TEST_CASE("a dry run tells the same and writes nothing") {
  Directory directory;
  directory.add("a-0", kDirty).add("b-0", kDirty);
  FaultyFileSystem files(posix_file_system());
  CHECK(compacted(directory, {.jobs = 2, .dry_run = true}, files) == "a-0: 3 records, b-0: 3 records");
  CHECK(files.operation_count() == 0);
}

TEST_CASE("a rate is kept, by all threads together") {
  WorkMeter meter(std::uint64_t{10} << 20);
  const auto begin = std::chrono::steady_clock::now();
  for (int i = 0; i < 8; ++i) meter.account(std::uint64_t{1} << 20);
  const std::chrono::duration<double> passed = std::chrono::steady_clock::now() - begin;
  CHECK(passed.count() > 0.45);  // 8 MiB at 10 MiB/s, of which 300 ms are given in advance
  CHECK(meter.bytes() == 8u << 20);
}

}  // namespace kseg
