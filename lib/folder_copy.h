// A new partition folder that appears under its name only when it is complete.
#pragma once

#include <string>
#include <vector>

#include "lib/file_system.h"

namespace kseg {

class FolderCopy {
 public:
  // Begins a folder beside `to` (`to` + ".partial"); a left-over of the same name is an IoError.
  FolderCopy(FileSystem& files, Path from, Path to);
  // Removes what was written unless it was published.
  ~FolderCopy();
  FolderCopy(const FolderCopy&) = delete;
  FolderCopy& operator=(const FolderCopy&) = delete;

  const Path& folder() const { return partial_; }  // where to write meanwhile

  // Copies every regular file of the source but those named and left-overs of a broker's work
  // (`.deleted`, `.cleaned`, `.tmp`): bytes, mode, mtime, and owner where the system lets us.
  void copy_rest(const std::vector<std::string>& replaced);

  // Syncs the folder and gives it its name.
  void publish();

 private:
  void copy_file(const std::string& name);

  FileSystem& files_;
  Path from_;
  Path to_;
  Path partial_;
  bool published_ = false;
};

}  // namespace kseg
