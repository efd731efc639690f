// Kills `kseg append` at random moments and looks at what is left:
//
//   kseg_kill_append KSEG MEBIBYTES KILLS [SEED]
//
// KSEG appends lines to a partition in a log directory and is killed (SIGKILL) after a random time. What is
// left must be the first bytes of what an undisturbed run writes, the old log and more; verify must find
// whole batches and at most a torn tail; and `append --recover` must go on behind them. Until KILLS processes
// were really killed. Status 0 if all of that holds, 1 else.
#include <fmt/format.h>
#include <signal.h>

#include <chrono>
#include <cstdlib>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "formats/check.h"
#include "lib/log_check.h"
#include "tests/support/child_process.h"
#include "tests/support/collected_report.h"
#include "tests/support/log_builder.h"
#include "tests/support/temporary_folder.h"

namespace kseg {
namespace {

namespace fs = std::filesystem;

// Transactions of two producers, every third aborted, and records of nobody in between.
std::string random_lines(std::uint64_t bytes, std::mt19937_64& random) {
  std::string lines;
  std::int64_t sequences[2] = {0, 0};
  for (int round = 0; lines.size() < bytes; ++round) {
    const int producer = round % 2;
    for (int i = 0; i < 20; ++i) {
      lines += fmt::format(
          R"({{"key":"k{}","value":"{:0{}}","producer_id":{},"producer_epoch":0,"sequence":{},"transactional":true}})"
          "\n",
          random() % 1000, random(), 20 + random() % 400, producer, sequences[producer]++);
    }
    lines += fmt::format(R"({{"key":"plain","value":"{:0300}"}})"
                         "\n",
                         random());
    lines += fmt::format(
        R"({{"producer_id":{},"producer_epoch":0,"transactional":true,"control":{{"type":"{}"}}}})"
        "\n",
        producer, round % 3 == 0 ? "ABORT" : "COMMIT");
  }
  return lines;
}

// All `.log` files, one after the other.
ByteBuffer log_bytes(const Path& partition) {
  ByteBuffer all;
  for (const auto& [name, bytes] : read_folder(partition)) {
    if (name.ends_with(".log")) append(all, bytes);
  }
  return all;
}

bool begins_with(const ByteBuffer& whole, const ByteBuffer& part) {
  return part.size() <= whole.size() && std::equal(part.begin(), part.end(), whole.begin());
}

std::string defects(const Path& partition) {
  CollectedReport report;
  verify(LogCheck::of_folder(posix_file_system(), partition, {}, report));
  std::string text;
  for (const LocatedDefect& each : report.defects) text += describe(each.defect) + "; ";
  return text;
}

class Killer {
 public:
  Killer(std::string kseg, std::uint64_t bytes, std::uint64_t seed) : kseg_(std::move(kseg)), random_(seed) {
    log_.in_log_dir("t", 0);
    write_whole_file(lines(), as_bytes(random_lines(bytes, random_)));
    prepare();
    before_ = log_bytes(partition());
    const auto begin = std::chrono::steady_clock::now();
    check(finished(wait_for(start({"--input", lines()}))), "an undisturbed run");
    whole_run_ = std::chrono::steady_clock::now() - begin;
    after_ = log_bytes(partition());
    check(defects(partition()).empty(), "an undisturbed run leaves a sound log");
  }

  // True if what is left is as it should be.
  bool kill_once(int number) {
    prepare();
    const auto delay = std::chrono::duration_cast<std::chrono::microseconds>(
        whole_run_ * std::uniform_real_distribution<>(0, 1.1)(random_));
    const pid_t child = start({"--input", lines()});
    std::this_thread::sleep_for(delay);
    ::kill(child, SIGKILL);
    const bool was_killed = !finished(wait_for(child));
    killed_ += was_killed ? 1 : 0;
    if (!was_killed) whole_run_ *= 0.9;  // the machine was slower when this was measured

    const ByteBuffer left = log_bytes(partition());
    const bool prefix = begins_with(left, before_) && begins_with(after_, left);
    const std::string wrong = defects(partition());
    write_whole_file(one_line(), as_bytes("{\"key\":\"next\"}\n"));
    const bool goes_on = finished(wait_for(start({"--recover", "--input", one_line()})));
    const std::string wrong_then = defects(partition());
    const bool sound = prefix && wrong.empty() && goes_on && wrong_then.empty();
    fmt::print("kill {} after {:.3f} s{}: {} of {} bytes, {}{}{}\n", number,
               std::chrono::duration<double>(delay).count(), was_killed ? "" : ", which was too late",
               left.size() - before_.size(), after_.size() - before_.size(),
               sound ? "sound" : "NOT SOUND: ", wrong, wrong_then);
    return sound;
  }

  int killed() const { return killed_; }

 private:
  Path root() const { return folder_.path() / "root"; }
  Path partition() const { return root() / "t-0"; }
  Path lines() const { return folder_.path() / "lines"; }
  Path one_line() const { return folder_.path() / "line"; }

  void prepare() {
    fs::remove_all(root());
    fs::copy(log_.root(), root(), fs::copy_options::recursive);
  }

  pid_t start(const std::vector<std::string>& words) const {
    ChildProcess append{
        .words = {kseg_, "append", partition(), "--now", "1000", "--config", "segment.bytes=2000000"}};
    append.words.insert(append.words.end(), words.begin(), words.end());
    return append.start();
  }

  std::string kseg_;
  std::mt19937_64 random_;
  TemporaryFolder folder_;
  LogBuilder log_ = LogBuilder::from_notation("{0} a=1 [b=2 c=3] {3} d=4");
  ByteBuffer before_;
  ByteBuffer after_;
  std::chrono::duration<double> whole_run_{};
  int killed_ = 0;
};

}  // namespace
}  // namespace kseg

int main(int argc, char** argv) {
  if (argc < 4) {
    fmt::print(stderr, "usage: kseg_kill_append KSEG MEBIBYTES KILLS [SEED]\n");
    return 2;
  }
  const std::uint64_t seed = argc > 4 ? std::stoull(argv[4]) : std::random_device()();
  const int kills = std::stoi(argv[3]);
  fmt::print("seed {}\n", seed);
  kseg::Killer killer(argv[1], std::stoull(argv[2]) << 20, seed);
  bool sound = true;
  for (int number = 1; killer.killed() < kills && number <= 4 * kills; ++number) {
    sound = killer.kill_once(number) && sound;
  }
  fmt::print("{} killed, {}\n", killer.killed(), sound ? "all is well" : "NOT SOUND");
  return sound ? 0 : 1;
}
