#include "lib/file_system.h"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <limits>
#include <system_error>
#include <utility>

namespace kseg {
namespace {

constexpr std::int64_t kNanosPerSecond = 1'000'000'000;
constexpr std::uint32_t kPermissionBits = 07777;
constexpr std::uint32_t kDefaultMode = 0644;
constexpr std::uint32_t kTemporaryMode = 0600;

[[noreturn]] void refuse(const Path& path, std::string_view operation) {
  throw IoError(path, operation, errno);
}

// Calls again while a signal interrupts.
template <typename Call>
auto uninterrupted(Call call) {
  auto result = call();
  while (result == -1 && errno == EINTR) result = call();
  return result;
}

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  int get() const { return fd_; }
  bool valid() const { return fd_ >= 0; }

 private:
  int fd_;
};

Descriptor open_descriptor(const Path& path, int flags, mode_t mode = 0) {
  return Descriptor(uninterrupted([&] { return ::open(path.c_str(), flags | O_CLOEXEC, mode); }));
}

FileInfo as_file_info(const struct stat& status) {
#ifdef __APPLE__
  const timespec mtime = status.st_mtimespec;
#else
  const timespec mtime = status.st_mtim;
#endif
  return {.size_bytes = static_cast<std::uint64_t>(status.st_size),
          .mtime_ns = static_cast<std::int64_t>(mtime.tv_sec) * kNanosPerSecond + mtime.tv_nsec,
          .mode = static_cast<std::uint32_t>(status.st_mode) & kPermissionBits,
          .user_id = status.st_uid,
          .group_id = status.st_gid,
          .is_directory = S_ISDIR(status.st_mode),
          .is_regular = S_ISREG(status.st_mode)};
}

Path parent_of(const Path& path) {
  return path.has_parent_path() ? path.parent_path() : Path(".");
}

class PosixFile : public File {
 public:
  enum class Kept { yes, no };  // whether it is to be on the disk in the end

  PosixFile(Path path, Descriptor descriptor, bool cached, Kept kept = Kept::yes)
      : File(std::move(path)), descriptor_(std::move(descriptor)), cached_(cached), kept_(kept) {}
  ~PosixFile() override {
    if (!cached_) forget_pages();
  }

  std::size_t read_at(Position from, std::span<std::uint8_t> into) override {
    constexpr auto kLastPosition = static_cast<std::uint64_t>(std::numeric_limits<off_t>::max());
    if (from.value > kLastPosition) return 0;
    std::size_t filled = 0;
    while (filled < into.size()) {
      const ssize_t got = uninterrupted([&] {
        return ::pread(descriptor_.get(), into.data() + filled, into.size() - filled,
                       static_cast<off_t>(from.value + filled));
      });
      if (got < 0) refuse(path(), "read");
      if (got == 0) break;
      filled += static_cast<std::size_t>(got);
    }
    account(filled);
    return filled;
  }

  void will_read(Position from, std::uint64_t bytes) override {
    ::posix_fadvise(descriptor_.get(), static_cast<off_t>(from.value), static_cast<off_t>(bytes),
                    POSIX_FADV_WILLNEED);
  }

  void append(Bytes bytes) override {
    while (!bytes.empty()) {
      const ssize_t written =
          uninterrupted([&] { return ::write(descriptor_.get(), bytes.data(), bytes.size()); });
      if (written < 0) refuse(path(), "write");
      if (written == 0) throw IoError(path(), "write", EIO);  // else we would try for ever
      bytes = bytes.subspan(static_cast<std::size_t>(written));
      account(static_cast<std::size_t>(written));
      begin_to_write_out(static_cast<std::size_t>(written));
    }
  }

  void truncate(Position end) override {
    const auto size = static_cast<off_t>(end.value);
    if (uninterrupted([&] { return ::ftruncate(descriptor_.get(), size); }) != 0) refuse(path(), "truncate");
  }

  void sync() override {
    if (uninterrupted([&] { return ::fsync(descriptor_.get()); }) != 0) refuse(path(), "sync");
  }

  FileInfo info() override {
    struct stat status {};
    if (::fstat(descriptor_.get(), &status) != 0) refuse(path(), "stat");
    return as_file_info(status);
  }

 private:
  static constexpr std::uint64_t kForgetEveryBytes = std::uint64_t{8} << 20;
  static constexpr std::uint64_t kWriteOutEveryBytes = std::uint64_t{8} << 20;

  // So that the disk works while we do, and sync() has little left to wait for. Advice.
  void begin_to_write_out(std::size_t written) {
    bytes_to_write_out_ += written;
    if (kept_ == Kept::no || bytes_to_write_out_ < kWriteOutEveryBytes) return;
#ifdef SYNC_FILE_RANGE_WRITE
    ::sync_file_range(descriptor_.get(), 0, 0, SYNC_FILE_RANGE_WRITE);
#endif
    bytes_to_write_out_ = 0;
  }

  void account(std::size_t bytes) {
    if (cached_ || bytes_since_forgotten_.fetch_add(bytes) + bytes < kForgetEveryBytes) return;
    bytes_since_forgotten_ = 0;
    forget_pages();
  }

  // Advice; what is not yet on the disk stays.
  void forget_pages() {
    ::posix_fadvise(descriptor_.get(), 0, 0, POSIX_FADV_DONTNEED);
  }

  Descriptor descriptor_;
  bool cached_;
  Kept kept_;
  std::atomic<std::uint64_t> bytes_since_forgotten_ = 0;  // several threads may read
  std::uint64_t bytes_to_write_out_ = 0;
};

// Nothing, and errno, if the system does not tell.
std::optional<bool> same_file(int fd, const Path& path) {
  struct stat open_file {};
  struct stat named_file {};
  if (::fstat(fd, &open_file) != 0) return std::nullopt;
  if (::stat(path.c_str(), &named_file) != 0) return errno == ENOENT ? std::optional(false) : std::nullopt;
  return open_file.st_dev == named_file.st_dev && open_file.st_ino == named_file.st_ino;
}

class PosixFileLock : public FileLock {
 public:
  PosixFileLock(Path path, Descriptor descriptor, bool created)
      : path_(std::move(path)), descriptor_(std::move(descriptor)), created_(created) {}
  ~PosixFileLock() override {
    if (created_ && same_file(descriptor_.get(), path_).value_or(false)) ::unlink(path_.c_str());
  }

 private:
  Path path_;
  Descriptor descriptor_;  // closing it is what gives the lock up, after the file is gone
  bool created_;
};

class PosixFileSystem : public FileSystem {
 public:
  explicit PosixFileSystem(bool cached) : cached_(cached) {}

  std::unique_ptr<File> open(const Path& path) override {
    // A pipe would otherwise block until somebody writes; files do not care.
    Descriptor descriptor = open_descriptor(path, O_RDONLY | O_NONBLOCK);
    if (!descriptor.valid()) refuse(path, "open");
    return std::make_unique<PosixFile>(path, std::move(descriptor), cached_);
  }

  std::optional<FileInfo> info(const Path& path) override {
    struct stat status {};
    if (::stat(path.c_str(), &status) == 0) return as_file_info(status);
    if (errno != ENOENT) refuse(path, "stat");
    return std::nullopt;
  }

  std::vector<DirectoryEntry> list(const Path& directory) override {
    const std::unique_ptr<DIR, int (*)(DIR*)> stream(::opendir(directory.c_str()), ::closedir);
    if (!stream) refuse(directory, "list");
    std::vector<DirectoryEntry> entries;
    while (true) {
      errno = 0;
      const dirent* const entry = ::readdir(stream.get());
      if (entry == nullptr) {
        if (errno != 0) refuse(directory, "list");
        break;
      }
      const std::string_view name = entry->d_name;
      if (name == "." || name == "..") continue;
      bool is_directory = entry->d_type == DT_DIR;
      if (entry->d_type == DT_LNK || entry->d_type == DT_UNKNOWN) {
        // A link that leads nowhere, or a file that is gone by now, is no directory.
        struct stat status {};
        is_directory =
            ::fstatat(::dirfd(stream.get()), entry->d_name, &status, 0) == 0 && S_ISDIR(status.st_mode);
      }
      entries.push_back({.name = std::string(name), .is_directory = is_directory});
    }
    std::sort(entries.begin(), entries.end(),
              [](const DirectoryEntry& a, const DirectoryEntry& b) { return a.name < b.name; });
    return entries;
  }

  bool is_locked(const Path& path) override {
    const Descriptor descriptor = open_descriptor(path, O_RDONLY);
    if (!descriptor.valid()) return false;
    struct flock request {};
    request.l_type = F_WRLCK;
    request.l_whence = SEEK_SET;
    if (::fcntl(descriptor.get(), F_GETLK, &request) != 0) refuse(path, "ask for the lock of");
    return request.l_type != F_UNLCK;
  }

  std::uint64_t free_bytes(const Path& directory) override {
    struct statvfs status {};
    if (::statvfs(directory.c_str(), &status) != 0) refuse(directory, "ask for the free space of");
    return std::uint64_t{status.f_bavail} * status.f_frsize;
  }

  std::unique_ptr<File> create(const Path& path, std::uint32_t mode) override {
    Descriptor descriptor = open_descriptor(path, O_RDWR | O_CREAT | O_EXCL | O_APPEND, mode);
    if (!descriptor.valid()) refuse(path, "create");
    if (::fchmod(descriptor.get(), mode) != 0) refuse(path, "set the mode of");
    return std::make_unique<PosixFile>(path, std::move(descriptor), cached_);
  }

  std::unique_ptr<File> open_to_append(const Path& path) override {
    Descriptor descriptor = open_descriptor(path, O_RDWR | O_APPEND);
    if (!descriptor.valid()) refuse(path, "open to append to");
    return std::make_unique<PosixFile>(path, std::move(descriptor), cached_);
  }

  std::unique_ptr<File> create_temporary(const Path& directory) override {
    const Path path = directory / fmt::format("kseg-{}-{}.tmp", ::getpid(), temporary_files_++);
    Descriptor descriptor(-1);
#ifdef O_TMPFILE
    descriptor = open_descriptor(directory, O_RDWR | O_APPEND | O_TMPFILE, kTemporaryMode);
    if (!descriptor.valid() && errno != EOPNOTSUPP && errno != EISDIR) refuse(path, "create");
#endif
    if (!descriptor.valid()) {  // not every file system can do without a name
      descriptor = open_descriptor(path, O_RDWR | O_CREAT | O_EXCL | O_APPEND, kTemporaryMode);
      if (!descriptor.valid()) refuse(path, "create");
      remove(path);
    }
    return std::make_unique<PosixFile>(path, std::move(descriptor), cached_, PosixFile::Kept::no);
  }

  void rename(const Path& from, const Path& to) override {
    if (::rename(from.c_str(), to.c_str()) != 0) refuse(from, fmt::format("rename to {}", to.string()));
  }

  void link(const Path& from, const Path& to) override {
    if (::link(from.c_str(), to.c_str()) != 0) refuse(from, fmt::format("link to {}", to.string()));
  }

  void remove(const Path& path) override {
    if (::remove(path.c_str()) != 0) refuse(path, "remove");
  }

  void make_directory(const Path& path, std::uint32_t mode) override {
    if (::mkdir(path.c_str(), mode) != 0) refuse(path, "make");
    if (::chmod(path.c_str(), mode) != 0) refuse(path, "set the mode of");
  }

  void sync_directory(const Path& path) override {
    const Descriptor descriptor = open_descriptor(path, O_RDONLY | O_DIRECTORY);
    if (!descriptor.valid()) refuse(path, "open");
    if (uninterrupted([&] { return ::fsync(descriptor.get()); }) != 0) refuse(path, "sync");
  }

  void set_mtime(const Path& path, std::int64_t mtime_ns) override {
    std::int64_t seconds = mtime_ns / kNanosPerSecond;
    std::int64_t nanos = mtime_ns % kNanosPerSecond;
    if (nanos < 0) {
      nanos += kNanosPerSecond;
      --seconds;
    }
    timespec times[2] = {};
    times[0].tv_nsec = UTIME_OMIT;
    times[1].tv_sec = static_cast<time_t>(seconds);
    times[1].tv_nsec = static_cast<long>(nanos);
    if (::utimensat(AT_FDCWD, path.c_str(), times, 0) != 0) refuse(path, "set the time of");
  }

  void set_owner(const Path& path, std::uint32_t user_id, std::uint32_t group_id) override {
    if (::chown(path.c_str(), user_id, group_id) != 0) refuse(path, "set the owner of");
  }

  std::unique_ptr<FileLock> lock(const Path& path) override {
    while (true) {
      bool created = false;
      Descriptor descriptor = open_descriptor(path, O_RDWR);
      if (!descriptor.valid() && errno == ENOENT) {
        descriptor = open_descriptor(path, O_RDWR | O_CREAT | O_EXCL, kDefaultMode);
        created = descriptor.valid();
        if (!created && errno == EEXIST) continue;
      }
      if (!descriptor.valid()) refuse(path, "open");
      struct flock request {};
      request.l_type = F_WRLCK;
      request.l_whence = SEEK_SET;
      if (uninterrupted([&] { return ::fcntl(descriptor.get(), F_SETLK, &request); }) != 0) {
        const int error_number = errno;
        // Nor is it ours to remove now: somebody else may have got it.
        if (created) give_to_owner_of_directory(path, descriptor.get());
        if (error_number == EACCES || error_number == EAGAIN) return nullptr;
        throw IoError(path, "lock", error_number);
      }
      const int fd = descriptor.get();
      auto held = std::make_unique<PosixFileLock>(path, std::move(descriptor), created);
      // Whoever held it may have removed the file between our opening and our locking it.
      const std::optional<bool> same = same_file(fd, path);
      if (!same) refuse(path, "stat");
      if (!*same) continue;
      if (created) give_to_owner_of_directory(path, fd);
      return held;
    }
  }

 private:
  // If we die, the file stays: the broker's user must be able to open it.
  void give_to_owner_of_directory(const Path& path, int fd) {
    if (::geteuid() != 0) return;
    const std::optional<FileInfo> directory = info(parent_of(path));
    if (directory && ::fchown(fd, directory->user_id, directory->group_id) != 0)
      refuse(path, "set the owner of");
  }

  bool cached_;
  std::atomic<std::uint64_t> temporary_files_ = 0;
};

}  // namespace

IoError::IoError(const Path& path, std::string_view operation, int error_number)
    : std::runtime_error(fmt::format("{}: cannot {}: {}", path.string(), operation,
                                     std::generic_category().message(error_number))),
      error_number_(error_number) {}

bool IoError::missing() const {
  return error_number_ == ENOENT;
}

FileSystem& posix_file_system() {
  static PosixFileSystem files(true);
  return files;
}

FileSystem& uncached_file_system() {
  static PosixFileSystem files(false);
  return files;
}

ByteBuffer read_file(FileSystem& files, const Path& path) {
  const std::unique_ptr<File> file = files.open(path);
  ByteBuffer bytes(file->info().size_bytes);
  bytes.resize(file->read_at({}, bytes));
  return bytes;
}

void replace_file(FileSystem& files, const Path& path, Bytes bytes) {
  const Path directory = parent_of(path);
  const std::optional<FileInfo> old = files.info(path);
  Path beside = path;
  beside += ".tmp";
  if (files.info(beside)) files.remove(beside);
  const std::unique_ptr<File> file = files.create(beside, old ? old->mode : kDefaultMode);
  if (::geteuid() == 0) {  // nobody else can give files away
    const std::optional<FileInfo> owner = old ? old : files.info(directory);
    const FileInfo ours = file->info();
    if (owner && (owner->user_id != ours.user_id || owner->group_id != ours.group_id)) {
      files.set_owner(beside, owner->user_id, owner->group_id);
    }
  }
  file->append(bytes);
  file->sync();
  files.rename(beside, path);
  files.sync_directory(directory);
}

}  // namespace kseg
