// Loaded before libc (LD_PRELOAD), makes one call of the file API go wrong. Told by its environment:
//
//   KSEG_INJECT_UNDER    only calls about files below this folder count, and about descriptors of them
//   KSEG_INJECT_JOURNAL  a file that gets a line for each call that counts: "pread PATH"
//   KSEG_INJECT_CALL     which one goes wrong, from 1 on
//   KSEG_INJECT_FAULT    how: the number of an errno; "short": half of the bytes; "torn": half of the bytes,
//   then
//                        SIGKILL; "kill": SIGKILL instead of the call
//
// Alone, linked to nothing of kseg's: it runs inside of the process that is tested.
#include <dirent.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdio>

namespace {

template <typename Function>
Function* real(const char* name) {
  return reinterpret_cast<Function*>(::dlsym(RTLD_NEXT, name));
}
#define REAL(name) static const auto real_##name = real<decltype(::name)>(#name)

enum class Outcome { as_usual, fails, short_one, torn };

constexpr int kMaxDescriptors = 4096;

struct Injector {
  const char* under = ::getenv("KSEG_INJECT_UNDER");
  const char* fault = ::getenv("KSEG_INJECT_FAULT");
  long at = 0;
  int journal = -1;
  std::atomic<long> calls = 0;
  char* paths[kMaxDescriptors] = {};  // of descriptors that count

  Injector() {
    if (const char* call = ::getenv("KSEG_INJECT_CALL")) at = ::strtol(call, nullptr, 10);
    REAL(open);
    if (const char* path = ::getenv("KSEG_INJECT_JOURNAL"))
      journal = real_open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  }

  bool counts(const char* path) const {
    return under != nullptr && ::strncmp(path, under, ::strlen(under)) == 0;
  }
  const char* path_of(int fd) const { return fd >= 0 && fd < kMaxDescriptors ? paths[fd] : nullptr; }

  void opened(int fd, const char* path) {
    if (fd < 0 || fd >= kMaxDescriptors || !counts(path)) return;
    ::free(paths[fd]);
    paths[fd] = ::strdup(path);
  }
  void closed(int fd) {
    if (path_of(fd) == nullptr) return;
    ::free(paths[fd]);
    paths[fd] = nullptr;
  }

  Outcome next(const char* name, const char* path) {
    if (path == nullptr || !counts(path)) return Outcome::as_usual;
    const long number = ++calls;
    if (journal >= 0) {
      REAL(write);
      char line[4096];
      const int size = ::snprintf(line, sizeof line, "%s %s\n", name, path);
      if (real_write(journal, line, static_cast<size_t>(size)) != size) ::abort();
    }
    if (number != at || fault == nullptr) return Outcome::as_usual;
    if (::strcmp(fault, "kill") == 0) ::raise(SIGKILL);
    if (::strcmp(fault, "short") == 0) return Outcome::short_one;
    if (::strcmp(fault, "torn") == 0) return Outcome::torn;
    errno = ::atoi(fault);
    return Outcome::fails;
  }
};

Injector& injector() {
  static Injector the_one;
  return the_one;
}

// True if it fails; what has no half is done as usual.
bool fails(const char* name, const char* path) {
  return injector().next(name, path) == Outcome::fails;
}
bool fails(const char* name, int fd) {
  return fails(name, injector().path_of(fd));
}

// A call on `count` bytes.
template <typename Call>
ssize_t some_bytes(const char* name, int fd, size_t count, Call call) {
  switch (injector().next(name, injector().path_of(fd))) {
    case Outcome::as_usual: break;
    case Outcome::fails: return -1;
    case Outcome::short_one: return call(count > 1 ? count / 2 : count);
    case Outcome::torn: call(count / 2); ::raise(SIGKILL);
  }
  return call(count);
}

}  // namespace

extern "C" {

int open(const char* path, int flags, ...) {
  REAL(open);
  mode_t mode = 0;
  if ((flags & O_CREAT) != 0 || (flags & O_TMPFILE) == O_TMPFILE) {
    va_list arguments;
    va_start(arguments, flags);
    mode = va_arg(arguments, mode_t);
    va_end(arguments);
  }
  if (fails("open", path)) return -1;
  const int fd = real_open(path, flags, mode);
  injector().opened(fd, path);
  return fd;
}

int close(int fd) {  // nobody can do anything about one that fails
  REAL(close);
  injector().closed(fd);
  return real_close(fd);
}

ssize_t read(int fd, void* into, size_t count) {
  REAL(read);
  return some_bytes("read", fd, count, [&](size_t some) { return real_read(fd, into, some); });
}

ssize_t pread(int fd, void* into, size_t count, off_t from) {
  REAL(pread);
  return some_bytes("pread", fd, count, [&](size_t some) { return real_pread(fd, into, some, from); });
}

ssize_t write(int fd, const void* bytes, size_t count) {
  REAL(write);
  return some_bytes("write", fd, count, [&](size_t some) { return real_write(fd, bytes, some); });
}

ssize_t pwrite(int fd, const void* bytes, size_t count, off_t to) {
  REAL(pwrite);
  return some_bytes("pwrite", fd, count, [&](size_t some) { return real_pwrite(fd, bytes, some, to); });
}

int fsync(int fd) {
  REAL(fsync);
  return fails("fsync", fd) ? -1 : real_fsync(fd);
}

int fdatasync(int fd) {
  REAL(fdatasync);
  return fails("fdatasync", fd) ? -1 : real_fdatasync(fd);
}

int ftruncate(int fd, off_t size) {
  REAL(ftruncate);
  return fails("ftruncate", fd) ? -1 : real_ftruncate(fd, size);
}

int fstat(int fd, struct stat* status) {
  REAL(fstat);
  return fails("fstat", fd) ? -1 : real_fstat(fd, status);
}

int stat(const char* path, struct stat* status) {
  REAL(stat);
  return fails("stat", path) ? -1 : real_stat(path, status);
}

int fcntl(int fd, int command, ...) {
  REAL(fcntl);
  va_list arguments;
  va_start(arguments, command);
  void* const argument = va_arg(arguments, void*);
  va_end(arguments);
  return fails("fcntl", fd) ? -1 : real_fcntl(fd, command, argument);
}

int fchmod(int fd, mode_t mode) {
  REAL(fchmod);
  return fails("fchmod", fd) ? -1 : real_fchmod(fd, mode);
}

int chmod(const char* path, mode_t mode) {
  REAL(chmod);
  return fails("chmod", path) ? -1 : real_chmod(path, mode);
}

int fchown(int fd, uid_t user, gid_t group) {
  REAL(fchown);
  return fails("fchown", fd) ? -1 : real_fchown(fd, user, group);
}

int chown(const char* path, uid_t user, gid_t group) {
  REAL(chown);
  return fails("chown", path) ? -1 : real_chown(path, user, group);
}

int rename(const char* from, const char* to) {
  REAL(rename);
  return fails("rename", from) ? -1 : real_rename(from, to);
}

int link(const char* from, const char* to) {
  REAL(link);
  return fails("link", from) ? -1 : real_link(from, to);
}

int unlink(const char* path) {
  REAL(unlink);
  return fails("unlink", path) ? -1 : real_unlink(path);
}

int remove(const char* path) {
  REAL(remove);
  return fails("remove", path) ? -1 : real_remove(path);
}

int mkdir(const char* path, mode_t mode) {
  REAL(mkdir);
  return fails("mkdir", path) ? -1 : real_mkdir(path, mode);
}

int utimensat(int folder, const char* path, const struct timespec times[2], int flags) {
  REAL(utimensat);
  return fails("utimensat", path) ? -1 : real_utimensat(folder, path, times, flags);
}

int statvfs(const char* path, struct statvfs* status) {
  REAL(statvfs);
  return fails("statvfs", path) ? -1 : real_statvfs(path, status);
}

DIR* opendir(const char* path) {
  REAL(opendir);
  if (fails("opendir", path)) return nullptr;
  DIR* const stream = real_opendir(path);
  if (stream != nullptr) injector().opened(::dirfd(stream), path);
  return stream;
}

struct dirent* readdir(DIR* stream) {
  REAL(readdir);
  return fails("readdir", ::dirfd(stream)) ? nullptr : real_readdir(stream);
}

int closedir(DIR* stream) {
  REAL(closedir);
  injector().closed(::dirfd(stream));
  return real_closedir(stream);
}

}  // extern "C"
