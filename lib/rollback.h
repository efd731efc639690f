// The way back of a command that changes files in place: told before each change what will change, it
// can leave everything as it was.
#pragma once

#include <optional>
#include <vector>

#include "lib/file_system.h"

namespace kseg {

class Rollback {
 public:
  explicit Rollback(FileSystem& files) : files_(files) {}

  // The file is about to be made, replaced, or removed. Keeps the bytes of the one that is there, so it
  // is only for files whose size their format bounds. What is known already stays known.
  void will_replace(const Path& path);
  // Bytes are about to be appended to the file.
  void will_extend(const Path& path);
  // The folder is about to be made. What is made in it has to be told as well.
  void will_make_directory(const Path& path);

  // Undoes the changes, the latest first, each durably. Throws IoError; what comes before the change
  // that could not be undone is then left as it is.
  void run();

 private:
  struct Before {
    enum class Kind { bytes, size, nothing, no_directory } kind;
    Path path;
    FileInfo info = {};
    ByteBuffer bytes = {};
  };
  bool knows(const Path& path) const;
  void undo(const Before& before);

  FileSystem& files_;
  std::vector<Before> changes_;
};

}  // namespace kseg
