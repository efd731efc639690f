// Writes the files of one segment: `.log`, `.index`, `.timeindex` and, if there are aborted
// transactions, `.txnindex`.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "formats/file_names.h"
#include "formats/record_batch.h"
#include "formats/transaction_index.h"
#include "lib/file_system.h"
#include "lib/segment_indexes.h"

namespace kseg {

class SegmentWriter {
 public:
  struct Options {
    Path folder;
    Offset base_offset;
    FileState state = FileState::cleaned;  // suffix of the files
    std::uint64_t index_interval_bytes = 4096;
    std::uint64_t max_bytes = 2'147'483'647;  // of the `.log`; a broker reads no larger one
    std::uint32_t mode = 0644;                // permission bits of the files
    std::optional<std::pair<std::uint32_t, std::uint32_t>> owner;  // user and group id, else the process's
  };

  // Creates the `.log`; left-over files of the same names and state are removed first.
  SegmentWriter(FileSystem& files, Options options);
  // Removes what was written unless keep() was called: nothing half written is left behind.
  ~SegmentWriter();
  SegmentWriter(const SegmentWriter&) = delete;
  SegmentWriter& operator=(const SegmentWriter&) = delete;

  // Appends whole batches, which lie one behind the other in `batches`. Errors: segment_range (an offset that
  // does not fit the index, 2^31-1 above the base), segment_too_large (max_bytes).
  std::optional<Defect> append(std::span<const RecordBatchHeader> headers, Bytes batches);
  std::optional<Defect> append(const RecordBatchHeader& header, Bytes batch) {
    return append(std::span(&header, 1), batch);
  }
  void append(const AbortedTxn& txn);
  // How many of the first batches append() would take.
  std::size_t fitting(std::span<const RecordBatchHeader> headers) const;

  // Gives what was appended so far to the system.
  void flush();

  // Flushes, writes the indexes, sets the mtime of `.log`, `.index` and `.timeindex` and syncs every file.
  // Nothing is durable by name before the caller has synced the folder.
  void finish(std::int64_t mtime_ns);

  // The finished files are what they should be, and stay.
  void keep() { kept_ = true; }

  Offset base_offset() const { return options_.base_offset; }
  std::uint64_t size_bytes() const { return size_bytes_; }  // of the `.log` so far
  const SegmentIndexes& indexes() const { return indexes_; }
  const ByteBuffer& transaction_index() const { return transaction_index_; }
  Path path(SegmentFileKind kind) const;

  // Writes an empty `.txnindex` as well if there are no entries: see SegmentSwap.
  void force_transaction_index() { force_transaction_index_ = true; }

 private:
  struct NothingWritten {};
  SegmentWriter(FileSystem& files, Options options, NothingWritten);

  void discard();
  std::unique_ptr<File> create(SegmentFileKind kind);
  void write_whole(SegmentFileKind kind, Bytes bytes, std::optional<std::int64_t> mtime_ns);
  std::optional<Defect> misfit(const RecordBatchHeader& header, std::uint64_t size_bytes) const;

  FileSystem& files_;
  Options options_;
  std::unique_ptr<File> log_;
  std::uint64_t size_bytes_ = 0;
  ByteBuffer pending_;  // batches not yet given to the system
  SegmentIndexes indexes_;
  ByteBuffer transaction_index_;
  bool force_transaction_index_ = false;
  bool kept_ = false;
};

}  // namespace kseg
