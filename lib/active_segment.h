// The segment that a log grows in: batches are appended to its `.log` in place, as a broker does, and
// its indexes are written when it is closed.
#pragma once

#include <memory>
#include <optional>

#include "formats/file_names.h"
#include "formats/record_batch.h"
#include "formats/transaction_index.h"
#include "lib/file_system.h"
#include "lib/rollback.h"
#include "lib/segment_indexes.h"

namespace kseg {

class ActiveSegment {
 public:
  struct Options {
    Path folder;
    Offset base_offset;
    std::uint32_t mode = 0644;                                     // of new files
    std::optional<std::pair<std::uint32_t, std::uint32_t>> owner;  // of new files: user and group id
  };
  // What is there already. Of a new segment nothing is.
  struct Content {
    SegmentIndexes indexes;
    Position end;  // of the `.log`; bytes behind it are cut off
    std::optional<std::int64_t> first_batch_timestamp_ms;
  };

  // Makes the files (empty indexes too: a `.log` without them would be recovered), or opens them.
  // `rollback` hears of each change before it is made.
  ActiveSegment(FileSystem& files, Rollback& rollback, Options options, Content content, bool is_new);

  void append(const RecordBatchHeader& header, Bytes batch);
  // Of an ABORT marker that is appended next: its entry is on disk before it, so that a process that
  // dies in between leaves an entry too many (a note to verify) and never one too few.
  void append(const AbortedTxn& txn);

  // Writes and syncs everything, the closing time index entry included. Nothing may follow.
  void close();

  Offset base_offset() const { return options_.base_offset; }
  std::uint64_t size_bytes() const { return size_bytes_; }  // of the `.log`
  const SegmentIndexes& indexes() const { return indexes_; }
  // maxTimestamp of the first batch: segment.ms counts from it.
  std::optional<std::int64_t> first_batch_timestamp_ms() const { return first_batch_timestamp_ms_; }

 private:
  Path path(SegmentFileKind kind) const;
  std::unique_ptr<File> create(SegmentFileKind kind);
  void flush();

  FileSystem& files_;
  Rollback& rollback_;
  Options options_;
  SegmentIndexes indexes_;
  std::uint64_t size_bytes_;
  std::optional<std::int64_t> first_batch_timestamp_ms_;
  std::unique_ptr<File> log_;
  std::unique_ptr<File> transaction_index_;  // once there is an entry to append
  ByteBuffer pending_;                       // batches not yet given to the system
  ByteBuffer pending_entries_;               // likewise, of the transaction index
};

}  // namespace kseg
