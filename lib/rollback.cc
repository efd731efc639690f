#include "lib/rollback.h"

#include <algorithm>

namespace kseg {
namespace {

void remove_if_there(FileSystem& files, const Path& path) {
  if (files.info(path)) files.remove(path);
}

// What replace_file() leaves when it fails.
Path beside(Path path) {
  path += ".tmp";
  return path;
}

}  // namespace

bool Rollback::knows(const Path& path) const {
  return std::any_of(changes_.begin(), changes_.end(),
                     [&](const Before& known) { return known.path == path; });
}

void Rollback::will_replace(const Path& path) {
  if (knows(path)) return;
  const auto info = files_.info(path);
  if (!info) return changes_.push_back({.kind = Before::Kind::nothing, .path = path});
  changes_.push_back(
      {.kind = Before::Kind::bytes, .path = path, .info = *info, .bytes = read_file(files_, path)});
}

void Rollback::will_extend(const Path& path) {
  if (knows(path)) return;
  const auto info = files_.info(path);
  if (!info) return changes_.push_back({.kind = Before::Kind::nothing, .path = path});
  changes_.push_back({.kind = Before::Kind::size, .path = path, .info = *info});
}

void Rollback::will_make_directory(const Path& path) {
  changes_.push_back({.kind = Before::Kind::no_directory, .path = path});
}

void Rollback::run() {
  while (!changes_.empty()) {
    undo(changes_.back());
    changes_.pop_back();
  }
}

void Rollback::undo(const Before& before) {
  const Path folder = before.path.has_parent_path() ? before.path.parent_path() : Path(".");
  switch (before.kind) {
    case Before::Kind::no_directory:
      remove_if_there(files_, before.path);
      return files_.sync_directory(folder);
    case Before::Kind::nothing:
      remove_if_there(files_, beside(before.path));
      remove_if_there(files_, before.path);
      return files_.sync_directory(folder);
    case Before::Kind::size: {
      const auto file = files_.open_to_append(before.path);
      if (file->info().size_bytes != before.info.size_bytes) {
        file->truncate({before.info.size_bytes});
        file->sync();
      }
      return files_.set_mtime(before.path, before.info.mtime_ns);
    }
    case Before::Kind::bytes:
      remove_if_there(files_, beside(before.path));
      const bool untouched = files_.info(before.path) && read_file(files_, before.path) == before.bytes;
      if (!untouched) replace_file(files_, before.path, before.bytes);
      return files_.set_mtime(before.path, before.info.mtime_ns);
  }
}

}  // namespace kseg
