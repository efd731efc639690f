// Files that are nowhere but in memory: for tests of so many folders that a disk would be too slow.
#pragma once

#include <map>
#include <memory>

#include "lib/file_system.h"
#include "tests/support/log_folder.h"

namespace kseg {

// Does what the real one does, and refuses with the same errors, as far as kseg asks; but it knows no rename
// of a folder, and takes paths as they are written. By one thread at a time.
class MemoryFileSystem : public FileSystem {
 public:
  // Makes the folder, and those above it, with these files in it.
  void add_folder(const Path& folder, const FolderFiles& contents);
  void add_file(const Path& path, ByteBuffer bytes);
  void remove_all(const Path& folder);
  // Of a file that is there; changing them changes the file.
  ByteBuffer& bytes(const Path& path);
  FolderFiles read_folder(const Path& folder) const;  // without folders in it

  std::unique_ptr<File> open(const Path& path) override;
  std::optional<FileInfo> info(const Path& path) override;
  std::vector<DirectoryEntry> list(const Path& directory) override;
  bool is_locked(const Path&) override { return false; }
  std::uint64_t free_bytes(const Path&) override { return std::uint64_t{1} << 40; }
  std::unique_ptr<File> create(const Path& path, std::uint32_t mode) override;
  std::unique_ptr<File> open_to_append(const Path& path) override;
  std::unique_ptr<File> create_temporary(const Path& directory) override;
  void rename(const Path& from, const Path& to) override;
  void link(const Path& from, const Path& to) override;
  void remove(const Path& path) override;
  void make_directory(const Path& path, std::uint32_t mode) override;
  void sync_directory(const Path&) override {}
  void set_mtime(const Path& path, std::int64_t mtime_ns) override;
  void set_owner(const Path& path, std::uint32_t user_id, std::uint32_t group_id) override;
  std::unique_ptr<FileLock> lock(const Path&) override { return std::make_unique<FileLock>(); }

 private:
  struct Node {
    FileInfo info;
    ByteBuffer bytes;
  };
  class OpenFile;
  using NodePtr = std::shared_ptr<Node>;

  NodePtr find(const Path& path, std::string_view operation) const;  // throws IoError
  void expect_new(const Path& path, std::string_view operation) const;

  std::map<std::string, NodePtr> nodes_;  // by path
};

}  // namespace kseg
