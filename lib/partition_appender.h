// Appends batches to a partition as its broker would: to the active segment, rolled by Kafka's rules,
// with indexes, producer snapshots and leader epochs, and the log directory's checkpoints.
#pragma once

#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "formats/record.h"
#include "formats/uuid.h"
#include "lib/active_segment.h"
#include "lib/log_dir.h"
#include "lib/log_end.h"
#include "lib/refusal.h"
#include "lib/topic_config.h"

namespace kseg {

struct AppendRequest {
  Path partition;
  bool create = false;  // the folder may be missing, or without a segment
  // As a follower takes batches from its leader: offsets, leader epochs and producers' sequences are as
  // given. Else as a leader takes them from a client.
  bool preserve_offsets = false;
  bool recover = false;  // go on behind a torn tail, or in a directory that was not shut down cleanly
  bool force = false;    // even if the partition has other replicas, or may have
  std::optional<Offset> log_start;  // of a new partition; else 0, or where its first batch begins
  std::optional<Uuid> topic_id;     // of a new partition
  TopicConfig config;
  std::int64_t now_ms = 0;
};

struct AppendReport {
  Offset log_start;
  Offset log_end_before;
  Offset log_end;
  std::uint64_t batches = 0;
  std::uint64_t records = 0;
  std::uint64_t bytes = 0;  // of `.log` files
  std::uint64_t segments_created = 0;
  std::uint64_t transactions_aborted = 0;
  bool created = false;  // the partition
  std::vector<std::string> warnings;
};

class PartitionAppender {
 public:
  // Takes the lock and reads the end of the log; writes nothing yet. Throws IoError.
  static std::variant<std::unique_ptr<PartitionAppender>, Refusal> open(FileSystem& files,
                                                                        const AppendRequest& request);
  // Leaves everything as it was, unless commit() was called and returned.
  ~PartitionAppender();
  PartitionAppender(const PartitionAppender&) = delete;
  PartitionAppender& operator=(const PartitionAppender&) = delete;

  Offset log_end() const { return log_end_; }
  // What a leader stamps its batches with: the last epoch known, or 0.
  std::int32_t leader_epoch() const { return epochs_.latest().value_or(0); }

  // What speaks against a batch that begins like this, before it is built. Errors: producer_state
  // (only of a leader), offset_order (only of a follower).
  std::optional<Defect> check_begin(const RecordBatchHeader& header) const;

  // A whole, sealed batch; of a control batch its first record as well. Errors, with the log unchanged:
  // check_begin's, bad_length (above max.message.bytes or segment.bytes), producer_state,
  // bad_control_record. Throws IoError.
  std::optional<Defect> append(const RecordBatchView& batch, const std::optional<RecordView>& marker);

  // Makes all of it durable and the partition a cleanly closed one. Throws IoError, after which the
  // destructor takes everything back.
  AppendReport commit();

  // Leaves everything as it was. Throws IoError.
  void roll_back();

 private:
  PartitionAppender(FileSystem& files, const AppendRequest& request);

  std::optional<Refusal> prepare();
  std::optional<Refusal> check_replicas();
  std::optional<Refusal> prepare_new();
  std::optional<Refusal> prepare_old();
  void begin_writing(Offset first_offset);
  void make_folder();
  void drop_surplus_transactions();
  Offset transaction_of(std::int64_t producer_id) const;
  void replace(const Path& path, Bytes bytes);
  void open_segment(ActiveSegment::Content content, Offset base_offset, bool is_new);
  bool must_roll(const RecordBatchHeader& header, std::uint64_t size_bytes) const;
  void close_segment();
  void take_snapshot(Offset offset);
  void write_root_checkpoints();

  FileSystem& files_;
  AppendRequest request_;
  std::optional<LogDir> root_;
  std::unique_ptr<FileLock> lock_;  // held before the folder is listed
  PartitionLog log_;
  std::optional<TopicPartition> name_;
  Rollback rollback_;
  ProducerState producers_;
  LeaderEpochs epochs_;
  bool epochs_changed_ = false;
  std::optional<LogEnd> found_;  // of a partition that was there, until the first write
  Offset log_end_;
  Offset newest_snapshot_;  // or the log start: none is written at or below it
  std::optional<ActiveSegment> segment_;
  ActiveSegment::Options segment_options_;
  std::optional<ByteBuffer> partition_metadata_;  // to be written
  std::optional<ByteBuffer> clean_shutdown_;      // the mark, while it is away
  bool has_other_replicas_ = false;
  bool writing_ = false;
  bool committed_ = false;
  AppendReport report_;
};

}  // namespace kseg
