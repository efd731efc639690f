// A broker as its lock is concerned: another process that holds it.
#pragma once

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <stdexcept>

#include "lib/file_system.h"

namespace kseg {

// Holds the broker's lock on `path`, which it makes if it is missing, until destroyed.
class LockHolder {
 public:
  explicit LockHolder(const Path& path) {
    int ready[2];
    if (::pipe(ready) != 0 || ::pipe(stop_) != 0) throw std::runtime_error("cannot make a pipe");
    child_ = ::fork();
    if (child_ == 0) {
      ::close(stop_[1]);
      const int fd = ::open(path.c_str(), O_RDWR | O_CREAT, 0644);
      struct flock request {};
      request.l_type = F_WRLCK;
      request.l_whence = SEEK_SET;
      char byte = fd >= 0 && ::fcntl(fd, F_SETLK, &request) == 0 ? 'y' : 'n';
      if (::write(ready[1], &byte, 1) != 1) ::_exit(1);
      ::_exit(::read(stop_[0], &byte, 1) == 0 ? 0 : 1);
    }
    char byte = 'n';
    const bool answered = ::read(ready[0], &byte, 1) == 1;
    for (const int fd : {ready[0], ready[1], stop_[0]}) ::close(fd);
    if (!answered || byte != 'y') throw std::runtime_error("another process cannot lock " + path.string());
  }
  ~LockHolder() {
    ::close(stop_[1]);
    ::waitpid(child_, nullptr, 0);
  }
  LockHolder(const LockHolder&) = delete;
  LockHolder& operator=(const LockHolder&) = delete;

 private:
  int stop_[2] = {-1, -1};
  pid_t child_ = -1;
};

}  // namespace kseg
