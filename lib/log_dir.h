// A log directory's root: its lock, its clean-shutdown marker, its four checkpoint files.
#pragma once

#include <memory>
#include <vector>

#include "formats/checkpoint_file.h"
#include "formats/meta_properties.h"
#include "lib/file_system.h"

namespace kseg {

class LogDir {
 public:
  // Whether `folder` looks like a root: it holds meta.properties, one of the four checkpoint files,
  // `.lock` or `.kafka_cleanshutdown`.
  static bool is_root(FileSystem& files, const Path& folder);

  // `folder`, if it is a root.
  static std::optional<LogDir> at(FileSystem& files, const Path& folder);

  // The root that `partition_folder` lies in, if its parent is one. Nothing for a copied folder.
  static std::optional<LogDir> parent_of(FileSystem& files, const Path& partition_folder);

  const Path& path() const { return path_; }
  bool cleanly_shut_down() const;

  // Null if a broker (or another kseg) holds it.
  std::unique_ptr<FileLock> lock() const;

  // Whose it is; nothing if it has no meta.properties. Errors are the format's.
  Result<std::optional<MetaProperties>> read_meta_properties() const;

  // Whether a broker (or another kseg) holds it, for who only reads.
  bool in_use() const;

  // Entries of one of the four checkpoint files (names in formats/file_names.h); a missing file is
  // empty. Errors are the format's.
  Result<std::vector<PartitionOffset>> read_checkpoint(std::string_view file_name) const;

  // Sets the entry of `partition` in one of the four; entries of others stay as and where they are. A new
  // one is put before the first with a greater name: the file does not depend on the order of calls.
  // Errors, with nothing written: those of the file there is, bad_text for a topic with an illegal name.
  std::optional<Defect> write_checkpoint(std::string_view file_name, const TopicPartition& partition,
                                         Offset offset) const;

  // Removes the entry of `partition`, if there is one; the file is not written if there is none. Errors,
  // with nothing written: those of the file.
  std::optional<Defect> drop_from_checkpoint(std::string_view file_name,
                                             const TopicPartition& partition) const;

 private:
  LogDir(FileSystem& files, Path path) : files_(&files), path_(std::move(path)) {}
  FileSystem* files_;
  Path path_;
};

}  // namespace kseg
