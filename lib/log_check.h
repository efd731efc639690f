// Checks a partition: reading it to its end is verifying it.
#pragma once

#include <memory>

#include "lib/segment_check.h"

namespace kseg {

class LogCheck {
 public:
  struct Options {
    bool side_files = true;  // false: only `.log` and `.txnindex` files are looked at
  };

  // Lists the folder. `files` and `report` must outlive it. Throws IoError, here and later.
  static LogCheck of_folder(FileSystem& files, const Path& folder, Options options, VerifyReport& report);
  // The segment that this file of it belongs to, with all its files (those with the same `.deleted`,
  // `.cleaned` or `.swap`). Its `.log` must be there.
  static LogCheck of_segment(FileSystem& files, const Path& file, VerifyReport& report);

  // The next batch that can be read, from the oldest segment to the newest; nothing at the end, when
  // everything has been told: what SegmentCheck tells of each segment, then the defects of side files.
  // Notes: unfinished swaps and other left-overs, open transactions. Valid until the next call.
  //
  // Beside a live broker: if files vanish or are replaced, the folder is listed again and reading goes on
  // with the segment that holds the next offset, which may then be read again.
  std::optional<CheckedBatch> next();

  // Tells all that next() tells on the way to the end.
  void to_end(const StretchOptions& stretches);

  // The base of the first segment; nothing without segments.
  std::optional<Offset> first_base() const;
  // Behind the last batch, or the active segment's base if that is higher. After next() has come to the end.
  Offset end_offset() const { return state_->end_offset; }

 private:
  LogCheck(FileSystem& files, const Path& folder, Options options, VerifyReport& report);
  bool open_segment();
  void close_segment();
  void tell_left_overs();
  void finish();

  FileSystem* files_;
  Options options_;
  VerifyReport* report_;
  Offset log_start_;  // by the checkpoint
  std::unique_ptr<LogState> state_;
  std::optional<PartitionLog> log_;  // of a folder
  std::vector<Segment> segments_;
  bool last_is_active_ = true;
  std::size_t index_ = 0;
  std::unique_ptr<SegmentCheck> segment_;
  int changed_ = 0;  // listings, since a segment could be opened
};

// What the log-start-offset-checkpoint beside the folder says of it, if that can be read; else 0.
Offset log_start_of(FileSystem& files, const Path& folder);

// Reads `log` to its end.
void verify(LogCheck log, const StretchOptions& stretches = StretchOptions::of_machine());

// A side file by itself: a producer snapshot, an index without its `.log`, leader-epoch-checkpoint,
// partition.metadata, meta.properties, one of the four checkpoints, or a metadata snapshot. Which it is
// its name says; false if the name says nothing. Throws IoError.
bool verify_side_file(FileSystem& files, const Path& file, VerifyReport& report);

// A log directory: its own files, and each partition folder that is in use. Others are notes.
void verify_log_dir(FileSystem& files, const Path& folder, VerifyReport& report);

}  // namespace kseg
