// Counts what is read from and appended to files, and passes everything on.
#pragma once

#include <atomic>

#include "lib/file_system.h"
#include "lib/work_meter.h"

namespace kseg {

class MeteredFileSystem : public FileSystem {
 public:
  // Borrows both. Once the meter is asked to stop, the next read or append throws IoError with EINTR:
  // nothing that is being written is complete then, and nothing is half renamed.
  MeteredFileSystem(FileSystem& files, WorkMeter& meter) : files_(files), meter_(meter) {}

  std::uint64_t bytes() const { return bytes_; }  // through this one alone

  std::unique_ptr<File> open(const Path& path) override;
  std::optional<FileInfo> info(const Path& path) override { return files_.info(path); }
  std::vector<DirectoryEntry> list(const Path& directory) override { return files_.list(directory); }
  bool is_locked(const Path& path) override { return files_.is_locked(path); }
  std::uint64_t free_bytes(const Path& directory) override { return files_.free_bytes(directory); }
  std::unique_ptr<File> create(const Path& path, std::uint32_t mode) override;
  std::unique_ptr<File> open_to_append(const Path& path) override;
  std::unique_ptr<File> create_temporary(const Path& directory) override;
  void rename(const Path& from, const Path& to) override { files_.rename(from, to); }
  void link(const Path& from, const Path& to) override { files_.link(from, to); }
  void remove(const Path& path) override { files_.remove(path); }
  void make_directory(const Path& path, std::uint32_t mode) override { files_.make_directory(path, mode); }
  void sync_directory(const Path& path) override { files_.sync_directory(path); }
  void set_mtime(const Path& path, std::int64_t mtime_ns) override { files_.set_mtime(path, mtime_ns); }
  void set_owner(const Path& path, std::uint32_t user_id, std::uint32_t group_id) override {
    files_.set_owner(path, user_id, group_id);
  }
  std::unique_ptr<FileLock> lock(const Path& path) override { return files_.lock(path); }

 private:
  class MeteredFile;
  void account(const Path& path, std::string_view operation, std::uint64_t bytes);

  FileSystem& files_;
  WorkMeter& meter_;
  std::atomic<std::uint64_t> bytes_ = 0;
};

}  // namespace kseg
