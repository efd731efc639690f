#include "tests/support/faulty_file_system.h"

#include <fmt/format.h>

namespace kseg {

class FaultyFile : public File {
 public:
  FaultyFile(FaultyFileSystem& files, std::unique_ptr<File> real)
      : File(real->path()), files_(files), real_(std::move(real)) {}

  std::size_t read_at(Position from, std::span<std::uint8_t> into) override {
    const bool half = files_.reading("read", path());
    return real_->read_at(from, half ? into.first(into.size() / 2) : into);
  }
  void will_read(Position from, std::uint64_t bytes) override { real_->will_read(from, bytes); }
  void append(Bytes bytes) override {
    const bool torn = files_.mutation("append", path());
    real_->append(torn ? bytes.first(bytes.size() / 2) : bytes);
    if (torn) files_.fail_torn(path());
  }
  void truncate(Position end) override {
    files_.mutation("truncate", path());
    real_->truncate(end);
  }
  void sync() override {
    files_.mutation("sync", path());
    if (!files_.skip_syncs_) real_->sync();
  }
  FileInfo info() override {
    files_.reading("info", path());
    return real_->info();
  }

 private:
  FaultyFileSystem& files_;
  std::unique_ptr<File> real_;
};

std::unique_ptr<File> FaultyFileSystem::open(const Path& path) {
  reading("open", path);
  return std::make_unique<FaultyFile>(*this, real_.open(path));
}

std::optional<FileInfo> FaultyFileSystem::info(const Path& path) {
  reading("info", path);
  return real_.info(path);
}

std::vector<DirectoryEntry> FaultyFileSystem::list(const Path& directory) {
  reading("list", directory);
  return real_.list(directory);
}

std::unique_ptr<File> FaultyFileSystem::create(const Path& path, std::uint32_t mode) {
  mutation("create", path);
  return std::make_unique<FaultyFile>(*this, real_.create(path, mode));
}

std::unique_ptr<File> FaultyFileSystem::open_to_append(const Path& path) {
  reading("open_to_append", path);
  return std::make_unique<FaultyFile>(*this, real_.open_to_append(path));
}

std::unique_ptr<File> FaultyFileSystem::create_temporary(const Path& directory) {
  mutation("create_temporary", directory);
  return std::make_unique<FaultyFile>(*this, real_.create_temporary(directory));
}

void FaultyFileSystem::rename(const Path& from, const Path& to) {
  mutation("rename", from);
  real_.rename(from, to);
}

void FaultyFileSystem::remove(const Path& path) {
  mutation("remove", path);
  real_.remove(path);
}

void FaultyFileSystem::make_directory(const Path& path, std::uint32_t mode) {
  mutation("make_directory", path);
  real_.make_directory(path, mode);
}

void FaultyFileSystem::sync_directory(const Path& path) {
  mutation("sync_directory", path);
  if (!skip_syncs_) real_.sync_directory(path);
}

void FaultyFileSystem::set_mtime(const Path& path, std::int64_t mtime_ns) {
  mutation("set_mtime", path);
  real_.set_mtime(path, mtime_ns);
}

void FaultyFileSystem::link(const Path& from, const Path& to) {
  mutation("link", from);
  real_.link(from, to);
}

bool FaultyFileSystem::is_locked(const Path& path) {
  reading("is_locked", path);
  return real_.is_locked(path);
}

std::uint64_t FaultyFileSystem::free_bytes(const Path& directory) {
  reading("free_bytes", directory);
  return free_bytes_ ? *free_bytes_ : real_.free_bytes(directory);
}

void FaultyFileSystem::set_owner(const Path& path, std::uint32_t user_id, std::uint32_t group_id) {
  mutation("set_owner", path);
  real_.set_owner(path, user_id, group_id);
}

std::unique_ptr<FileLock> FaultyFileSystem::lock(const Path& path) {
  reading("lock", path);
  return real_.lock(path);
}

bool FaultyFileSystem::mutation(std::string_view name, const Path& path) {
  return step(name, path, true);
}

bool FaultyFileSystem::reading(std::string_view name, const Path& path) {
  return step(name, path, counted_ == Counted::everything);
}

void FaultyFileSystem::fail_torn(const Path& path) {
  if (fault_.kind == Kind::fail_half_way) throw IoError(path, "append", fault_.error_number);
  stop("append", path);
}

bool FaultyFileSystem::step(std::string_view name, const Path& path, bool counted) {
  const std::lock_guard guard(mutex_);
  if (stopped_) stop(name, path);
  if (!counted) return false;
  const bool its_turn = journal_.size() == fault_.at;
  journal_.push_back(fmt::format("{} {}", name, path.string()));
  if (!its_turn) return false;
  switch (fault_.kind) {
    case Kind::none: return false;
    case Kind::fail: throw IoError(path, name, fault_.error_number);
    case Kind::stop: stopped_ = true; stop(name, path);
    case Kind::tear:
      stopped_ = true;
      if (name == "append") return true;
      stop(name, path);
    case Kind::fail_half_way:
      if (name == "append") return true;
      throw IoError(path, name, fault_.error_number);
    case Kind::end_half_way: return name == "read";
  }
  return false;
}

void FaultyFileSystem::stop(std::string_view name, const Path& path) {
  throw Stopped{fmt::format("{} {}", name, path.string())};
}

}  // namespace kseg
