// A file system that knows what a disk may hold after a power cut: what was synced for certain, and of the
// rest any part that a real file system may lose.
//
// Of a file: bytes appended since its last sync are there, are missing from some place on, or are zeros from
// some place on; its time is the old one or the new one. Of a folder: names made, renamed and removed since
// its last sync_directory happened in order up to some point. Each file and each folder by itself: a name may
// be there without the bytes, and bytes without the name.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "lib/file_system.h"
#include "tests/support/dice.h"

namespace kseg {

class PowerCutFileSystem : public FileSystem {
 public:
  // What stands below `root` now counts as synced. Borrows `real`, to which no sync is passed on.
  PowerCutFileSystem(FileSystem& real, Path root);
  ~PowerCutFileSystem() override;

  enum class Left {
    synced_only,     // nothing of the rest
    names_only,      // every name, but no byte that was not synced
    names_of_zeros,  // every name, and every length, but no byte that was not synced
    some,            // as the dice fall
  };
  // Puts below the root what the disk may hold if the power is cut now; returns a hash of that. May be asked
  // again, for another disk.
  std::size_t cut(Left left, Dice& dice) const;

  // Whether nothing is left that a cut could lose.
  bool all_synced() const;

  std::unique_ptr<File> open(const Path& path) override { return real_.open(path); }
  std::optional<FileInfo> info(const Path& path) override { return real_.info(path); }
  std::vector<DirectoryEntry> list(const Path& directory) override { return real_.list(directory); }
  bool is_locked(const Path& path) override { return real_.is_locked(path); }
  std::uint64_t free_bytes(const Path& directory) override { return real_.free_bytes(directory); }
  std::unique_ptr<File> create(const Path& path, std::uint32_t mode) override;
  std::unique_ptr<File> open_to_append(const Path& path) override;
  std::unique_ptr<File> create_temporary(const Path& directory) override {
    return real_.create_temporary(directory);
  }
  void rename(const Path& from, const Path& to) override;
  void link(const Path& from, const Path& to) override;
  void remove(const Path& path) override;
  void make_directory(const Path& path, std::uint32_t mode) override;
  void sync_directory(const Path& path) override;
  void set_mtime(const Path& path, std::int64_t mtime_ns) override;
  void set_owner(const Path& path, std::uint32_t user_id, std::uint32_t group_id) override {
    real_.set_owner(path, user_id, group_id);
  }
  std::unique_ptr<FileLock> lock(const Path& path) override { return real_.lock(path); }

 private:
  struct Node;
  class TrackedFile;
  using NodePtr = std::shared_ptr<Node>;
  using Names = std::map<std::string, NodePtr>;

  struct DataChange {
    std::size_t end = 0;  // the file is cut to this size,
    ByteBuffer appended;  // and then these bytes follow
  };
  struct NameChange {
    std::string removed;  // empty: nothing
    std::string added;    // empty: nothing
    NodePtr node;         // what `added` then means
  };
  struct Node {  // a file or a folder; several names may lead to a file
    bool is_directory = false;
    ByteBuffer synced;
    std::vector<DataChange> changes;
    std::size_t size = 0;                                   // with the changes
    std::optional<std::int64_t> synced_mtime_ns, mtime_ns;  // nothing: when it was written
    Names synced_names, names;
    std::vector<NameChange> name_changes;
  };
  class Disk;  // what a cut leaves, while it is written

  NodePtr read_from_disk(const Path& path) const;
  Node* find(const Path& path) const;  // null outside of the root
  Node& parent(const Path& path) const;
  bool tracks(const Path& path) const;
  static void apply(Names& names, const NameChange& change);
  static bool all_synced(const Node& node);
  void change_names(const Path& directory, NameChange change);

  FileSystem& real_;
  Path root_;
  NodePtr tree_;
};

}  // namespace kseg
