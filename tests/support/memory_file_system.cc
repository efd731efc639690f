#include "tests/support/memory_file_system.h"

#include <algorithm>
#include <cerrno>

#include "formats/check.h"

namespace kseg {

class MemoryFileSystem::OpenFile : public File {
 public:
  OpenFile(Path path, NodePtr node) : File(std::move(path)), node_(std::move(node)) {}

  std::size_t read_at(Position from, std::span<std::uint8_t> into) override {
    const ByteBuffer& bytes = node_->bytes;
    const auto begin = std::min(static_cast<std::size_t>(from.value), bytes.size());
    const std::size_t count = std::min(into.size(), bytes.size() - begin);
    std::copy_n(bytes.begin() + static_cast<std::ptrdiff_t>(begin), count, into.begin());
    return count;
  }
  void append(Bytes bytes) override { node_->bytes.insert(node_->bytes.end(), bytes.begin(), bytes.end()); }
  void truncate(Position end) override { node_->bytes.resize(static_cast<std::size_t>(end.value)); }
  void sync() override {}
  FileInfo info() override {
    FileInfo info = node_->info;
    info.size_bytes = node_->bytes.size();
    return info;
  }

 private:
  NodePtr node_;
};

void MemoryFileSystem::add_folder(const Path& folder, const FolderFiles& contents) {
  for (Path each = folder; nodes_.count(each) == 0; each = each.parent_path()) {
    auto node = std::make_shared<Node>();
    node->info = {.mode = 0755, .is_directory = true};
    nodes_[each] = std::move(node);
    if (!each.has_relative_path()) break;
  }
  for (const auto& [name, bytes] : contents) add_file(folder / name, bytes);
}

void MemoryFileSystem::add_file(const Path& path, ByteBuffer bytes) {
  auto node = std::make_shared<Node>();
  node->info = {.mode = 0644, .is_regular = true};
  node->bytes = std::move(bytes);
  nodes_[path] = std::move(node);
}

void MemoryFileSystem::remove_all(const Path& folder) {
  const std::string below = folder.string() + "/";
  std::erase_if(nodes_,
                [&](const auto& each) { return each.first == folder || each.first.starts_with(below); });
}

ByteBuffer& MemoryFileSystem::bytes(const Path& path) {
  return find(path, "open")->bytes;
}

FolderFiles MemoryFileSystem::read_folder(const Path& folder) const {
  FolderFiles files;
  const std::string below = folder.string() + "/";
  for (auto each = nodes_.lower_bound(below); each != nodes_.end() && each->first.starts_with(below);
       ++each) {
    std::string name = each->first.substr(below.size());
    if (name.find('/') == std::string::npos && each->second->info.is_regular)
      files[std::move(name)] = each->second->bytes;
  }
  return files;
}

std::unique_ptr<File> MemoryFileSystem::open(const Path& path) {
  return std::make_unique<OpenFile>(path, find(path, "open"));
}

std::optional<FileInfo> MemoryFileSystem::info(const Path& path) {
  const auto found = nodes_.find(path);
  if (found == nodes_.end()) return std::nullopt;
  return OpenFile(path, found->second).info();
}

std::vector<DirectoryEntry> MemoryFileSystem::list(const Path& directory) {
  find(directory, "list");
  const std::string below = directory.string() + "/";
  std::vector<DirectoryEntry> entries;
  for (auto each = nodes_.lower_bound(below); each != nodes_.end() && each->first.starts_with(below);
       ++each) {
    std::string name = each->first.substr(below.size());
    if (name.find('/') == std::string::npos)
      entries.push_back({.name = std::move(name), .is_directory = each->second->info.is_directory});
  }
  return entries;
}

std::unique_ptr<File> MemoryFileSystem::create(const Path& path, std::uint32_t mode) {
  find(path.parent_path(), "create");
  expect_new(path, "create");
  add_file(path, {});
  nodes_[path]->info.mode = mode;
  return open(path);
}

std::unique_ptr<File> MemoryFileSystem::open_to_append(const Path& path) {
  return open(path);
}

std::unique_ptr<File> MemoryFileSystem::create_temporary(const Path& directory) {
  find(directory, "create a file in");
  return std::make_unique<OpenFile>(directory, std::make_shared<Node>());
}

void MemoryFileSystem::rename(const Path& from, const Path& to) {
  const NodePtr node = find(from, "rename");
  check(!node->info.is_directory, "a file");
  nodes_.erase(from);
  nodes_[to] = node;
}

void MemoryFileSystem::link(const Path& from, const Path& to) {
  expect_new(to, "link");
  nodes_[to] = find(from, "link");
}

void MemoryFileSystem::remove(const Path& path) {
  find(path, "remove");
  nodes_.erase(path);
}

void MemoryFileSystem::make_directory(const Path& path, std::uint32_t) {
  expect_new(path, "make");
  add_folder(path, {});
}

void MemoryFileSystem::set_mtime(const Path& path, std::int64_t mtime_ns) {
  find(path, "set the time of")->info.mtime_ns = mtime_ns;
}

void MemoryFileSystem::set_owner(const Path& path, std::uint32_t user_id, std::uint32_t group_id) {
  FileInfo& info = find(path, "set the owner of")->info;
  info.user_id = user_id;
  info.group_id = group_id;
}

MemoryFileSystem::NodePtr MemoryFileSystem::find(const Path& path, std::string_view operation) const {
  const auto found = nodes_.find(path);
  if (found == nodes_.end()) throw IoError(path, operation, ENOENT);
  return found->second;
}

void MemoryFileSystem::expect_new(const Path& path, std::string_view operation) const {
  if (nodes_.count(path) > 0) throw IoError(path, operation, EEXIST);
}

}  // namespace kseg
