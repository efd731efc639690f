#include "lib/segment_swap.h"

#include <algorithm>

namespace kseg {
namespace {

constexpr SegmentFileKind kKinds[] = {SegmentFileKind::log, SegmentFileKind::offset_index,
                                      SegmentFileKind::time_index, SegmentFileKind::transaction_index};

class Swap {
 public:
  // `outputs`: base offsets, ascending.
  Swap(FileSystem& files, Path folder, std::span<const Offset> outputs)
      : files_(files), folder_(std::move(folder)), outputs_(outputs) {}

  // While the sources are whole, what could not be swapped in is of no use.
  ~Swap() {
    if (!sources_whole_) return;
    try {
      // A loader throws `.swap` files away as long as there is a `.cleaned` one at or below them, and
      // completes the swap if there is none: so one has to be there until the last `.swap` is gone.
      const Path log = path(SegmentFileKind::log, outputs_.front(), FileState::swap);
      if (files_.info(log))
        files_.rename(log, path(SegmentFileKind::log, outputs_.front(), FileState::cleaned));
      remove_outputs(FileState::swap);
      remove_outputs(FileState::cleaned);
    } catch (...) {
      // What stopped the swap is under way as an exception of its own; a loader removes these files.
    }
  }
  Swap(const Swap&) = delete;
  Swap& operator=(const Swap&) = delete;

  // Highest base first: until the lowest is renamed, a loader throws all of them away.
  void announce() {
    for (auto base = outputs_.rbegin(); base != outputs_.rend(); ++base)
      move_output(*base, FileState::cleaned, FileState::swap);
    files_.sync_directory(folder_);
    sources_whole_ = false;
  }

  void retire(const Path& file) {
    Path retired = file;
    retired += extension(FileState::deleted);
    files_.rename(file, retired);
    retired_.push_back(std::move(retired));
  }

  void retire_current(Offset base) {
    for (const auto kind : kKinds) {
      const Path file = path(kind, base, FileState::current);
      if (files_.info(file)) retire(file);
    }
  }

  // Lowest base first: a loader removes what lies in the range of those that still are `.swap`, from the
  // lowest to the highest.
  void finish() {
    files_.sync_directory(folder_);
    for (const Offset base : outputs_) move_output(base, FileState::swap, FileState::current);
  }

  // An empty `.txnindex` came along only to overwrite the old one after a crash (see Cleaner); a
  // broker's cleaner leaves none behind.
  void remove_empty_transaction_index(Offset base) {
    const Path index = path(SegmentFileKind::transaction_index, base, FileState::current);
    const auto info = files_.info(index);
    if (info && info->size_bytes == 0) files_.remove(index);
  }

  // If a crash leaves the removals and not the last renames, a loader finds the outputs as `.swap` files, as
  // it would have before.
  void remove_retired() {
    for (const Path& path : retired_) files_.remove(path);
    files_.sync_directory(folder_);
  }

 private:
  Path path(SegmentFileKind kind, Offset offset, FileState state) const {
    return folder_ / to_string({.kind = kind, .offset = offset, .state = state});
  }

  void move_output(Offset base, FileState from, FileState to) {
    for (const auto kind : kKinds) {
      const Path source = path(kind, base, from);
      if (files_.info(source)) files_.rename(source, path(kind, base, to));
    }
  }

  void remove_outputs(FileState state) {
    for (const Offset base : outputs_) {
      for (const auto kind : kKinds) {
        if (files_.info(path(kind, base, state))) files_.remove(path(kind, base, state));
      }
    }
  }

  FileSystem& files_;
  Path folder_;
  std::span<const Offset> outputs_;
  std::vector<Path> retired_;
  bool sources_whole_ = true;
};

void retire_segment(Swap& swap, const Segment& segment) {
  swap.retire(segment.log);
  for (const auto& file : {segment.offset_index, segment.time_index, segment.transaction_index}) {
    if (file) swap.retire(*file);
  }
}

}  // namespace

void swap_in(FileSystem& files, const PartitionLog& log, std::span<const Segment> sources,
             std::span<const Offset> outputs, Originals* originals) {
  Swap swap(files, log.folder(), outputs);
  if (originals != nullptr) originals->keep(sources);
  swap.announce();
  for (const Segment& source : sources) retire_segment(swap, source);
  swap.finish();
  for (const Segment& source : sources) {
    const auto snapshot = log.snapshots().find(source.base_offset);
    const bool stays = std::binary_search(outputs.begin(), outputs.end(), source.base_offset);
    if (!stays && snapshot != log.snapshots().end()) swap.retire(snapshot->second);
  }
  swap.remove_empty_transaction_index(outputs.front());
  swap.remove_retired();
}

void swap_in_several(FileSystem& files, const Path& folder, std::span<const Offset> bases) {
  Swap swap(files, folder, bases);
  swap.announce();
  for (const Offset base : bases) swap.retire_current(base);
  swap.finish();
  swap.remove_retired();
}

}  // namespace kseg
