// Puts back what a compaction replaced, from the originals that it kept (originals.h).
//
// Everything is taken back in the reverse order: first the cleaner checkpoint, then the groups from the
// newest to the oldest. What a crash of an undo leaves is then what a crash of the compaction could have
// left. With the oldest group first it could be worse (compaction.md §16.2 (e)): an old value would be back
// while the tombstone that hid it is still gone, and readers, and every later cleaning, would take the key
// for alive.
//
// Each group goes back through a broker's own protocol for several outputs, so that a broker that starts
// after a crash finds it old or new. The files are linked, not copied: bytes, times, owners and modes are
// those that they had. Producer snapshots follow, which such a start may have removed.
//
// What a group is, old, new or in between, is told by the bytes of its files, not by what was written down of
// an earlier undo. So an undo that was stopped is completed by another one, with or without a broker's start
// between.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "lib/originals.h"

namespace kseg {

class PartitionUndo {
 public:
  struct Report {
    std::uint64_t groups = 0;          // that were kept
    std::uint64_t groups_swapped = 0;  // of these those that are not yet as they were
    std::uint64_t segments_before = 0;
    std::uint64_t segments_after = 0;
    std::uint64_t log_bytes_before = 0;  // of all `.log` files
    std::uint64_t log_bytes_after = 0;
    bool sets_checkpoint = false;
    std::optional<Offset> checkpoint;  // of the cleaner, as it then is
  };

  // `kept` is DIR/<topic-partition>. Reads its manifest. Throws IoError.
  PartitionUndo(FileSystem& files, Path kept);
  PartitionUndo(const PartitionUndo&) = delete;
  PartitionUndo& operator=(const PartitionUndo&) = delete;

  // Whether the folder is one that Originals made.
  static bool holds_originals(FileSystem& files, const Path& kept);

  // The partition's folder; empty if nothing was swapped, or all of it is undone: run() then only clears.
  const Path& partition() const { return partition_; }
  // The log directory around it, whose lock the caller holds before check() and until run() is done.
  const std::optional<LogDir>& root() const { return root_; }

  // Whether everything is as the compaction left it; nothing is written. A swap that was interrupted (of
  // the compaction, of an undo) is no obstacle if it is of a group that was kept.
  std::optional<Refusal> check();
  const Report& report() const { return report_; }

  // Puts everything back, and removes `kept`. check() found nothing.
  std::optional<Refusal> run();

 private:
  using KeptFile = OriginalsManifest::KeptFile;
  using Group = OriginalsManifest::Group;

  bool nothing_to_do() const { return partition_.empty(); }
  std::optional<Refusal> check_root();
  std::optional<Refusal> check_swap(const PartitionLog& log) const;
  void check_kept(std::vector<std::string>& differences) const;
  void check_log(const PartitionLog& log, std::vector<std::string>& differences) const;
  std::optional<Refusal> check_checkpoint(std::vector<std::string>& differences);
  void count(const PartitionLog& log);

  const Group* group_of(Offset offset) const;
  bool same_file(const KeptFile& file, const Path& now) const;
  bool is_output(const Group& group, const Segment& segment) const;
  bool is_in_place(const Group& group) const;

  void finish_interrupted_swap();
  std::optional<Refusal> restore_checkpoint();
  void restore(const Group& group);
  void restore_snapshots(const Group& group);
  void clear();

  FileSystem& files_;
  Path kept_;
  Path partition_;
  std::optional<LogDir> root_;
  OriginalsManifest manifest_;
  std::optional<Refusal> damaged_;
  Report report_;
};

}  // namespace kseg
