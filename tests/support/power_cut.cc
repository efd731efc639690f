#include "tests/support/power_cut.h"

#include <algorithm>
#include <filesystem>
#include <functional>

#include "formats/check.h"
#include "tests/support/log_folder.h"

namespace kseg {

class PowerCutFileSystem::TrackedFile : public File {
 public:
  TrackedFile(std::unique_ptr<File> real, NodePtr node)
      : File(real->path()), real_(std::move(real)), node_(std::move(node)) {}

  std::size_t read_at(Position from, std::span<std::uint8_t> into) override {
    return real_->read_at(from, into);
  }
  void append(Bytes bytes) override {
    real_->append(bytes);
    node_->changes.push_back({.end = node_->size, .appended = ByteBuffer(bytes.begin(), bytes.end())});
    node_->size += bytes.size();
    node_->mtime_ns.reset();
  }
  void truncate(Position end) override {
    real_->truncate(end);
    node_->size = static_cast<std::size_t>(end.value);
    node_->changes.push_back({.end = node_->size, .appended = {}});
    node_->mtime_ns.reset();
  }
  void sync() override {
    for (const DataChange& change : node_->changes) {
      node_->synced.resize(change.end);
      node_->synced.insert(node_->synced.end(), change.appended.begin(), change.appended.end());
    }
    node_->changes.clear();
    node_->synced_mtime_ns = node_->mtime_ns;
  }
  FileInfo info() override { return real_->info(); }

 private:
  std::unique_ptr<File> real_;
  NodePtr node_;
};

// Draws for each file and folder what is left of it, and writes that.
class PowerCutFileSystem::Disk {
 public:
  Disk(Left left, Dice& dice) : left_(left), dice_(dice) {}

  void write_folder(const Node& folder, const Path& path) {
    Names names = folder.synced_names;
    const std::size_t happened = names_left(folder.name_changes.size());
    for (std::size_t i = 0; i < happened; ++i) apply(names, folder.name_changes[i]);
    for (const auto& [name, node] : names) {
      if (node->is_directory) {
        std::filesystem::create_directory(path / name);
        contents_ += (path / name).string() + '/';
        write_folder(*node, path / name);
      } else {
        write_file(*node, path / name);
      }
    }
  }

  std::size_t hash() const { return std::hash<std::string>()(contents_); }

 private:
  std::size_t names_left(std::size_t changes) {
    switch (left_) {
      case Left::synced_only: return 0;
      case Left::names_only:
      case Left::names_of_zeros: return changes;
      case Left::some: break;
    }
    return dice_.chance(40) ? changes : part_of(changes);
  }

  void write_file(const Node& file, const Path& path) {
    const auto [place, first] = written_.try_emplace(&file, path);
    contents_ += path.string() + '=' + place->second.string() + ':';
    if (!first) return std::filesystem::create_hard_link(place->second, path);
    const ByteBuffer bytes = bytes_left(file);
    contents_ += as_text(bytes);
    write_whole_file(path, bytes);
    const bool new_time = left_ == Left::some ? dice_.chance(50) : left_ != Left::synced_only;
    const auto mtime_ns = new_time ? file.mtime_ns : file.synced_mtime_ns;
    if (mtime_ns) {
      contents_ += std::to_string(*mtime_ns);
      posix_file_system().set_mtime(path, *mtime_ns);
    }
  }

  ByteBuffer bytes_left(const Node& file) {
    enum class Rest { missing, zeros, there };
    Rest rest = Rest::missing;
    if (left_ == Left::names_of_zeros) rest = Rest::zeros;
    if (left_ == Left::some) rest = dice_.pick({Rest::missing, Rest::zeros, Rest::there});

    // Up to `whole` all is as it was written; the bytes of the change behind are there up to `torn`.
    const std::size_t whole = rest == Rest::there   ? file.changes.size()
                              : left_ == Left::some ? part_of(file.changes.size())
                                                    : 0;
    ByteBuffer bytes = file.synced;
    for (std::size_t i = 0; i < whole; ++i) take(bytes, file.changes[i], file.changes[i].appended.size());
    if (whole == file.changes.size()) return bytes;
    const std::size_t torn = left_ == Left::some ? part_of(file.changes[whole].appended.size()) : 0;
    if (left_ == Left::some || rest == Rest::zeros) take(bytes, file.changes[whole], torn);
    if (rest == Rest::zeros) bytes.resize(std::max(bytes.size(), file.size));
    return bytes;
  }

  static void take(ByteBuffer& bytes, const DataChange& change, std::size_t appended) {
    bytes.resize(change.end);
    bytes.insert(bytes.end(), change.appended.begin(),
                 change.appended.begin() + static_cast<std::ptrdiff_t>(appended));
  }

  std::size_t part_of(std::size_t count) {
    return static_cast<std::size_t>(dice_.between(0, static_cast<std::int64_t>(count)));
  }

  Left left_;
  Dice& dice_;
  std::map<const Node*, Path> written_;
  std::string contents_;
};

PowerCutFileSystem::PowerCutFileSystem(FileSystem& real, Path root)
    : real_(real), root_(std::move(root)), tree_(read_from_disk(root_)) {}

PowerCutFileSystem::~PowerCutFileSystem() = default;

std::size_t PowerCutFileSystem::cut(Left left, Dice& dice) const {
  for (const auto& entry : std::filesystem::directory_iterator(root_)) {
    std::filesystem::remove_all(entry.path());
  }
  Disk disk(left, dice);
  disk.write_folder(*tree_, root_);
  return disk.hash();
}

bool PowerCutFileSystem::all_synced() const {
  return all_synced(*tree_);
}

bool PowerCutFileSystem::all_synced(const Node& node) {
  return node.changes.empty() && node.name_changes.empty() && node.synced_mtime_ns == node.mtime_ns &&
         std::all_of(node.names.begin(), node.names.end(),
                     [](const auto& name) { return all_synced(*name.second); });
}

std::unique_ptr<File> PowerCutFileSystem::create(const Path& path, std::uint32_t mode) {
  auto file = real_.create(path, mode);
  if (!tracks(path)) return file;
  const auto node = std::make_shared<Node>();
  change_names(path.parent_path(), {.removed = {}, .added = path.filename(), .node = node});
  return std::make_unique<TrackedFile>(std::move(file), node);
}

std::unique_ptr<File> PowerCutFileSystem::open_to_append(const Path& path) {
  auto file = real_.open_to_append(path);
  if (!tracks(path)) return file;
  return std::make_unique<TrackedFile>(std::move(file), parent(path).names.at(path.filename()));
}

void PowerCutFileSystem::rename(const Path& from, const Path& to) {
  check(from.parent_path() == to.parent_path(),
        "a rename within one folder");  // else a cut could lose both names
  real_.rename(from, to);
  if (!tracks(from)) return;
  change_names(
      from.parent_path(),
      {.removed = from.filename(), .added = to.filename(), .node = parent(from).names.at(from.filename())});
}

void PowerCutFileSystem::link(const Path& from, const Path& to) {
  real_.link(from, to);
  check(tracks(from) == tracks(to), "a link within the root");
  if (!tracks(from)) return;
  change_names(to.parent_path(),
               {.removed = {}, .added = to.filename(), .node = parent(from).names.at(from.filename())});
}

void PowerCutFileSystem::remove(const Path& path) {
  real_.remove(path);
  if (tracks(path)) change_names(path.parent_path(), {.removed = path.filename(), .added = {}, .node = {}});
}

void PowerCutFileSystem::make_directory(const Path& path, std::uint32_t mode) {
  real_.make_directory(path, mode);
  if (!tracks(path)) return;
  const auto node = std::make_shared<Node>();
  node->is_directory = true;
  change_names(path.parent_path(), {.removed = {}, .added = path.filename(), .node = node});
}

void PowerCutFileSystem::sync_directory(const Path& path) {
  Node* const folder = find(path);
  if (folder == nullptr) return;
  folder->synced_names = folder->names;
  folder->name_changes.clear();
}

void PowerCutFileSystem::set_mtime(const Path& path, std::int64_t mtime_ns) {
  real_.set_mtime(path, mtime_ns);
  if (Node* const node = find(path)) node->mtime_ns = mtime_ns;
}

PowerCutFileSystem::NodePtr PowerCutFileSystem::read_from_disk(const Path& path) const {
  const auto node = std::make_shared<Node>();
  node->is_directory = std::filesystem::is_directory(path);
  if (!node->is_directory) {
    node->synced = read_whole_file(path);
    node->size = node->synced.size();
    node->synced_mtime_ns = node->mtime_ns = real_.info(path)->mtime_ns;
    return node;
  }
  for (const auto& entry : std::filesystem::directory_iterator(path)) {
    node->names[entry.path().filename()] = read_from_disk(entry.path());
  }
  node->synced_names = node->names;
  return node;
}

bool PowerCutFileSystem::tracks(const Path& path) const {
  return find(path.parent_path()) != nullptr;
}

PowerCutFileSystem::Node* PowerCutFileSystem::find(const Path& path) const {
  Node* node = tree_.get();
  if (path == root_) return node;
  const Path inside = path.lexically_relative(root_);
  if (inside.empty() || *inside.begin() == "..") return nullptr;
  for (const Path& name : inside) {
    const auto found = node->names.find(name);
    if (found == node->names.end()) return nullptr;
    node = found->second.get();
  }
  return node;
}

PowerCutFileSystem::Node& PowerCutFileSystem::parent(const Path& path) const {
  return *find(path.parent_path());
}

void PowerCutFileSystem::apply(Names& names, const NameChange& change) {
  if (!change.removed.empty()) names.erase(change.removed);
  if (!change.added.empty()) names[change.added] = change.node;
}

void PowerCutFileSystem::change_names(const Path& directory, NameChange change) {
  Node& folder = *find(directory);
  apply(folder.names, change);
  folder.name_changes.push_back(std::move(change));
}

}  // namespace kseg
