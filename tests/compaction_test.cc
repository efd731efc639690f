// When a compaction refuses, and what it leaves alone.
#include "lib/compaction.h"

#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/support/log_builder.h"

namespace kseg {
namespace {

CompactionRequest request(const Path& partition) {
  return {.partition = partition, .now_ms = 1000};
}

std::string refusal_of(const CompactionRequest& request) {
  const auto outcome = compact(posix_file_system(), request);
  const auto* refusal = std::get_if<Refusal>(&outcome);
  return refusal == nullptr ? "" : refusal->reason;
}

// Another process that holds the root's lock for as long as the object lives.
class Broker {
 public:
  explicit Broker(const Path& root) {
    int ready[2];
    int done[2];
    REQUIRE(::pipe(ready) == 0);
    REQUIRE(::pipe(done) == 0);
    child_ = ::fork();
    if (child_ == 0) {
      ::close(done[1]);
      const auto lock = posix_file_system().lock(root / kLockFile);
      char byte = lock ? 'y' : 'n';
      (void)!::write(ready[1], &byte, 1);
      (void)!::read(done[0], &byte, 1);  // until the other end is closed
      ::_exit(0);
    }
    ::close(done[0]);
    until_ = done[1];
    char byte = 'n';
    REQUIRE(::read(ready[0], &byte, 1) == 1);
    REQUIRE(byte == 'y');
    ::close(ready[0]);
    ::close(ready[1]);
  }
  ~Broker() {
    ::close(until_);
    ::waitpid(child_, nullptr, 0);
  }
  Broker(const Broker&) = delete;
  Broker& operator=(const Broker&) = delete;

 private:
  pid_t child_;
  int until_;
};

TEST_CASE("a log directory that a broker holds is refused in place, and not for a dry run or an output") {
  LogBuilder log = LogBuilder::from_notation("{0} a=1 a=2 {2} b=3");
  log.in_log_dir("t", 0, {.first_dirty = Offset{0}});
  const FolderFiles before = read_folder(log.path());
  const TemporaryFolder elsewhere;
  {
    const Broker broker(log.root());
    CHECK(refusal_of(request(log.path())).ends_with(".lock: a running broker holds the lock"));
    CompactionRequest dry = request(log.path());
    dry.dry_run = true;
    CHECK(refusal_of(dry) == "");
    CompactionRequest copy = request(log.path());
    copy.output = elsewhere.path() / "t-0";
    CHECK(refusal_of(copy) == "");
    CHECK(read_folder(log.path()) == before);
  }
  CHECK(refusal_of(request(log.path())) == "");
  CHECK(read_folder(log.path()) != before);
}

TEST_CASE("a second run right after the first changes no file, whatever it is asked for") {
  LogBuilder log = LogBuilder::from_notation("{0} a=1 [a=2 b=~] {3} T7[c=1] C7 a=3 {6} d=1 {7} e=1");
  log.in_log_dir("t", 0, {.first_dirty = Offset{0}});
  CHECK(refusal_of(request(log.path())) == "");
  const FolderFiles once = read_folder(log.path());
  CHECK(refusal_of(request(log.path())) == "");
  CHECK(read_folder(log.path()) == once);
  CompactionRequest from_the_start = request(log.path());
  from_the_start.first_dirty = Offset{0};
  CHECK(refusal_of(from_the_start) == "");
  CHECK(read_folder(log.path()) == once);
}

TEST_CASE("a dry run tells what the run then does, to the byte") {
  LogBuilder log = LogBuilder::from_notation("{0} [a=1 b=1] zl[a=2 c=1 d=1] {5} d=2 -=1 b=~ {8} e=1");
  log.in_log_dir("t", 0, {.first_dirty = Offset{0}});
  CompactionRequest dry = request(log.path());
  dry.dry_run = true;
  const auto foretold = std::get<CompactionReport>(compact(posix_file_system(), dry));
  const auto done = std::get<CompactionReport>(compact(posix_file_system(), request(log.path())));
  CHECK(foretold.log_bytes_after == done.log_bytes_after);
  CHECK(foretold.records_after == done.records_after);
  CHECK(foretold.counts.keyless == 1);
  CHECK(foretold.groups == done.groups);
}

TEST_CASE("tombstones and markers that are due stay if they are to be kept") {
  const char* notation = "{0} a=~^500 C7^500 b=1 {3} c=1";
  for (const bool keep : {false, true}) {
    LogBuilder log = LogBuilder::from_notation(notation);
    log.in_log_dir("t", 0, {.first_dirty = Offset{0}}).options({.expired_producers = {7}});
    CompactionRequest kept = request(log.path());
    kept.keep_tombstones = keep;
    kept.keep_markers = keep;
    const auto report = std::get<CompactionReport>(compact(posix_file_system(), kept));
    CHECK(report.counts.tombstones_expired == (keep ? 0 : 1));
    CHECK(report.counts.markers_expired == (keep ? 0 : 1));
    CHECK(report.records_after == (keep ? 4 : 2));
  }
}

TEST_CASE("the metadata log is never compacted in place") {
  LogBuilder log = LogBuilder::from_notation("{0} a=1 a=2 {2} b=3");
  log.in_log_dir("__cluster_metadata", 0, {.first_dirty = Offset{0}});
  CHECK(refusal_of(request(log.path())).ends_with("the metadata log must never be compacted by key"));
}

TEST_CASE("data that the transaction index calls aborted, and no marker does, is refused") {
  // As after an ABORT marker at offset 1, which has its damaged twin here: it is gone.
  const auto compacted = [](const Path& partition) {
    CompactionRequest compacting = request(partition);
    compacting.config.set("cleanup.policy", "compact");
    return compacting;
  };
  LogBuilder sound = LogBuilder::from_notation("{0} T7[a=1] A7 !7,0,1,2 {2} b=1 {3} c=1");
  CHECK(refusal_of(compacted(sound.path())) == "");
  LogBuilder log = LogBuilder::from_notation("{0} T7[a=1] !7,0,1,2 {2} b=1 {3} c=1");
  const FolderFiles before = read_folder(log.path());
  const auto outcome = compact(posix_file_system(), compacted(log.path()));
  REQUIRE(std::holds_alternative<Refusal>(outcome));
  const auto& defects = std::get<Refusal>(outcome).defects;
  REQUIRE(defects.size() == 1);
  CHECK(defects[0].file.filename() == "00000000000000000000.txnindex");
  CHECK(describe(defects[0].defect) ==
        "transaction_mismatch: expected an ABORT marker of producer 7 at offset 1, as the index says, found "
        "no marker of it behind its data");
  CHECK(read_folder(log.path()) == before);
}

}  // namespace
}  // namespace kseg
