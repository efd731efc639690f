// Kills `kseg compact` at random moments and looks whether anything is lost:
//
//   kseg_kill KSEG MEBIBYTES KILLS [SEED [LOADER]]
//
// A log with superseded values in old segments and due tombstones in newer ones is compacted in place by
// KSEG, which is killed (SIGKILL) after a random time. The folder is then loaded as a broker would, or by
// `LOADER FOLDER` (a program that runs Kafka's own), compared with the original, compacted to the end and
// compared again; until KILLS processes were really killed. Status 0 if nothing was ever lost, 1 else.
#include <fmt/format.h>
#include <signal.h>

#include <chrono>
#include <cstdlib>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "formats/record_batch_builder.h"
#include "lib/against.h"
#include "lib/segment_writer.h"
#include "tests/support/child_process.h"
#include "tests/support/load.h"
#include "tests/support/temporary_folder.h"

namespace kseg {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kSegmentBytes = std::uint64_t{8} << 20;
constexpr int kRecordsPerBatch = 40;
constexpr int kValueBytes = 400;
constexpr std::int64_t kDueHorizonMs = 1000;  // long past

// Writes segments of batches of random keys: every tenth batch is of tombstones that are due, every third
// of them in LZ4.
class LogWriter {
 public:
  LogWriter(Path folder, std::uint64_t bytes, std::uint64_t seed)
      : folder_(std::move(folder)), bytes_(bytes), key_count_(bytes / 4000 + 1), random_(seed) {}

  void write() {
    for (std::uint64_t written = 0; written < bytes_;) written += segment(kSegmentBytes);
    segment(1);  // the active one: a single batch
  }

 private:
  std::uint64_t segment(std::uint64_t size) {
    SegmentWriter writer(posix_file_system(),
                         {.folder = folder_, .base_offset = next_, .state = FileState::current});
    while (writer.size_bytes() < size) {
      batch();
      const auto header = decode_record_batch_header(batch_);
      check(static_cast<bool>(header) && !writer.append(*header, batch_), "a batch of the test's own");
    }
    writer.finish(1'000'000'000);
    writer.keep();
    return writer.size_bytes();
  }

  void batch() {
    const bool tombstones = random_() % 10 == 0;
    RecordBatchHeader like{.base_offset = next_, .last_offset_delta = kRecordsPerBatch - 1};
    if (random_() % 3 == 0) like.attributes = static_cast<std::int16_t>(Codec::lz4);
    builder_.begin(like, tombstones ? std::optional{kDueHorizonMs} : std::nullopt);
    for (int i = 0; i < kRecordsPerBatch; ++i) {
      const std::string key = fmt::format("key-{}", random_() % key_count_);
      const std::string value = fmt::format("{:0{}}", next_.value, kValueBytes);
      RecordView record{.offset = next_, .timestamp_ms = next_.value, .key = as_bytes(key)};
      if (!tombstones) record.value = as_bytes(value);
      builder_.add(record);
      next_ = next_ + 1;
    }
    batch_.clear();
    check(!builder_.finish(compressor_, batch_), "a batch of the test's own");
  }

  Path folder_;
  std::uint64_t bytes_;
  std::uint64_t key_count_;
  std::mt19937_64 random_;
  Offset next_;
  RecordBatchBuilder builder_;
  Compressor compressor_;
  ByteBuffer batch_;
};

class Killer {
 public:
  Killer(std::string kseg, std::uint64_t bytes, std::uint64_t seed, std::optional<std::string> loader)
      : kseg_(std::move(kseg)), loader_(std::move(loader)), random_(seed) {
    fs::create_directory(original());
    LogWriter(original(), bytes, seed).write();
    prepare();
    const auto begin = std::chrono::steady_clock::now();
    check(finished(wait_for(start())), "an undisturbed compaction");
    whole_run_ = std::chrono::steady_clock::now() - begin;
    check(fs::exists(partition() / "00000000000000000000.log"), "a compacted folder");
  }

  // True if nothing was lost.
  bool kill_once(int number) {
    prepare();
    const auto delay = std::chrono::duration_cast<std::chrono::microseconds>(
        whole_run_ * std::uniform_real_distribution<>(0, 1.1)(random_));
    const pid_t child = start();
    std::this_thread::sleep_for(delay);
    ::kill(child, SIGKILL);
    const bool was_killed = !finished(wait_for(child));
    if (was_killed) {
      ++killed_;
    } else {
      whole_run_ *= 0.9;  // the machine was slower when this was measured
    }
    const std::string left = left_over();
    load();
    const bool loaded = same("after loading");
    check(finished(wait_for(start())), "the compaction after a kill");
    const bool again = same("after another compaction");
    fmt::print("kill {} after {:.3f} s{}: {}\n", number, std::chrono::duration<double>(delay).count(),
               was_killed ? ", " + left : ", which was too late", loaded && again ? "nothing lost" : "LOST");
    return loaded && again;
  }

  int killed() const { return killed_; }

 private:
  Path original() const { return folder_.path() / "original-0"; }
  Path partition() const { return folder_.path() / "t-0"; }

  // Compaction never writes to a file that is there, so links make as good a copy as any.
  void prepare() {
    fs::remove_all(partition());
    fs::create_directory(partition());
    for (const auto& entry : fs::directory_iterator(original())) {
      fs::create_hard_link(entry.path(), partition() / entry.path().filename());
    }
  }

  pid_t start() const {
    return ChildProcess{.words = {kseg_, "compact", partition(), "--config", "cleanup.policy=compact",
                                  "--config", fmt::format("segment.bytes={}", kSegmentBytes), "--first-dirty",
                                  "0"}}
        .start();
  }

  // In what state the process left the folder.
  std::string left_over() const {
    int cleaned = 0, swap = 0, deleted = 0;
    for (const auto& entry : fs::directory_iterator(partition())) {
      const std::string name = entry.path().filename();
      cleaned += name.ends_with(".cleaned") ? 1 : 0;
      swap += name.ends_with(".swap") ? 1 : 0;
      deleted += name.ends_with(".deleted") ? 1 : 0;
    }
    return fmt::format("{} .cleaned, {} .swap, {} .deleted", cleaned, swap, deleted);
  }

  void load() const {
    if (!loader_) return load_as_broker(posix_file_system(), partition());
    const std::string command = *loader_ + " " + partition().string() + " >/dev/null";
    check(std::system(command.c_str()) == 0, "the loader");
  }

  struct Report : VerifyReport {
    void on_defect(const Path& file, const Defect& defect) override {
      fmt::print("  {}: {}\n", file.string(), describe(defect));
    }
    void on_warning(const Path&, const Defect&) override {}
    void on_note(const Path&, Position, const std::string&) override {}
  };

  bool same(const char* when) const {
    Report report;
    const Comparison comparison = compare(posix_file_system(), partition(), original(), {}, report);
    for (const Difference& difference : comparison.differences) {
      fmt::print("  {}: {} at offset {}: expected {}, found {}\n", when, name(difference.code),
                 difference.offset, difference.expected, difference.found);
    }
    return comparison.difference_count == 0 && report.counts().defects == 0;
  }

  std::string kseg_;
  std::optional<std::string> loader_;
  TemporaryFolder folder_;
  std::mt19937_64 random_;
  std::chrono::duration<double> whole_run_{};
  int killed_ = 0;
};

int run(int argc, char** argv) {
  if (argc < 4) {
    fmt::print(stderr, "usage: kseg_kill KSEG MEBIBYTES KILLS [SEED [LOADER]]\n");
    return 2;
  }
  const std::uint64_t bytes = std::strtoull(argv[2], nullptr, 10) << 20;
  const int kills = std::atoi(argv[3]);
  const std::uint64_t seed = argc > 4 ? std::strtoull(argv[4], nullptr, 10) : 1;
  Killer killer(argv[1], bytes, seed, argc > 5 ? std::optional<std::string>(argv[5]) : std::nullopt);
  int lost = 0;
  for (int i = 1; killer.killed() < kills; ++i) lost += killer.kill_once(i) ? 0 : 1;
  fmt::print("{} killed, {} times something was lost\n", killer.killed(), lost);
  return lost == 0 ? 0 : 1;
}

}  // namespace
}  // namespace kseg

int main(int argc, char** argv) {
  return kseg::run(argc, argv);
}
