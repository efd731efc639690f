#include "lib/file_system.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <limits>

#include "tests/support/faulty_file_system.h"
#include "tests/support/lock_holder.h"

namespace kseg {
namespace {

class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "kseg-file-system-XXXXXX").string();
    REQUIRE(::mkdtemp(name.data()) != nullptr);
    path_ = name;
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  Path operator/(std::string_view name) const { return path_ / name; }
  const Path& path() const { return path_; }

 private:
  Path path_;
};

FileSystem& files() {
  return posix_file_system();
}

void write(const Path& path, std::string_view text, std::uint32_t mode = 0644) {
  files().create(path, mode)->append(as_bytes(text));
}

std::string text_of(const Path& path) {
  return std::string(as_text(read_file(files(), path)));
}

// The error number of what `call` throws; 0 if it throws nothing.
template <typename Call>
int error_of(Call call) {
  try {
    call();
  } catch (const IoError& error) {
    return error.error_number();
  }
  return 0;
}

// Whether another process can have the broker's lock on `path`, asked as a broker would.
bool another_process_can_lock(const Path& path) {
  const pid_t child = ::fork();
  if (child == 0) {
    const int fd = ::open(path.c_str(), O_RDWR | O_CREAT, 0644);
    struct flock request {};
    request.l_type = F_WRLCK;
    request.l_whence = SEEK_SET;
    ::_exit(fd >= 0 && ::fcntl(fd, F_SETLK, &request) == 0 ? 0 : 1);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

}  // namespace

TEST_CASE("what was appended is read back, from any position") {
  TemporaryFolder folder;
  const auto file = files().create(folder / "a", 0644);
  file->append(as_bytes("hello, "));
  file->append(as_bytes("world"));
  file->append({});
  file->sync();
  CHECK(file->info().size_bytes == 12);
  CHECK(text_of(folder / "a") == "hello, world");

  std::uint8_t into[5] = {};
  CHECK(file->read_at({7}, into) == 5);
  CHECK(as_text(into) == "world");
  CHECK(file->read_at({10}, into) == 2);
  CHECK(file->read_at({12}, into) == 0);
  CHECK(file->read_at({std::numeric_limits<std::uint64_t>::max()}, into) == 0);
  CHECK(file->read_at({}, {}) == 0);
}

TEST_CASE("what was appended can be cut off again, and appending goes on from there") {
  TemporaryFolder folder;
  write(folder / "a", "old");
  const auto file = files().open_to_append(folder / "a");
  file->append(as_bytes(" and new"));
  file->truncate({5});
  file->append(as_bytes("!"));
  CHECK(as_text(read_file(files(), folder / "a")) == "old a!");
  CHECK(error_of([&] { files().open_to_append(folder / "missing"); }) == ENOENT);

  const auto created = files().create(folder / "b", 0644);
  created->append(as_bytes("abc"));
  created->truncate({1});
  created->append(as_bytes("d"));
  CHECK(as_text(read_file(files(), folder / "b")) == "ad");
}

TEST_CASE("a file that was opened cannot be appended to") {
  TemporaryFolder folder;
  write(folder / "a", "old");
  CHECK(error_of([&] { files().open(folder / "a")->append(as_bytes("new")); }) == EBADF);
  CHECK(text_of(folder / "a") == "old");
}

TEST_CASE("a missing file is missing, and the error names it and the reason") {
  TemporaryFolder folder;
  try {
    files().open(folder / "nothing");
    FAIL("opened");
  } catch (const IoError& error) {
    CHECK(error.missing());
    CHECK(error.what() == (folder / "nothing").string() + ": cannot open: No such file or directory");
  }
  CHECK_FALSE(files().info(folder / "nothing").has_value());
  for (const int error : {error_of([&] { files().list(folder / "nothing"); }),
                          error_of([&] { files().remove(folder / "nothing"); }),
                          error_of([&] { files().rename(folder / "nothing", folder / "b"); }),
                          error_of([&] { files().sync_directory(folder / "nothing"); }),
                          error_of([&] { files().set_mtime(folder / "nothing", 0); }),
                          error_of([&] { files().lock(folder / "nothing/.lock"); }),
                          error_of([&] { read_file(files(), folder / "nothing"); })}) {
    CHECK(error == ENOENT);
  }
}

TEST_CASE("an error other than a missing file is not missing") {
  TemporaryFolder folder;
  write(folder / "a", "");
  CHECK(error_of([&] { files().info(folder / "a/b"); }) == ENOTDIR);
  CHECK(error_of([&] { files().sync_directory(folder / "a"); }) == ENOTDIR);
  CHECK(error_of([&] { read_file(files(), folder.path()); }) == EISDIR);
  CHECK_FALSE(IoError("a", "open", EACCES).missing());
}

TEST_CASE("opening a pipe that nobody writes to does not wait") {
  TemporaryFolder folder;
  REQUIRE(::mkfifo((folder / "pipe").c_str(), 0644) == 0);
  const auto pipe = files().open(folder / "pipe");
  CHECK_FALSE(pipe->info().is_regular);
  std::uint8_t into[1];
  CHECK(error_of([&] { pipe->read_at({}, into); }) == ESPIPE);
}

TEST_CASE("create makes a file with exactly its mode, whatever the umask") {
  TemporaryFolder folder;
  const mode_t old_mask = ::umask(0077);
  files().create(folder / "a", 0664);
  files().make_directory(folder / "d", 0755);
  ::umask(old_mask);
  CHECK(files().info(folder / "a")->mode == 0664);
  CHECK(files().info(folder / "a")->is_regular);
  CHECK(files().info(folder / "d")->mode == 0755);
  CHECK(files().info(folder / "d")->is_directory);
}

TEST_CASE("create refuses a file that is there and leaves it alone") {
  TemporaryFolder folder;
  write(folder / "a", "old");
  CHECK(error_of([&] { files().create(folder / "a", 0600); }) == EEXIST);
  CHECK(error_of([&] { files().make_directory(folder / "a", 0700); }) == EEXIST);
  CHECK(text_of(folder / "a") == "old");
  CHECK(files().info(folder / "a")->mode == 0644);
}

TEST_CASE("a listing is sorted by name and sees through links") {
  TemporaryFolder folder;
  write(folder / "b", "");
  files().make_directory(folder / "c", 0755);
  std::filesystem::create_directory_symlink(folder / "c", folder / "a");
  std::filesystem::create_symlink(folder / "nothing", folder / "dangling");
  const auto entries = files().list(folder.path());
  REQUIRE(entries.size() == 4);
  CHECK(entries[0].name == "a");
  CHECK(entries[0].is_directory);
  CHECK(entries[1].name == "b");
  CHECK_FALSE(entries[1].is_directory);
  CHECK(entries[2].name == "c");
  CHECK(entries[2].is_directory);
  CHECK(entries[3].name == "dangling");
  CHECK_FALSE(entries[3].is_directory);
  CHECK(error_of([&] { files().list(folder / "b"); }) == ENOTDIR);
}

TEST_CASE("rename replaces, remove takes files and empty folders only") {
  TemporaryFolder folder;
  write(folder / "a", "new");
  write(folder / "b", "old");
  files().rename(folder / "a", folder / "b");
  files().sync_directory(folder.path());
  CHECK(text_of(folder / "b") == "new");
  CHECK_FALSE(files().info(folder / "a").has_value());

  files().make_directory(folder / "d", 0755);
  write(folder / "d/x", "");
  CHECK(error_of([&] { files().remove(folder / "d"); }) == ENOTEMPTY);
  files().remove(folder / "d/x");
  files().remove(folder / "d");
  files().remove(folder / "b");
  CHECK(files().list(folder.path()).empty());
}

TEST_CASE("set_mtime sets the time of modification to the nanosecond and leaves that of access") {
  TemporaryFolder folder;
  write(folder / "a", "x");
  const auto status = [&] {
    struct stat result {};
    REQUIRE(::stat((folder / "a").c_str(), &result) == 0);
    return result;
  };
  const struct stat before = status();
  for (const std::int64_t mtime_ns :
       {std::int64_t{1'700'000'000'123'456'789}, std::int64_t{0}, std::int64_t{-1}}) {
    CAPTURE(mtime_ns);
    files().set_mtime(folder / "a", mtime_ns);
    CHECK(files().info(folder / "a")->mtime_ns == mtime_ns);
  }
  CHECK(status().st_atime == before.st_atime);
}

TEST_CASE("the lock keeps other processes out until it is released") {
  TemporaryFolder folder;
  write(folder / ".lock", "");
  {
    const auto lock = files().lock(folder / ".lock");
    REQUIRE(lock != nullptr);
    CHECK_FALSE(another_process_can_lock(folder / ".lock"));
  }
  CHECK(another_process_can_lock(folder / ".lock"));
}

TEST_CASE("a lock another process holds is refused, and its file left alone") {
  TemporaryFolder folder;
  {
    const LockHolder broker(folder / ".lock");
    CHECK(files().lock(folder / ".lock") == nullptr);
    CHECK(files().info(folder / ".lock").has_value());
  }
  CHECK(files().lock(folder / ".lock") != nullptr);
}

TEST_CASE("whether another process holds the lock is found without taking it or making its file") {
  TemporaryFolder folder;
  CHECK_FALSE(files().is_locked(folder / ".lock"));
  CHECK_FALSE(files().info(folder / ".lock").has_value());
  {
    const LockHolder broker(folder / ".lock");
    CHECK(files().is_locked(folder / ".lock"));
    CHECK(files().lock(folder / ".lock") == nullptr);
  }
  CHECK(files().info(folder / ".lock").has_value());  // as a broker that was killed leaves it
  CHECK_FALSE(files().is_locked(folder / ".lock"));
}

TEST_CASE("releasing the lock removes the file only if taking it made the file") {
  TemporaryFolder folder;
  CHECK(files().lock(folder / "made") != nullptr);
  CHECK_FALSE(files().info(folder / "made").has_value());

  write(folder / "found", "");
  CHECK(files().lock(folder / "found") != nullptr);
  CHECK(files().info(folder / "found").has_value());
}

TEST_CASE("a lock file that somebody put in our file's place is not removed") {
  TemporaryFolder folder;
  {
    const auto lock = files().lock(folder / ".lock");
    files().remove(folder / ".lock");
    write(folder / ".lock", "another");
  }
  CHECK(text_of(folder / ".lock") == "another");
}

TEST_CASE("replace_file makes a new file with mode 0644") {
  TemporaryFolder folder;
  replace_file(files(), folder / "a", as_bytes("new"));
  CHECK(text_of(folder / "a") == "new");
  CHECK(files().info(folder / "a")->mode == 0644);
  CHECK(files().list(folder.path()).size() == 1);
}

TEST_CASE("replace_file keeps the mode of the old file and replaces what was left beside it") {
  TemporaryFolder folder;
  write(folder / "a", "something longer", 0640);
  write(folder / "a.tmp", "left over and longer still", 0600);
  replace_file(files(), folder / "a", as_bytes("new"));
  CHECK(text_of(folder / "a") == "new");
  CHECK(files().info(folder / "a")->mode == 0640);
  CHECK(files().list(folder.path()).size() == 1);
}

TEST_CASE("replace_file keeps the owner of the old file, else takes the folder's" *
          doctest::skip(::geteuid() != 0)) {
  TemporaryFolder folder;
  files().set_owner(folder.path(), 1234, 2345);
  write(folder / "old", "old");
  files().set_owner(folder / "old", 4321, 5432);
  replace_file(files(), folder / "old", as_bytes("new"));
  replace_file(files(), folder / "new", as_bytes("new"));
  CHECK(files().info(folder / "old")->user_id == 4321);
  CHECK(files().info(folder / "old")->group_id == 5432);
  CHECK(files().info(folder / "new")->user_id == 1234);
  CHECK(files().info(folder / "new")->group_id == 2345);

  const auto lock = files().lock(folder / ".lock");
  CHECK(files().info(folder / ".lock")->user_id == 1234);
  CHECK(files().info(folder / ".lock")->group_id == 2345);
}

TEST_CASE(
    "wherever replace_file is stopped, the file is the old one or the new one, and it can be done again") {
  TemporaryFolder folder;
  const auto replace = [&](FileSystem& with) {
    replace_file(with, folder / "a", as_bytes("new and longer"));
  };
  std::size_t stops = 0;
  for (const bool torn : {false, true}) {
    for (std::size_t at = 0;; ++at, ++stops) {
      std::filesystem::remove(folder / "a");
      write(folder / "a", "old");
      FaultyFileSystem faulty(files());
      torn ? faulty.tear_at(at) : faulty.stop_at(at);
      try {
        replace(faulty);
        CHECK_FALSE(faulty.stopped());
        break;
      } catch (const Stopped& stopped) {
        CAPTURE(stopped.operation);
        const bool renamed = stopped.operation.starts_with("sync_directory");
        CHECK(text_of(folder / "a") == (renamed ? "new and longer" : "old"));
        CHECK_THROWS_AS(faulty.info(folder / "a"), Stopped);
      }
      replace(files());
      CHECK(text_of(folder / "a") == "new and longer");
    }
  }
  CHECK(stops >= 10);  // create, append, sync, rename, sync_directory; each stopped and torn
}

TEST_CASE(
    "when the system says no to any step of replace_file, it says so and the old file stands until the "
    "rename") {
  TemporaryFolder folder;
  for (std::size_t at = 0;; ++at) {
    std::filesystem::remove(folder / "a");
    std::filesystem::remove(folder / "a.tmp");
    write(folder / "a", "old");
    FaultyFileSystem faulty(files(), FaultyFileSystem::Counted::everything);
    faulty.fail_at(at, ENOSPC);
    const int error = error_of([&] { replace_file(faulty, folder / "a", as_bytes("new")); });
    if (at >= faulty.operation_count()) {  // nothing failed
      CHECK(error == 0);
      CHECK(text_of(folder / "a") == "new");
      CHECK(at >= 8);
      break;
    }
    CAPTURE(faulty.journal().back());
    CHECK(error == ENOSPC);
    const bool renamed = faulty.journal().back().starts_with("sync_directory");
    CHECK(text_of(folder / "a") == (renamed ? "new" : "old"));
  }
}

TEST_CASE("replace_file syncs the file before the rename and the folder after it") {
  TemporaryFolder folder;
  FaultyFileSystem faulty(files());
  replace_file(faulty, folder / "a", as_bytes("new"));
  const std::string beside = (folder / "a.tmp").string();
  const std::vector<std::string> expected = {"create " + beside, "append " + beside, "sync " + beside,
                                             "rename " + beside, "sync_directory " + folder.path().string()};
  CHECK(faulty.journal() == expected);
}

TEST_CASE("a torn append leaves half of its bytes") {
  TemporaryFolder folder;
  FaultyFileSystem faulty(files());
  faulty.tear_at(1);
  const auto file = faulty.create(folder / "a", 0644);
  CHECK_THROWS_AS(file->append(as_bytes("12345678")), Stopped);
  CHECK_THROWS_AS(file->append(as_bytes("9")), Stopped);
  CHECK(text_of(folder / "a") == "1234");
}

}  // namespace kseg
