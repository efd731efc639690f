// Checks one segment: its batches one after the other, and its indexes against them.
#pragma once

#include <memory>

#include "lib/batch_check.h"
#include "lib/batch_stretch.h"
#include "lib/index_check.h"
#include "lib/leader_epoch_check.h"
#include "lib/partition_log.h"
#include "lib/transaction_check.h"

namespace kseg {

// What goes from segment to segment.
struct LogState {
  LogState(VerifyReport& report, Offset log_start, LeaderEpochCheck::Entries read_epochs)
      : batches(report), transactions(report, log_start), leader_epochs(report, std::move(read_epochs)) {}

  BatchCheck batches;
  TransactionCheck transactions;
  LeaderEpochCheck leader_epochs;
  std::optional<Offset> last_offset;  // of the batch before, if it can stand where it does
  Offset end_offset;                  // behind the highest of those, or a segment's base if that is higher
};

class SegmentCheck {
 public:
  struct Options {
    std::optional<Offset> next_base = std::nullopt;  // of the segment behind, if it is known
    bool active = false;
    bool side_indexes = true;  // false: `.index` and `.timeindex` are not looked at
  };

  // Opens the files: the `.log` first, so that the indexes of an active segment know at least as much.
  // Nothing if they are no longer the files that were listed: gone, replaced, or (but for the active
  // segment) changed. Indexes themselves are judged at once. Throws IoError.
  static std::unique_ptr<SegmentCheck> open(FileSystem& files, const Segment& segment, Options options,
                                            LogState& state, VerifyReport& report);

  // The next batch with a header and a crc to trust; nothing at the end, and then all has been told.
  // Valid until the next call. Defects: SegmentReader's (of the active segment torn_tail is a note),
  // BatchCheck's, offset_order, segment_range, segment_overlap,
  // segment_too_large, and those of indexes. Warnings: missing_file for an index, leader_epoch.
  std::optional<CheckedBatch> next();

  // All that next() would give and tell, by stretches of which some are looked into at once. Before any
  // next().
  void to_end(const StretchOptions& stretches);

 private:
  class Slot;
  struct IndexBytes {
    std::optional<ByteBuffer> offset_index;
    std::optional<ByteBuffer> time_index;
    std::optional<ByteBuffer> transaction_index;
  };

  SegmentCheck(FileSystem& files, const Segment& segment, Options options, LogState& state,
               VerifyReport& report, std::unique_ptr<File> log);
  void judge_indexes(IndexBytes bytes);
  void warn_missing(SegmentFileKind kind);
  void judge_transaction_index(Bytes bytes);
  void unreadable(const Defect& defect, Position from);
  void check_place(const RecordBatchView& batch);
  void check_order(const RecordBatchView& batch);
  void check_transactions(const CheckedBatch& batch);
  void finish();

  FileSystem& files_;
  Segment segment_;
  Options options_;
  LogState& state_;
  VerifyReport& report_;
  std::unique_ptr<File> log_;
  SegmentReader reader_;
  std::optional<OffsetIndexCheck> offset_index_;
  std::optional<TimeIndexCheck> time_index_;
  std::optional<Offset> last_offset_;  // of this segment's last batch
};

}  // namespace kseg
