// Joins records into batches, as a producer does, and appends these to a partition.
#pragma once

#include <functional>
#include <optional>

#include "formats/record_batch_builder.h"
#include "lib/partition_appender.h"

namespace kseg {

// A record as it is given; what is not given is the log's to choose. Borrows.
struct RecordToAppend {
  std::uint64_t line = 0;        // where it stands in the input
  std::optional<Offset> offset;  // only looked at if offsets are preserved: else the log's end
  RecordView record;             // its own offset is not looked at
  TimestampType timestamp_type = TimestampType::create_time;
  std::int64_t producer_id = kNoProducerId;
  std::int16_t producer_epoch = kNoProducerEpoch;
  std::int32_t sequence = kNoSequence;
  std::optional<std::int32_t> leader_epoch;
  bool transactional = false;
  bool control = false;
};

// A batch whose bounds are to be kept: the header of a batch line. Its records follow.
struct BatchToAppend {
  std::uint64_t line = 0;
  RecordBatchHeader header;  // record_count as it was; size and crc are not looked at
  std::optional<std::int64_t> delete_horizon_ms;
};

// What cannot be appended: the lines that it came from, and why.
struct RefusedLines {
  std::uint64_t first = 0;
  std::uint64_t last = 0;
  Defect defect;
};

class RecordAccumulator {
 public:
  struct Options {
    bool preserve_offsets = false;
    bool null_keys = true;              // false: refused, as a compacted topic does
    std::optional<Codec> codec;         // else that of the batch lines, else none
    std::optional<int> level;           // of the codec that is given, in its range
    std::uint64_t batch_bytes = 16384;  // of records before compression; not of batches whose bounds are kept
    std::int32_t batch_records = 2147483647;
  };

  RecordAccumulator(PartitionAppender& appender, Options options)
      : appender_(appender), options_(options), compressor_(options.level) {}

  // Errors are those of the appender for what came before or for this; nothing of the lines they name
  // was appended, and what follows may go on. Throws IoError.
  std::optional<RefusedLines> begin_batch(const BatchToAppend& batch);
  std::optional<RefusedLines> add(const RecordToAppend& record);
  // What is still held back. Before commit() of the appender.
  std::optional<RefusedLines> flush();

 private:
  bool joins(const RecordToAppend& record, Offset offset) const;
  std::optional<Defect> start(const RecordToAppend& record, Offset offset);
  Offset next_offset() const { return open_ ? last_offset_ + 1 : appender_.log_end(); }
  std::optional<RefusedLines> append_empty();

  PartitionAppender& appender_;
  Options options_;
  RecordBatchBuilder builder_;
  Compressor compressor_;
  ByteBuffer batch_;

  std::optional<BatchToAppend> kept_;  // bounds to keep, until its last record
  std::int32_t kept_records_ = 0;      // of it, met so far
  bool open_ = false;                  // a batch is being built
  RecordBatchHeader header_;           // of it; last_offset_delta grows
  Offset last_offset_;
  std::uint64_t first_line_ = 0;
  std::uint64_t last_line_ = 0;
  ByteBuffer marker_key_;  // the first record of a control batch
  ByteBuffer marker_value_;
  std::optional<RecordView> marker_;
};

}  // namespace kseg
