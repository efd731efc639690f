#include "lib/log_dir.h"

#include <doctest/doctest.h>

#include <fstream>

#include "tests/support/lock_holder.h"
#include "tests/support/temporary_folder.h"

namespace kseg {
namespace {

void write(const Path& path, std::string_view text) {
  std::ofstream(path, std::ios::binary) << text;
}

std::string text_of(const Path& path) {
  return std::string(as_text(read_file(posix_file_system(), path)));
}

// A root with one partition folder, t-0.
class Root {
 public:
  Root() {
    write(path() / kMetaProperties, "");
    std::filesystem::create_directory(partition());
  }
  const Path& path() const { return folder_.path(); }
  Path partition() const { return path() / "t-0"; }
  Path checkpoint() const { return path() / kCleanerCheckpoint; }
  LogDir log_dir() const { return *LogDir::parent_of(posix_file_system(), partition()); }

 private:
  TemporaryFolder folder_;
};

}  // namespace

TEST_CASE("any file of a root makes its folder one") {
  for (const std::string_view name :
       {kMetaProperties, kRecoveryPointCheckpoint, kLogStartCheckpoint, kReplicationCheckpoint,
        kCleanerCheckpoint, kLockFile, kCleanShutdownFile}) {
    CAPTURE(name);
    TemporaryFolder folder;
    CHECK_FALSE(LogDir::is_root(posix_file_system(), folder.path()));
    CHECK_FALSE(LogDir::at(posix_file_system(), folder.path()));
    write(folder.path() / name, "");
    CHECK(LogDir::is_root(posix_file_system(), folder.path()));
    CHECK(LogDir::at(posix_file_system(), folder.path())->path() == folder.path());
  }
}

TEST_CASE("a partition folder is no root, nor is what a copied one lies in") {
  TemporaryFolder folder;
  const Path copy = folder.path() / "t-0";
  std::filesystem::create_directory(copy);
  write(copy / kLeaderEpochCheckpoint, "");
  write(copy / kPartitionMetadata, "");
  CHECK_FALSE(LogDir::is_root(posix_file_system(), copy));
  CHECK_FALSE(LogDir::parent_of(posix_file_system(), copy));
}

TEST_CASE("the root of a partition folder is its parent, however the folder is named") {
  const Root root;
  FileSystem& files = posix_file_system();
  CHECK(LogDir::parent_of(files, root.partition())->path() == root.path());
  CHECK(LogDir::parent_of(files, root.partition() / "")->path() == root.path());
  CHECK(std::filesystem::equivalent(LogDir::parent_of(files, root.partition() / ".")->path(), root.path()));
  CHECK_FALSE(LogDir::parent_of(files, root.path()));
}

TEST_CASE("a relative name of a partition folder lies in the current folder, its dot in the one above") {
  const Root root;
  const Path before = std::filesystem::current_path();
  std::filesystem::current_path(root.path());
  const auto named = LogDir::parent_of(posix_file_system(), "t-0");
  std::filesystem::current_path(root.partition());
  const auto dot = LogDir::parent_of(posix_file_system(), ".");
  std::filesystem::current_path(before);
  REQUIRE(named);
  CHECK(named->path() == ".");
  REQUIRE(dot);
}

TEST_CASE("only the marker says that the broker stopped cleanly") {
  const Root root;
  CHECK_FALSE(root.log_dir().cleanly_shut_down());
  write(root.path() / kCleanShutdownFile, "");
  CHECK(root.log_dir().cleanly_shut_down());
}

TEST_CASE("a root that another process holds is in use and cannot be locked") {
  const Root root;
  {
    const LockHolder broker(root.path() / kLockFile);
    CHECK(root.log_dir().in_use());
    CHECK(root.log_dir().lock() == nullptr);
  }
  CHECK_FALSE(root.log_dir().in_use());
  CHECK(root.log_dir().lock() != nullptr);
}

TEST_CASE("a checkpoint file that is missing or empty has no entries") {
  const Root root;
  CHECK(root.log_dir().read_checkpoint(kReplicationCheckpoint)->empty());
  write(root.path() / kReplicationCheckpoint, "");
  CHECK(root.log_dir().read_checkpoint(kReplicationCheckpoint)->empty());
  write(root.path() / kReplicationCheckpoint, "0\n1\nt 0 5\n");
  CHECK(find(*root.log_dir().read_checkpoint(kReplicationCheckpoint), {"t", 0}) == Offset{5});
  write(root.path() / kReplicationCheckpoint, "0\n2\nt 0 5\n");
  CHECK(root.log_dir().read_checkpoint(kReplicationCheckpoint).error().code == DefectCode::bad_text);
}

TEST_CASE("the first cleaning of a log dir makes the checkpoint (L1)") {
  const Root root;
  CHECK_FALSE(root.log_dir().write_checkpoint(kCleanerCheckpoint, {"t", 0}, {5}));
  CHECK(text_of(root.checkpoint()) == "0\n1\nt 0 5\n");
}

TEST_CASE("other partitions keep their entries and places, also those that are not there (L2, L3, L17)") {
  const Root root;
  write(root.checkpoint(), "0\n5\ngone 7 1\nt 0 3\nu   1  9\nt 0 4\nu 1 10");
  CHECK_FALSE(root.log_dir().write_checkpoint(kCleanerCheckpoint, {"t", 0}, {5}));
  CHECK(text_of(root.checkpoint()) == "0\n4\ngone 7 1\nt 0 5\nu 1 9\nu 1 10\n");
  CHECK_FALSE(root.log_dir().write_checkpoint(kCleanerCheckpoint, {"a.b_c-d", 12}, {7}));
  CHECK(text_of(root.checkpoint()) == "0\n5\na.b_c-d 12 7\ngone 7 1\nt 0 5\nu 1 9\nu 1 10\n");
}

TEST_CASE("an entry is dropped however often it is there, and others stay") {
  const Root root;
  CHECK_FALSE(root.log_dir().drop_from_checkpoint(kLogStartCheckpoint, {"t", 0}));
  CHECK_FALSE(std::filesystem::exists(root.path() / kLogStartCheckpoint));
  write(root.path() / kLogStartCheckpoint, "0\n4\nt 0 3\nt 1 9\nt 0 4\nu 0 10\n");
  CHECK_FALSE(root.log_dir().drop_from_checkpoint(kLogStartCheckpoint, {"t", 0}));
  CHECK(text_of(root.path() / kLogStartCheckpoint) == "0\n2\nt 1 9\nu 0 10\n");
}

TEST_CASE("a checkpoint that cannot be read stays untouched (L5)") {
  for (const std::string_view text : {"1\n1\nt 0 3\n", "0\n2\nt 0 3\n", "0\n1\nt 0 x\n"}) {
    CAPTURE(text);
    const Root root;
    write(root.checkpoint(), text);
    CHECK(root.log_dir().write_checkpoint(kCleanerCheckpoint, {"t", 0}, {5}));
    CHECK(root.log_dir().drop_from_checkpoint(kCleanerCheckpoint, {"t", 0}));
    CHECK(text_of(root.checkpoint()) == text);
  }
}

TEST_CASE("what an interrupted write left behind is ignored and written over (L10)") {
  const Root root;
  write(root.checkpoint(), "0\n1\nt 0 3\n");
  write(root.checkpoint().string() + ".tmp", "0\n1\nt 0 99\n and more");
  CHECK(find(*root.log_dir().read_checkpoint(kCleanerCheckpoint), {"t", 0}) == Offset{3});
  CHECK_FALSE(root.log_dir().write_checkpoint(kCleanerCheckpoint, {"t", 0}, {5}));
  CHECK(text_of(root.checkpoint()) == "0\n1\nt 0 5\n");
  CHECK_FALSE(std::filesystem::exists(root.checkpoint().string() + ".tmp"));
}

TEST_CASE("a topic that would break the file's grammar is not written") {
  const Root root;
  write(root.checkpoint(), "0\n1\nt 0 3\n");
  for (const char* topic : {"", "a b", "a\n"}) {
    const auto defect = root.log_dir().write_checkpoint(kCleanerCheckpoint, {topic, 0}, {5});
    REQUIRE(defect);
    CHECK(defect->code == DefectCode::bad_text);
  }
  CHECK(text_of(root.checkpoint()) == "0\n1\nt 0 3\n");
}

}  // namespace kseg
