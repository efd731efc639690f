// One partition folder: which files are its segments, as a broker that loads it would see them.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "formats/file_names.h"
#include "formats/result.h"
#include "lib/file_system.h"
#include "lib/located_defect.h"
#include "lib/segment_reader.h"

namespace kseg {

// The files of one segment. A path is missing if the file is.
struct Segment {
  Offset base_offset;
  Path log;
  std::uint64_t size_bytes = 0;  // of the `.log`, when listed
  std::int64_t mtime_ns = 0;     // of the `.log`
  std::optional<Path> offset_index;
  std::optional<Path> time_index;
  std::optional<Path> transaction_index;

  std::int64_t mtime_ms() const { return mtime_ns / 1'000'000; }  // as Kafka reads it
};

// A `.log` file by itself (or a metadata snapshot, whose base counts as 0), with the indexes that lie
// beside it under the same name.
Segment lone_segment(FileSystem& files, const Path& log);

// What a broker does with left-over files before it looks at a partition (compaction.md §16.1,
// steps 1 to 5), as a plan: readers look at the folder through it, recovery carries it out. Orphaned
// indexes and stray snapshots are cleared up later and are not in it.
struct LoadPlan {
  std::vector<std::string> removed;                          // file names, in a broker's order
  std::vector<std::pair<std::string, std::string>> renamed;  // `.swap` → final, which it may replace
  bool unfinished_swap() const { return !renamed.empty(); }

  // `names` are those of regular files. `next_offset_of_swap` is asked for the next offset of each
  // `.log.swap` that stays (its base if empty). Names that break loading are left alone.
  static LoadPlan of(const std::vector<std::string>& names,
                     const std::function<Offset(const std::string&)>& next_offset_of_swap);
};

class PartitionLog {
 public:
  PartitionLog() = default;  // no folder, no segments

  // Lists `folder`, and again (a few times) as long as its files change meanwhile: a broker may be at
  // work. Throws IoError; a folder without any `.log` file yields no segments.
  static PartitionLog open(FileSystem& files, const Path& folder);

  const Path& folder() const { return folder_; }
  // Ascending base offsets; the last one is the active segment.
  const std::vector<Segment>& segments() const { return segments_; }
  const Segment& active() const { return segments_.back(); }
  const LoadPlan& load_plan() const { return load_plan_; }
  // Producer snapshots by the offset they speak for.
  const std::map<Offset, Path>& snapshots() const { return snapshots_; }
  // All other regular files that the plan leaves, by name: leader-epoch-checkpoint, partition.metadata,
  // indexes without a `.log`, names that are not canonical.
  const std::vector<std::string>& other_files() const { return other_files_; }
  // missing_file of what has the name of a segment's file and is none: a directory, a link that leads
  // nowhere, a pipe. A broker looks past them, and so does not see what may have been there.
  const std::vector<LocatedDefect>& not_files() const { return not_files_; }
  // From the folder's name; nothing if it is not a partition folder's.
  const std::optional<PartitionFolderName>& name() const { return name_; }

  // The segment that holds `offset`: the greatest base at or below it, else the first.
  // Of no use without segments.
  std::size_t floor_segment(Offset offset) const;

 private:
  PartitionLog(FileSystem& files, Path folder, const std::vector<std::string>& names);

  Path folder_;
  std::optional<PartitionFolderName> name_;
  std::vector<Segment> segments_;
  LoadPlan load_plan_;
  std::map<Offset, Path> snapshots_;
  std::vector<std::string> other_files_;
  std::vector<LocatedDefect> not_files_;
};

}  // namespace kseg
