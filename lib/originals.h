// Keeps what a compaction replaces, as hard links in a folder beside, so that undo.h can put it back.
#pragma once

#include <memory>
#include <optional>
#include <span>

#include "lib/originals_manifest.h"
#include "lib/partition_log.h"
#include "lib/refusal.h"

namespace kseg {

inline constexpr std::string_view kManifest = "manifest";
// The same file when the partition is as it was, and only the links are left to be removed.
inline constexpr std::string_view kUndoneManifest = "manifest.undone";

// Those of one partition, in DIR/<topic-partition>/. That folder is made when the first group is about to
// be swapped.
//
// Before each swap: the group's files are linked, the folder is synced, the manifest says so and is synced.
// So a crash leaves one of these: links that the manifest does not speak of, whose files are still in
// their place (harmless, undo removes them); or a group that the manifest speaks of and that is old, new,
// or in the middle of the swap, which undo tells apart by the bytes of its files.
class Originals {
 public:
  struct Request {
    Path folder;  // DIR; see prepare()
    std::optional<Offset> checkpoint_before = {};
    std::optional<Offset> checkpoint_after = {};  // as it is written after the last swap
  };

  // Makes DIR, in a folder that is there. Refuses one that lies in a log directory or a partition's folder.
  // Nothing is written if `dry_run`. Throws IoError.
  static std::optional<Refusal> prepare(FileSystem& files, const Path& folder, bool dry_run);

  // Whether DIR holds originals of that partition already, or is on another file system. Throws IoError.
  static std::optional<Refusal> refusal(FileSystem& files, const Path& folder, const PartitionLog& log);

  // Borrows `log`, the partition before its first swap.
  Originals(FileSystem& files, const PartitionLog& log, Request request);

  // What is swapped in next, and what it takes the place of; its `.cleaned` files are complete. Those of
  // the sources are kept, and the producer snapshots among them, which a swap or the start of a broker
  // after a crash in it may remove. Throws IoError: then nothing may be swapped.
  void keep(std::span<const Segment> sources);

 private:
  void begin();
  void append(const std::string& section);
  OriginalsManifest::KeptFile keep_file(const Path& file);

  FileSystem& files_;
  const PartitionLog& log_;
  Request request_;
  Path folder_;                     // of this partition
  std::unique_ptr<File> manifest_;  // null until something is kept
};

}  // namespace kseg
