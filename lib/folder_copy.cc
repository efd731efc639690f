#include "lib/folder_copy.h"

#include <unistd.h>

#include <algorithm>

namespace kseg {
namespace {

bool is_left_over(std::string_view name) {
  return name.ends_with(".deleted") || name.ends_with(".cleaned") || name.ends_with(".tmp");
}

Path beside(Path path) {
  path += ".partial";
  return path;
}

}  // namespace

FolderCopy::FolderCopy(FileSystem& files, Path from, Path to)
    : files_(files), from_(std::move(from)), to_(std::move(to)), partial_(beside(to_)) {
  const auto source = files_.info(from_);
  files_.make_directory(partial_, source ? source->mode : 0755);
  if (source && geteuid() == 0) files_.set_owner(partial_, source->user_id, source->group_id);
}

FolderCopy::~FolderCopy() {
  if (published_) return;
  try {
    for (const DirectoryEntry& entry : files_.list(partial_)) files_.remove(partial_ / entry.name);
    files_.remove(partial_);
  } catch (...) {
    // The exception that brought us here says more than one about the clearing up.
  }
}

void FolderCopy::copy_rest(const std::vector<std::string>& replaced) {
  for (const DirectoryEntry& entry : files_.list(from_)) {
    const bool is_replaced = std::find(replaced.begin(), replaced.end(), entry.name) != replaced.end();
    if (entry.is_directory || is_replaced || is_left_over(entry.name)) continue;
    copy_file(entry.name);
  }
}

void FolderCopy::copy_file(const std::string& name) {
  const auto source = files_.open(from_ / name);
  const FileInfo info = source->info();
  const auto target = files_.create(partial_ / name, info.mode);
  ByteBuffer buffer(std::size_t{1} << 20);
  for (Position at;;) {
    const std::size_t got = source->read_at(at, buffer);
    if (got == 0) break;
    target->append(Bytes{buffer}.first(got));
    at = at + got;
  }
  // Before the sync: they are to be on the disk as the bytes are.
  if (geteuid() == 0) files_.set_owner(partial_ / name, info.user_id, info.group_id);
  files_.set_mtime(partial_ / name, info.mtime_ns);
  target->sync();
}

void FolderCopy::publish() {
  files_.sync_directory(partial_);
  files_.rename(partial_, to_);
  published_ = true;
  const Path folder = to_.parent_path();
  files_.sync_directory(folder.empty() ? Path(".") : folder);
}

}  // namespace kseg
