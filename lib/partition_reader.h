// Reads a range of a partition's offsets, segment after segment, also beside a live broker.
#pragma once

#include <memory>
#include <optional>
#include <utility>

#include "lib/batch_stretch.h"
#include "lib/offset_range.h"
#include "lib/partition_log.h"
#include "lib/segment_reader.h"
#include "lib/segment_start.h"

namespace kseg {

class PartitionReader {
 public:
  struct Options {
    SegmentReader::Payload payload = SegmentReader::Payload::read;
    OffsetRange range = {};
    // Batches that are earlier throughout may be left out, as far as a time index tells.
    std::int64_t begin_time_ms = std::numeric_limits<std::int64_t>::min();
    bool use_indexes = true;  // false: read each segment from its start
    StretchOptions stretches = StretchOptions::of_machine();
  };

  // All segments of `folder` that hold something of the range. If one vanishes before it is opened
  // (retention, compaction), the folder is listed again and reading goes on at the next offset.
  static PartitionReader of_folder(FileSystem& files, const Path& folder, Options options);

  // One `.log` file (or metadata snapshot), whatever else its folder holds.
  static PartitionReader of_file(FileSystem& files, const Path& file, Options options);

  // The next batch that holds an offset of the range, nothing at the end, or a defect, behind which
  // the reader goes on (SegmentReader). Where to begin in a segment is looked up in its indexes
  // (segment_start.h). A view is valid until the next call. Throws IoError.
  Result<std::optional<RecordBatchView>> next();

  // The same, segment by segment: opens the next one that holds something of the range, unless one is open;
  // false: there is none.
  bool begin_segment();
  // Nothing at the end of the segment that is open.
  Result<std::optional<RecordBatchView>> next_in_segment();

  // Batches of the open segment by stretches, in which there may be some outside of the range. False at the
  // segment's or the range's end, and where something stands that next_in_segment() must judge. Then, or
  // earlier, go_on_from() is to be called.
  bool next_stretch(BatchStretch& stretch);
  // Where the segment's next batch stands, if no stretch has been taken.
  Position position() const { return reader_->position(); }
  // Behind stretches: next_in_segment() goes on at `position`, in front of which all batches were sound. (It
  // reads them again, so that it knows what it would know.)
  void go_on_from(Position position);

  // Where the last batch or defect is.
  const Segment& segment() const { return segments_[index_]; }
  File& file() { return *file_; }
  // Whether that is the segment a broker appends to: a torn tail is ordinary there.
  bool in_active_segment() const;

  // The index entries that turned out wrong since this was last asked.
  std::vector<IndexDoubt> take_doubts() { return std::exchange(doubts_, {}); }

 private:
  PartitionReader(FileSystem& files, Options options)
      : files_(&files), options_(options), begin_(options.range.begin), end_(options.range.end) {}
  void list();
  bool open_segment();
  void close_segment();
  SegmentReader::Options start_in(const Segment& segment);
  bool ends_range(const RecordBatchHeader& header) const;

  FileSystem* files_;
  Options options_;
  Offset begin_;  // of the range, or behind what was read before the last listing
  Offset end_;
  std::optional<Path> folder_;  // to list again
  std::vector<Segment> segments_;
  std::size_t index_ = 0;
  std::unique_ptr<File> file_;
  std::optional<SegmentReader> reader_;
  std::optional<StretchReader> stretches_;  // if the segment is read by them
  std::optional<Position> range_end_;       // met in a stretch
  Offset stretches_next_;                   // behind the last stretch
  Offset next_offset_;                      // behind the last batch
  int vanished_ = 0;                        // files, since one could be opened
  std::vector<IndexDoubt> doubts_;
};

}  // namespace kseg
