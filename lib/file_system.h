// The operating system's files, behind a seam where tests inject faults. Every operation that the
// system refuses throws IoError; nothing else in kseg calls the system about files.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "formats/bytes.h"
#include "formats/offset.h"

namespace kseg {

using Path = std::filesystem::path;

// what() is "PATH: cannot OPERATION: REASON".
class IoError : public std::runtime_error {
 public:
  IoError(const Path& path, std::string_view operation, int error_number);
  int error_number() const { return error_number_; }
  bool missing() const;  // ENOENT: the file is not (or no longer) there

 private:
  int error_number_;
};

struct FileInfo {
  std::uint64_t size_bytes = 0;
  std::int64_t mtime_ns = 0;  // since 1970
  std::uint32_t mode = 0;     // permission bits
  std::uint32_t user_id = 0;
  std::uint32_t group_id = 0;
  bool is_directory = false;
  bool is_regular = false;
};

// An open file; closed with the object (errors of closing are those of sync(), call it before).
class File {
 public:
  virtual ~File() = default;
  const Path& path() const { return path_; }

  // Fills `into` from `from` on; returns the bytes read, fewer only at the end of the file. By several
  // threads at once, as all that only looks.
  virtual std::size_t read_at(Position from, std::span<std::uint8_t> into) = 0;
  // Advice: these bytes will be read, so the disk may fetch them meanwhile.
  virtual void will_read(Position /*from*/, std::uint64_t /*bytes*/) {}
  // Of a file that create() or open_to_append() gave: behind its end.
  virtual void append(Bytes bytes) = 0;
  virtual void truncate(Position end) = 0;  // of such a file: cuts off what is behind
  virtual void sync() = 0;                  // fsync
  virtual FileInfo info() = 0;

 protected:
  explicit File(Path path) : path_(std::move(path)) {}

 private:
  Path path_;
};

struct DirectoryEntry {
  std::string name;
  bool is_directory = false;  // of what a link points to
};

// An advisory lock as Kafka takes it on `.lock`; released with the object. If taking it made the
// file, the file is removed again, while the lock is still held.
class FileLock {
 public:
  virtual ~FileLock() = default;
};

class FileSystem {
 public:
  virtual ~FileSystem() = default;

  // Reading.
  virtual std::unique_ptr<File> open(const Path& path) = 0;
  virtual std::optional<FileInfo> info(const Path& path) = 0;           // nothing if it is not there
  virtual std::vector<DirectoryEntry> list(const Path& directory) = 0;  // sorted by name

  // Whether another process holds lock() on it; what may not be opened counts as not held.
  virtual bool is_locked(const Path& path) = 0;

  // What is left to this process on the file system that holds `directory`.
  virtual std::uint64_t free_bytes(const Path& directory) = 0;

  // Writing. A mode is what the file gets, whatever the umask.
  virtual std::unique_ptr<File> create(const Path& path, std::uint32_t mode) = 0;  // must not exist
  virtual std::unique_ptr<File> open_to_append(const Path& path) = 0;              // must exist
  // A file without a name, gone when it is closed, on the file system that holds `directory`.
  virtual std::unique_ptr<File> create_temporary(const Path& directory) = 0;
  virtual void rename(const Path& from, const Path& to) = 0;  // replaces `to`
  virtual void link(const Path& from, const Path& to) = 0;  // a second name for the file; `to` must not exist
  virtual void remove(const Path& path) = 0;                // a file or an empty directory
  virtual void make_directory(const Path& path, std::uint32_t mode) = 0;
  virtual void sync_directory(const Path& path) = 0;
  virtual void set_mtime(const Path& path, std::int64_t mtime_ns) = 0;
  virtual void set_owner(const Path& path, std::uint32_t user_id, std::uint32_t group_id) = 0;

  // fcntl(F_SETLK) write lock on the whole file, created if missing (for the owner of its directory):
  // what FileChannel.tryLock() of a broker conflicts with. Null if another process holds it. It does
  // not keep this process out: take it once, and do not open the file meanwhile, because closing any
  // descriptor of it gives the lock up.
  virtual std::unique_ptr<FileLock> lock(const Path& path) = 0;
};

// The real one.
FileSystem& posix_file_system();
// The same, but what it read or wrote does not stay in the system's cache of pages.
FileSystem& uncached_file_system();

// The whole file. Only for files whose size their format bounds (indexes, checkpoints).
ByteBuffer read_file(FileSystem& files, const Path& path);

// Beside, sync, rename, sync the folder: `path` holds either its old bytes or `bytes`. The file
// beside it is `path` + ".tmp", as Kafka names it; a left-over one is replaced. Owner and mode are
// those of the old file, else owner of the directory and 0644; only root can set the owner.
void replace_file(FileSystem& files, const Path& path, Bytes bytes);

}  // namespace kseg
