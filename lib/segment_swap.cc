#include "lib/segment_swap.h"

namespace kseg {
namespace {

constexpr SegmentFileKind kKinds[] = {SegmentFileKind::log, SegmentFileKind::offset_index,
                                      SegmentFileKind::time_index, SegmentFileKind::transaction_index};

class Swap {
 public:
  Swap(FileSystem& files, const PartitionLog& log, std::span<const Segment> sources)
      : files_(files), log_(log), sources_(sources), base_offset_(sources.front().base_offset) {}

  // While the sources are whole, what could not be swapped in is of no use.
  ~Swap() {
    if (!sources_whole_) return;
    try {
      // A loader throws `.swap` files away as long as there is a `.cleaned` one, and completes the swap
      // if there is none: so one has to be there until the last `.swap` is gone.
      const Path log = path(SegmentFileKind::log, base_offset_, FileState::swap);
      if (files_.info(log)) files_.rename(log, path(SegmentFileKind::log, base_offset_, FileState::cleaned));
      remove_output(FileState::swap);
      remove_output(FileState::cleaned);
    } catch (...) {
      // What stopped the swap is under way as an exception of its own; a loader removes these files.
    }
  }
  Swap(const Swap&) = delete;
  Swap& operator=(const Swap&) = delete;

  void run() {
    move_output(FileState::cleaned, FileState::swap);
    files_.sync_directory(log_.folder());
    sources_whole_ = false;
    retire_sources();
    files_.sync_directory(log_.folder());
    move_output(FileState::swap, FileState::current);
    files_.sync_directory(log_.folder());
    retire_snapshots();
    remove_empty_transaction_index();
    for (const Path& path : retired_) files_.remove(path);
    files_.sync_directory(log_.folder());
  }

 private:
  Path path(SegmentFileKind kind, Offset offset, FileState state) const {
    return log_.folder() / to_string({.kind = kind, .offset = offset, .state = state});
  }

  void move_output(FileState from, FileState to) {
    for (const auto kind : kKinds) {
      const Path source = path(kind, base_offset_, from);
      if (files_.info(source)) files_.rename(source, path(kind, base_offset_, to));
    }
  }

  void remove_output(FileState state) {
    for (const auto kind : kKinds) {
      if (files_.info(path(kind, base_offset_, state))) files_.remove(path(kind, base_offset_, state));
    }
  }

  void retire(const Path& file) {
    Path retired = file;
    retired += extension(FileState::deleted);
    files_.rename(file, retired);
    retired_.push_back(std::move(retired));
  }

  void retire_sources() {
    for (const Segment& source : sources_) {
      retire(source.log);
      for (const auto& file : {source.offset_index, source.time_index, source.transaction_index}) {
        if (file) retire(*file);
      }
    }
  }

  void retire_snapshots() {
    for (const Segment& source : sources_.subspan(1)) {
      const auto snapshot = log_.snapshots().find(source.base_offset);
      if (snapshot != log_.snapshots().end()) retire(snapshot->second);
    }
  }

  // An empty `.txnindex` came along only to overwrite the old one after a crash (see Cleaner); a
  // broker's cleaner leaves none behind.
  void remove_empty_transaction_index() {
    const Path index = path(SegmentFileKind::transaction_index, base_offset_, FileState::current);
    const auto info = files_.info(index);
    if (info && info->size_bytes == 0) files_.remove(index);
  }

  FileSystem& files_;
  const PartitionLog& log_;
  std::span<const Segment> sources_;
  Offset base_offset_;
  std::vector<Path> retired_;
  bool sources_whole_ = true;
};

}  // namespace

void swap_in(FileSystem& files, const PartitionLog& log, std::span<const Segment> sources) {
  Swap(files, log, sources).run();
}

}  // namespace kseg
