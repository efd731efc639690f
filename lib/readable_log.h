// What a reader gets of a log: of which segments, which batches, which offsets, at which isolation, now or
// as it was at an offset or a time.
#pragma once

#include <memory>
#include <vector>

#include "lib/batch_chunk.h"
#include "lib/offset_range.h"
#include "lib/partition_log.h"
#include "lib/verify_report.h"

namespace kseg {

enum class Isolation { read_uncommitted, read_committed };

struct ReadableSegment {
  Path log;
  std::shared_ptr<File> file;  // kept open, unless there are too many
  std::vector<BatchRun> runs;  // all batches that can be trusted, from the segment's start
  std::vector<bool> aborted;   // a bit a batch; never set at read_uncommitted
};

class ReadableLog {
 public:
  struct Request {
    Isolation isolation = Isolation::read_committed;
    // As it was when the log ended here: what came later decides no transaction either.
    std::optional<Offset> at_offset = {};
    // As it was when the log ended before the first record, be it a control record, with a later time.
    std::optional<std::int64_t> at_time_ms = {};
  };

  // Reads a partition folder, or one `.log` file as if it was the whole log, from its start to its end
  // (or to where the request says), and holds a bit a batch and 24 bytes a MiB of it. `report` is told:
  // what SegmentReader tells (a torn tail of the active segment is a note), offset_order, segment_range, and
  // at read_committed transaction_mismatch and what is wrong with transaction indexes. If a file vanishes,
  // the folder is listed again (and what was told is told again). Throws IoError.
  static ReadableLog open(FileSystem& files, const Path& target, const Request& request,
                          VerifyReport& report);

  const std::vector<ReadableSegment>& segments() const { return segments_; }

  // A segment's file, for another pass: the one that was read when the log was opened, whatever a broker has
  // renamed or removed since. Of a log with hundreds of segments it is opened again. Throws IoError.
  std::shared_ptr<File> file(FileSystem& files, std::size_t segment) const;

  // From the log start (of a checkpoint beside the folder, else 0) to the log's end, to where the request
  // said, or at read_committed to the first offset of a transaction that is not decided there.
  const OffsetRange& range() const { return range_; }

  // Whether a batch holds nothing for the reader: it is aborted, or outside of the range.
  bool skips(std::size_t segment, std::size_t batch, const RecordBatchHeader& header) const {
    return header.last_offset() < range_.begin || header.base_offset >= range_.end ||
           segments_[segment].aborted[batch];
  }

 private:
  class Scan;
  std::vector<ReadableSegment> segments_;
  OffsetRange range_;
};

}  // namespace kseg
