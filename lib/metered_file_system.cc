#include "lib/metered_file_system.h"

#include <cerrno>

namespace kseg {

class MeteredFileSystem::MeteredFile : public File {
 public:
  MeteredFile(MeteredFileSystem& files, std::unique_ptr<File> file)
      : File(file->path()), files_(files), file_(std::move(file)) {}

  std::size_t read_at(Position from, std::span<std::uint8_t> into) override {
    const std::size_t bytes = file_->read_at(from, into);
    files_.account(path(), "read", bytes);
    return bytes;
  }
  void will_read(Position from, std::uint64_t bytes) override { file_->will_read(from, bytes); }
  void append(Bytes bytes) override {
    files_.account(path(), "write", bytes.size());
    file_->append(bytes);
  }
  void truncate(Position end) override { file_->truncate(end); }
  void sync() override { file_->sync(); }
  FileInfo info() override { return file_->info(); }

 private:
  MeteredFileSystem& files_;
  std::unique_ptr<File> file_;
};

std::unique_ptr<File> MeteredFileSystem::open(const Path& path) {
  return std::make_unique<MeteredFile>(*this, files_.open(path));
}

std::unique_ptr<File> MeteredFileSystem::create(const Path& path, std::uint32_t mode) {
  return std::make_unique<MeteredFile>(*this, files_.create(path, mode));
}

std::unique_ptr<File> MeteredFileSystem::open_to_append(const Path& path) {
  return std::make_unique<MeteredFile>(*this, files_.open_to_append(path));
}

std::unique_ptr<File> MeteredFileSystem::create_temporary(const Path& directory) {
  return std::make_unique<MeteredFile>(*this, files_.create_temporary(directory));
}

void MeteredFileSystem::account(const Path& path, std::string_view operation, std::uint64_t bytes) {
  bytes_ += bytes;
  meter_.account(bytes);
  if (meter_.asked_to_stop()) throw IoError(path, operation, EINTR);
}

}  // namespace kseg
