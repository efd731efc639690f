// The segment that takes the place of a group: as a rule one.
#pragma once

#include <memory>
#include <vector>

#include "lib/segment_writer.h"
#include "lib/written_check.h"

namespace kseg {

// Whether a group that does not fit into one segment may become several.
enum class Split { if_needed, never };

class GroupOutput {
 public:
  // Begins to write with `options`; further segments have other bases. Unless keep() is called nothing of
  // them is left behind.
  GroupOutput(FileSystem& files, SegmentWriter::Options options, Split split);

  // Whole batches, one behind the other. Errors: SegmentWriter's.
  std::optional<Defect> append(std::span<const RecordBatchHeader> headers, Bytes batches);
  // To the segment that holds the marker.
  void append(const AbortedTxn& txn);
  // An empty segment gets an empty `.txnindex`. A loader that completes the swap after a crash removes old
  // files by the offsets that the new segment covers: none if it is empty. This one takes the place of the
  // old one.
  void replace_transaction_index();

  // Completes the files and reads them back, with `jobs` threads.
  std::optional<LocatedDefect> finish(std::int64_t mtime_ns, std::size_t jobs);

  void keep();
  // After keep(): base offsets of the segments, ascending, and the bytes of their `.log` files.
  const std::vector<Offset>& base_offsets() const { return base_offsets_; }
  std::uint64_t log_bytes() const { return log_bytes_; }

 private:
  struct Written {
    std::unique_ptr<SegmentWriter> writer;
    WrittenCheck check;
  };

  void begin(Offset base_offset);

  FileSystem& files_;
  SegmentWriter::Options options_;
  Split split_;
  std::vector<Written> written_;
  std::vector<Offset> base_offsets_;
  std::uint64_t log_bytes_ = 0;
};

}  // namespace kseg
