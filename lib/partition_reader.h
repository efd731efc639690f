// Reads a range of a partition's offsets, segment after segment, also beside a live broker.
#pragma once

#include <memory>
#include <optional>

#include "lib/offset_range.h"
#include "lib/partition_log.h"
#include "lib/segment_reader.h"

namespace kseg {

class PartitionReader {
 public:
  struct Options {
    SegmentReader::Payload payload = SegmentReader::Payload::read;
    OffsetRange range = {};
  };

  // All segments of `folder` that hold something of the range. If one vanishes before it is opened
  // (retention, compaction), the folder is listed again and reading goes on at the next offset.
  static PartitionReader of_folder(FileSystem& files, const Path& folder, Options options);

  // One `.log` file (or metadata snapshot), whatever else its folder holds.
  static PartitionReader of_file(FileSystem& files, const Path& file, Options options);

  // The next batch that holds an offset of the range, nothing at the end, or a defect, behind which
  // the reader goes on (SegmentReader). The range's begin is found with the offset index if that
  // leads to the start of a batch. A view is valid until the next call. Throws IoError.
  Result<std::optional<RecordBatchView>> next();

  // Where the last batch or defect is.
  const Segment& segment() const { return segments_[index_]; }
  File& file() { return *file_; }
  // Whether that is the segment a broker appends to: a torn tail is ordinary there.
  bool in_active_segment() const;

 private:
  PartitionReader(FileSystem& files, Options options)
      : files_(&files), payload_(options.payload), begin_(options.range.begin), end_(options.range.end) {}
  void list();
  bool open_segment();
  Position start_in(const Segment& segment);
  bool ends_range(const RecordBatchHeader& header) const;

  FileSystem* files_;
  SegmentReader::Payload payload_;
  Offset begin_;  // of the range, or behind what was read before the last listing
  Offset end_;
  std::optional<Path> folder_;  // to list again
  std::vector<Segment> segments_;
  std::size_t index_ = 0;
  std::unique_ptr<File> file_;
  std::optional<SegmentReader> reader_;
  Offset next_offset_;  // behind the last batch
  int vanished_ = 0;    // files, since one could be opened
};

}  // namespace kseg
