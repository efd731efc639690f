// Batches and those of their records that are wanted, as lines of a dump.
#pragma once

#include "cli/dump.h"
#include "lib/record_selection.h"

namespace kseg {

class BatchDump {
 public:
  // Borrows all three.
  BatchDump(const DumpOptions& options, const RecordSelection& selection, Output& output)
      : options_(options), selection_(selection), output_(output), lines_(output, options.values) {}

  // What follows is of this partition, if it is known, and is decoded so. The first `skip` records that are
  // wanted (with `--batches` batches) are left out.
  void begin_partition(const std::optional<TopicPartition>& partition, std::optional<InternalTopic> topic,
                       std::uint64_t skip);
  // And of this file, which text names in front of what is shown first; or somebody else does.
  void begin_file(const Path& file);
  void go_on_in_file(const Path& file);
  void name_file();

  // One that SegmentReader gave, its crc looked at or, with `--batches`, not. Defects of records are told to
  // the output. If that holds what it is told, a batch that becomes too much is cut short: then overfull().
  void batch(const RecordBatchView& batch);
  bool overfull() const { return output_.holds() && output_.line().size() > kMaxBytesBeside; }
  // The header of a batch with a wrong crc, for what it may be worth.
  void damaged(const RecordBatchHeader& header, Position position);

  bool done() const { return options_.limit && (options_.batches ? batches_ : records_) >= *options_.limit; }
  std::uint64_t batches() const { return batches_; }
  std::uint64_t records() const { return records_; }
  // Shown by somebody else.
  void add(std::uint64_t batches, std::uint64_t records);

 private:
  void show(const RecordBatchHeader& header, Position position, std::optional<bool> valid);
  void records_of(const RecordBatchView& batch);
  bool skips();

  const DumpOptions& options_;
  const RecordSelection& selection_;
  Output& output_;
  RecordLines lines_;
  Decompressor decompressor_;
  ByteBuffer scratch_;
  Path file_;
  bool file_named_ = false;
  std::uint64_t skip_ = 0;
  std::uint64_t batches_ = 0;
  std::uint64_t records_ = 0;
};

}  // namespace kseg
