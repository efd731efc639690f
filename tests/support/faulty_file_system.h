// A file system that passes everything on to a real one until, at a chosen operation, something goes
// wrong: the process dies, the system says no, or no more than half of a transfer is made.
#pragma once

#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "lib/file_system.h"

namespace kseg {

// "The process died here." Not a std::exception, so that nothing but a test catches it by chance.
struct Stopped {
  std::string operation;  // "rename /tmp/x/a.swap"
};

class FaultyFileSystem : public FileSystem {
 public:
  enum class Counted {
    mutations,  // create, create_temporary, append, truncate, sync, rename, link, remove, make_directory,
                // sync_directory, set_mtime, set_owner
    everything  // and open, open_to_append, read, info, list, is_locked, free_bytes, lock
  };

  // Borrows `real`.
  explicit FaultyFileSystem(FileSystem& real, Counted counted = Counted::mutations)
      : real_(real), counted_(counted) {}

  // Operations count from 0. One fault at a time: the last call holds.
  void stop_at(std::size_t operation) { fault_ = {.kind = Kind::stop, .at = operation}; }
  // As stop_at, but an append writes the first half of its bytes before.
  void tear_at(std::size_t operation) { fault_ = {.kind = Kind::tear, .at = operation}; }
  // This operation throws IoError once and does nothing; what follows works.
  void fail_at(std::size_t operation, int error_number) {
    fault_ = {.kind = Kind::fail, .at = operation, .error_number = error_number};
  }

  // As fail_at, but an append writes the first half of its bytes before: a disk that is full.
  void fail_half_way_at(std::size_t operation, int error_number) {
    fault_ = {.kind = Kind::fail_half_way, .at = operation, .error_number = error_number};
  }
  // This read gives the first half of its bytes, as if the file ended there: somebody has cut it meanwhile.
  void end_half_way_at(std::size_t operation) { fault_ = {.kind = Kind::end_half_way, .at = operation}; }

  // What free_bytes() says from now on.
  void set_free_bytes(std::uint64_t bytes) { free_bytes_ = bytes; }

  // Syncs are counted but not passed on: for tests of many runs that no power cut can meet.
  void skip_syncs() { skip_syncs_ = true; }

  std::size_t operation_count() const { return journal_.size(); }
  const std::vector<std::string>& journal() const { return journal_; }  // "append /tmp/x/a.log", …
  bool stopped() const { return stopped_; }  // from then on every operation throws Stopped

  std::unique_ptr<File> open(const Path& path) override;
  std::optional<FileInfo> info(const Path& path) override;
  std::vector<DirectoryEntry> list(const Path& directory) override;
  bool is_locked(const Path& path) override;
  std::uint64_t free_bytes(const Path& directory) override;
  std::unique_ptr<File> create(const Path& path, std::uint32_t mode) override;
  std::unique_ptr<File> open_to_append(const Path& path) override;
  std::unique_ptr<File> create_temporary(const Path& directory) override;
  void rename(const Path& from, const Path& to) override;
  void link(const Path& from, const Path& to) override;
  void remove(const Path& path) override;
  void make_directory(const Path& path, std::uint32_t mode) override;
  void sync_directory(const Path& path) override;
  void set_mtime(const Path& path, std::int64_t mtime_ns) override;
  void set_owner(const Path& path, std::uint32_t user_id, std::uint32_t group_id) override;
  std::unique_ptr<FileLock> lock(const Path& path) override;

 private:
  friend class FaultyFile;
  enum class Kind { none, stop, tear, fail, fail_half_way, end_half_way };
  struct Fault {
    Kind kind = Kind::none;
    std::size_t at = 0;
    int error_number = 0;
  };

  // Counts the operation and throws if it is its turn. True if it is to do half of its work; after an append
  // the fault then takes its course.
  bool mutation(std::string_view name, const Path& path);
  bool reading(std::string_view name, const Path& path);
  [[noreturn]] void fail_torn(const Path& path);
  bool step(std::string_view name, const Path& path, bool counted);
  [[noreturn]] void stop(std::string_view name, const Path& path);

  FileSystem& real_;
  Counted counted_;
  Fault fault_;
  bool stopped_ = false;
  bool skip_syncs_ = false;
  std::optional<std::uint64_t> free_bytes_;
  std::vector<std::string> journal_;
  std::mutex mutex_;
};

}  // namespace kseg
