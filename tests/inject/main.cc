// Makes a system call of `kseg` go wrong, and looks at what is left:
//
//   kseg_inject KSEG LIBRARY FAULTS [SEED]
//
// KSEG runs with LIBRARY (library.cc) before libc, on a copy of a partition that a real broker wrote: it
// compacts, recovers, deletes old segments, appends, takes back a compaction, repairs, makes indexes anew. Of
// each call about the partition's files, one a run, each kind of fault is tried: an errno, EINTR, half of the
// bytes, death before the call, death after half of the bytes; FAULTS of each command, drawn by SEED, or all
// of them with 0. Each time
//
// - a call that was interrupted or did half of its work is made again: the result is that of an undisturbed
// run;
// - one that the system refuses ends the run with status 3, the file's name and the system's reason, or it
// did
//   not matter, and the result is that of an undisturbed run;
// - what is left is sound, nothing of the original is lost, and the next run completes.
//
// Status 0 if all of that holds, 1 else.
#include <fmt/format.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <system_error>
#include <vector>

#include "formats/check.h"
#include "lib/leader_epochs.h"
#include "lib/partition_log.h"
#include "tests/support/child_process.h"
#include "tests/support/collected_report.h"
#include "tests/support/dice.h"
#include "tests/support/load.h"
#include "tests/support/log_folder.h"
#include "tests/support/lost_records.h"
#include "tests/support/temporary_folder.h"

namespace kseg {
namespace {

namespace fs = std::filesystem;

const Path kBroker = Path(KSEG_TEST_DATA) / "broker";
constexpr const char* kNow = "1795000000000";

// Bytes of all files below a folder, by path; `.lock`, which a broker leaves too, is not one of them.
using Tree = std::map<std::string, ByteBuffer>;

Tree read_tree(const Path& folder) {
  Tree tree;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (!entry.is_regular_file() || entry.path().filename() == ".lock") continue;
    tree[entry.path().lexically_relative(folder)] = read_whole_file(entry.path());
  }
  return tree;
}

std::string difference(const Tree& expected, const Tree& found) {
  for (const auto& [name, bytes] : expected) {
    const auto other = found.find(name);
    if (other == found.end()) return name + " is missing";
    if (other->second != bytes) return name + " has other bytes";
  }
  for (const auto& [name, bytes] : found) {
    if (expected.count(name) == 0) return name + " is new";
  }
  return "";
}

ByteBuffer log_bytes(const Path& partition) {
  ByteBuffer all;
  const PartitionLog log = PartitionLog::open(posix_file_system(), partition);
  for (const Segment& segment : log.segments()) append(all, read_whole_file(segment.log));
  return all;
}

// As root, what is looked at belongs to somebody else, as a broker's files do.
constexpr std::uint32_t kBrokersUser = 65534;

void give_to_broker(const Path& folder) {
  if (::geteuid() != 0) return;
  posix_file_system().set_owner(folder, kBrokersUser, kBrokersUser);
  for (const auto& entry : fs::recursive_directory_iterator(folder))
    posix_file_system().set_owner(entry.path(), kBrokersUser, kBrokersUser);
}

std::string of_another_owner(const Path& folder) {
  if (::geteuid() != 0) return "";
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (posix_file_system().info(entry.path())->user_id != kBrokersUser)
      return entry.path().filename().string() + " does not belong to the broker's user";
  }
  return "";
}

bool begins_with(const ByteBuffer& whole, const ByteBuffer& part) {
  return part.size() <= whole.size() && std::equal(part.begin(), part.end(), whole.begin());
}

bool ends_with(const ByteBuffer& whole, const ByteBuffer& part) {
  return part.size() <= whole.size() && std::equal(part.rbegin(), part.rend(), whole.rbegin());
}

struct Fault {
  std::string name;  // of the table's column
  std::string told;  // to the library
  int error_number = 0;
  bool dies = false;
  std::set<std::string> of = {};  // calls; empty: all
};

const std::set<std::string> kTransfers{"read", "pread", "write", "pwrite"};
const std::set<std::string> kInterruptible{"open",   "read",  "pread",     "write",
                                           "pwrite", "fsync", "ftruncate", "fcntl"};

std::vector<Fault> faults() {
  const auto refusal = [](const char* name, int error_number, std::set<std::string> of = {}) {
    return Fault{.name = name,
                 .told = std::to_string(error_number),
                 .error_number = error_number,
                 .of = std::move(of)};
  };
  return {refusal("EIO", EIO),
          refusal("ENOSPC", ENOSPC),
          refusal("EACCES", EACCES),
          refusal("EINTR", EINTR, kInterruptible),
          {.name = "half", .told = "short", .of = kTransfers},
          {.name = "death", .told = "kill", .dies = true},
          {.name = "half, death", .told = "torn", .dies = true, .of = {"write", "pwrite"}}};
}

// A command on a copy of a partition, and what must hold after a run of it that went wrong.
class Scenario {
 public:
  Scenario(std::string name, Path kseg, Path fixture, std::string partition)
      : name_(std::move(name)),
        kseg_(std::move(kseg)),
        fixture_(std::move(fixture)),
        partition_name_(std::move(partition)) {
    fs::create_directory(before());
    for (const auto& entry : fs::directory_iterator(fixture_)) {
      if (entry.is_regular_file()) fs::copy(entry.path(), before() / entry.path().filename());
    }
    fs::copy(fixture_ / partition_name_, before() / partition_name_);
  }
  virtual ~Scenario() = default;

  const std::string& name() const { return name_; }
  Path all() const { return folder_.path() / "all"; }  // what calls are counted below
  Path root() const { return all() / "root"; }
  Path partition() const { return root() / partition_name_; }
  Path before() const { return folder_.path() / "before"; }
  Path original() const { return before() / partition_name_; }
  Path printed() const { return folder_.path() / "printed"; }
  Path journal() const { return folder_.path() / "journal"; }

  virtual std::vector<std::string> words() const = 0;
  virtual void restore() {
    fs::remove_all(all());
    fs::create_directory(all());
    fs::copy(before(), root(), fs::copy_options::recursive);
    give_to_broker(root());
  }

  // What is wrong with what a refusal, or a death, left; empty if nothing. May run on.
  virtual std::string judge(bool died) = 0;

  int run(std::vector<std::string> arguments,
          std::vector<std::pair<std::string, std::string>> environment = {}) const {
    arguments.insert(arguments.begin(), kseg_.string());
    return ChildProcess{
        .words = std::move(arguments), .environment = std::move(environment), .output = printed()}
        .run();
  }
  std::string told() const { return std::string(as_text(read_whole_file(printed()))); }

  // As above, of the next run.
  std::string next_run(const std::vector<std::string>& arguments) const {
    const int status = run(arguments);
    return finished(status) ? "" : fmt::format("the next run: {}", told());
  }
  std::string next_run_then_verified(const std::vector<std::string>& arguments) const {
    std::string wrong = next_run(arguments);
    return wrong.empty() ? verified() : wrong;
  }
  std::string verified() const {
    return finished(run({"verify", partition().string()})) ? "" : fmt::format("verify: {}", told());
  }
  std::string lost() const { return differences(partition(), original()); }
  Tree tree() const { return read_tree(all()); }

  Tree undisturbed;  // what such a run leaves

 private:
  std::string name_;
  Path kseg_;
  Path fixture_;
  std::string partition_name_;
  TemporaryFolder folder_;
};

class CompactScenario : public Scenario {
 public:
  explicit CompactScenario(const Path& kseg)
      : Scenario("compact", kseg, kBroker / "compaction/0-before", "kv-txn-0") {}

  std::vector<std::string> words() const override {
    return {"compact",  partition(),
            "--config", "cleanup.policy=compact",
            "--config", "segment.bytes=20000",
            "--jobs",   "1",
            "--now",    kNow};
  }
  std::string judge(bool) override {
    if (std::string wrong = verified() + lost(); !wrong.empty()) return wrong;
    std::vector<std::string> again = words();
    again.push_back("--recover");
    if (std::string wrong = next_run_then_verified(again) + lost(); !wrong.empty()) return wrong;
    return "";
  }
};

class RecoverScenario : public Scenario {
 public:
  explicit RecoverScenario(const Path& kseg)
      : Scenario("compact --recover", kseg, kBroker / "unclean/torn", "torn-0") {}

  std::vector<std::string> words() const override {
    return {"compact", partition(), "--recover", "--config", "cleanup.policy=compact",
            "--jobs",  "1",         "--now",     kNow};
  }
  std::string judge(bool) override {
    if (std::string wrong = next_run_then_verified(words()); !wrong.empty()) return wrong;
    return same_result(tree());
  }
  std::string same_result(Tree left) const {
    std::erase_if(left, [](const auto& file) { return file.first.ends_with(".tmp"); });
    return difference(undisturbed, left);
  }
};

class RetentionScenario : public Scenario {
 public:
  explicit RetentionScenario(const Path& kseg)
      : Scenario("retention", kseg, kBroker / "compaction/0-before", "kv-txn-0") {}

  std::vector<std::string> words() const override {
    return {"retention", partition(),
            "--config",  "cleanup.policy=compact,delete",
            "--config",  "retention.bytes=40000",
            "--now",     kNow};
  }
  std::string judge(bool) override {
    if (std::string wrong = verified(); !wrong.empty()) return wrong;
    if (!ends_with(log_bytes(original()), log_bytes(partition()))) return "not the end of the log";
    if (std::string wrong = next_run_then_verified(words()); !wrong.empty()) return wrong;
    // A broker's next start removes what a stop left of a segment whose log is gone, and epochs below the log
    // start.
    Tree left = tree();
    std::erase_if(left, [&](const auto& file) {
      return undisturbed.count(file.first) == 0 && !file.first.ends_with(".log");
    });
    Tree expected = undisturbed;
    for (Tree* each : {&expected, &left}) begin_epochs_at_log_start(*each);
    return difference(expected, left);
  }

 private:
  void begin_epochs_at_log_start(Tree& tree) const {
    ByteBuffer& file = tree.at("root/kv-txn-0/" + std::string(kLeaderEpochCheckpoint));
    LeaderEpochs epochs(*decode_leader_epoch_checkpoint(file));
    epochs.begin_at(PartitionLog::open(posix_file_system(), partition()).segments().front().base_offset);
    const std::string text = encode_leader_epoch_checkpoint(epochs.entries());
    file.assign(text.begin(), text.end());
  }
};

class AppendScenario : public Scenario {
 public:
  explicit AppendScenario(const Path& kseg)
      : Scenario("append", kseg, kBroker / "compaction/0-before", "kv-txn-0") {
    std::string text;
    for (int i = 0; i < 60; ++i) {
      text += fmt::format(
          R"({{"key":"k{}","value":"{:0200}","producer_id":7000,"producer_epoch":0,"sequence":{},"transactional":true}})"
          "\n",
          i % 7, i, i);
      if (i % 20 != 19) continue;
      text += fmt::format(
          R"({{"producer_id":7000,"producer_epoch":0,"transactional":true,"control":{{"type":"{}"}}}})"
          "\n",
          i == 39 ? "COMMIT" : "ABORT");
    }
    write_whole_file(lines(), as_bytes(text));
    write_whole_file(line(), as_bytes("{\"key\":\"next\"}\n"));
  }

  std::vector<std::string> words() const override {
    return {"append",   partition(),          "--input", lines(), "--batch-records", "5",
            "--config", "segment.bytes=8000", "--now",   kNow};
  }
  std::string judge(bool died) override {
    if (!died) return difference(read_tree(before()), read_tree(root()));
    const ByteBuffer left = log_bytes(partition());
    if (!begins_with(left, log_bytes(original()))) return "the old log has changed";
    ByteBuffer after;
    for (const auto& [name, bytes] : undisturbed) {
      if (name.ends_with(".log")) append(after, bytes);
    }
    if (!begins_with(after, left)) return "not what was to be appended";
    return next_run_then_verified({"append", partition(), "--recover", "--input", line(), "--now", kNow});
  }

 private:
  Path lines() const { return before().parent_path() / "lines"; }
  Path line() const { return before().parent_path() / "line"; }
};

class UndoScenario : public Scenario {
 public:
  explicit UndoScenario(const Path& kseg)
      : Scenario("undo", kseg, kBroker / "compaction/0-before", "kv-txn-0") {}

  void restore() override {
    Scenario::restore();
    const int status = run({"compact", partition(), "--config", "cleanup.policy=compact", "--config",
                            "segment.bytes=20000", "--now", kNow, "--keep-originals", originals()});
    check(finished(status), "a compaction to be undone");
  }
  std::vector<std::string> words() const override { return {"undo", originals()}; }
  std::string judge(bool) override {
    if (std::string wrong = verified() + lost(); !wrong.empty()) return wrong;
    if (fs::exists(Path(originals()) / "kv-txn-0")) {
      if (std::string wrong = next_run(words()); !wrong.empty()) return wrong;
    }
    return difference(undisturbed, tree());
  }

 private:
  std::string originals() const { return all() / "originals"; }
};

class RepairScenario : public Scenario {
 public:
  explicit RepairScenario(const Path& kseg)
      : Scenario("repair", kseg, kBroker / "compaction/0-before", "kv-0") {
    ByteBuffer damaged = read_whole_file(original() / "00000000000000000000.log");
    damaged[900] ^= 0xff;
    write_whole_file(original() / "00000000000000000000.log", damaged);
    fs::resize_file(original() / "00000000000000000098.log", 2000);
    fs::remove(original() / "00000000000000000049.index");
  }

  std::vector<std::string> words() const override {
    return {"repair", "--in-place", partition(), "--now", kNow};
  }
  std::string judge(bool) override {
    load_as_broker(posix_file_system(), partition());  // whose start finishes a swap, or throws it away
    if (std::string wrong = next_run_then_verified(words()); !wrong.empty()) return wrong;
    for (const auto& [name, bytes] : tree()) {
      if (name.ends_with(".log") && undisturbed.at(name) != bytes) return name + " has other bytes";
    }
    return "";
  }
};

class ReindexScenario : public Scenario {
 public:
  explicit ReindexScenario(const Path& kseg)
      : Scenario("reindex", kseg, kBroker / "compaction/0-before", "kv-txn-0") {
    fs::remove(original() / "00000000000000000052.index");
    fs::remove(original() / "00000000000000000058.txnindex");
    fs::remove(original() / "00000000000000000100.snapshot");
    for (const char* wrong : {"00000000000000000106.index", "00000000000000000106.timeindex"})
      write_whole_file(original() / wrong, ByteBuffer(24, 0x5a));
  }

  std::vector<std::string> words() const override {
    return {"reindex", partition(), "--jobs", "1", "--now", kNow};
  }
  std::string judge(bool) override {
    if (std::string wrong = next_run_then_verified(words()); !wrong.empty()) return wrong;
    // The mark of a clean shutdown is put away while files change, and never made.
    Tree left = tree();
    Tree expected = undisturbed;
    for (Tree* each : {&left, &expected}) {
      std::erase_if(*each, [](const auto& file) {
        return file.first.ends_with(".tmp") || file.first.ends_with(kCleanShutdownFile);
      });
    }
    return difference(expected, left);
  }
};

class Injection {
 public:
  Injection(Scenario& scenario, Path library) : scenario_(scenario), library_(std::move(library)) {
    scenario_.restore();
    const int status = run(0, "");
    if (!finished(status)) fmt::print(stderr, "{}", scenario_.told());
    check(finished(status), "an undisturbed run");
    scenario_.undisturbed = scenario_.tree();
    std::ifstream journal(scenario_.journal());
    for (std::string line; std::getline(journal, line);) calls_.push_back(line);
    check(calls_.size() > 50, "a process that the library is loaded into");
  }

  // Tries `wanted` faults, or all. True if nothing was wrong.
  bool try_faults(std::size_t wanted, Dice& dice) {
    std::vector<Try> tries;
    for (const Fault& fault : faults()) {
      for (std::size_t i = 0; i < calls_.size(); ++i) {
        if (fault.of.empty() || fault.of.count(function(i)) > 0) tries.push_back({i, fault});
      }
    }
    if (wanted > 0 && wanted < tries.size()) tries = sample(tries, wanted, dice);
    bool sound = true;
    for (const Try& one : tries) {
      const std::string wrong = try_one(one.call, one.fault);
      ++counts_[one.fault.name];
      if (wrong.empty()) continue;
      sound = false;
      fmt::print("{}: {} at call {}, {}: {}\n", scenario_.name(), one.fault.name, one.call + 1,
                 calls_[one.call], wrong);
    }
    return sound;
  }

  void print_row() const {
    fmt::print("| `{}` | {} |", scenario_.name(), calls_.size());
    for (const Fault& fault : faults()) {
      const auto count = counts_.find(fault.name);
      fmt::print(" {} |", count == counts_.end() ? 0 : count->second);
    }
    fmt::print(" {} | {} |\n", as_undisturbed_, refused_);
  }

 private:
  struct Try {
    std::size_t call;
    Fault fault;
  };

  std::string function(std::size_t call) const { return calls_[call].substr(0, calls_[call].find(' ')); }

  // Each kind of fault and each function as often as the others: most calls only look.
  std::vector<Try> sample(const std::vector<Try>& tries, std::size_t wanted, Dice& dice) const {
    std::map<std::string, std::map<std::string, std::vector<Try>>> left;
    for (const Try& one : tries) left[one.fault.name][function(one.call)].push_back(one);
    std::vector<Try> drawn;
    while (drawn.size() < wanted) {
      auto kind = std::next(left.begin(), dice.below(static_cast<std::int64_t>(left.size())));
      auto of = std::next(kind->second.begin(), dice.below(static_cast<std::int64_t>(kind->second.size())));
      std::swap(
          of->second.back(),
          of->second[static_cast<std::size_t>(dice.below(static_cast<std::int64_t>(of->second.size())))]);
      drawn.push_back(std::move(of->second.back()));
      of->second.pop_back();
      if (of->second.empty()) kind->second.erase(of);
      if (kind->second.empty()) left.erase(kind);
    }
    return drawn;
  }

  int run(std::size_t call, const std::string& fault) const {
    fs::remove(scenario_.journal());
    std::vector<std::pair<std::string, std::string>> environment{{"LD_PRELOAD", library_},
                                                                 {"KSEG_INJECT_UNDER", scenario_.all()}};
    if (call == 0) {
      environment.emplace_back("KSEG_INJECT_JOURNAL", scenario_.journal());
    } else {
      environment.emplace_back("KSEG_INJECT_CALL", std::to_string(call));
      environment.emplace_back("KSEG_INJECT_FAULT", fault);
    }
    return scenario_.run(scenario_.words(), std::move(environment));
  }

  std::string try_one(std::size_t call, const Fault& fault) {
    scenario_.restore();
    const int status = run(call + 1, fault.told);
    const std::string told = scenario_.told();
    if (WIFSIGNALED(status)) {
      if (!fault.dies || WTERMSIG(status) != SIGKILL)
        return fmt::format("ended by signal {}", WTERMSIG(status));
      return scenario_.judge(true);
    }
    if (fault.dies) return "it did not die";
    if (finished(status)) {
      ++as_undisturbed_;
      const std::string different = difference(scenario_.undisturbed, scenario_.tree());
      return different.empty() ? of_another_owner(scenario_.root()) : different;
    }
    ++refused_;
    if (fault.error_number == 0 || fault.error_number == EINTR)
      return fmt::format("status {}: {}", WEXITSTATUS(status), told);
    const bool busy = fault.error_number == EACCES && calls_[call].starts_with("fcntl");  // somebody's lock
    if (WEXITSTATUS(status) != (busy ? 4 : 3)) return fmt::format("status {}: {}", WEXITSTATUS(status), told);
    if (!busy && told.find(std::generic_category().message(fault.error_number)) == std::string::npos)
      return "no reason: " + told;
    if (told.find(scenario_.all().string()) == std::string::npos) return "no file: " + told;
    return scenario_.judge(false);
  }

  Scenario& scenario_;
  Path library_;
  std::vector<std::string> calls_;
  std::map<std::string, std::size_t> counts_;
  std::size_t as_undisturbed_ = 0;
  std::size_t refused_ = 0;
};

int inject(const Path& kseg, const Path& library, std::size_t wanted, std::uint64_t seed) {
  CompactScenario compact(kseg);
  RecoverScenario recover(kseg);
  RetentionScenario retention(kseg);
  AppendScenario append(kseg);
  UndoScenario undo(kseg);
  RepairScenario repair(kseg);
  ReindexScenario reindex(kseg);
  Dice dice(seed);
  bool sound = true;
  std::vector<Injection> done;
  for (Scenario* scenario :
       std::initializer_list<Scenario*>{&compact, &recover, &retention, &append, &undo, &repair, &reindex}) {
    Injection injection(*scenario, library);
    sound = injection.try_faults(wanted, dice) && sound;
    done.push_back(std::move(injection));
  }
  fmt::print("| command | calls |");
  for (const Fault& fault : faults()) fmt::print(" {} |", fault.name);
  fmt::print(" as undisturbed | status 3 or 4 |\n");
  for (const Injection& injection : done) injection.print_row();
  fmt::print("{}\n", sound ? "all is well" : "NOT SOUND");
  return sound ? 0 : 1;
}

}  // namespace
}  // namespace kseg

int main(int argc, char** argv) {
  if (argc < 4) {
    fmt::print(stderr, "usage: kseg_inject KSEG LIBRARY FAULTS [SEED]\n");
    return 2;
  }
  return kseg::inject(argv[1], argv[2], std::stoull(argv[3]), argc > 4 ? std::stoull(argv[4]) : 1);
}
