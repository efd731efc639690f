// Writes one partition folder of a workload, as a broker leaves it that was shut down cleanly. Its active
// segment holds a single batch, so that everything else can be compacted.
#pragma once

#include <memory>

#include "formats/record_batch_builder.h"
#include "formats/uuid.h"
#include "lib/producer_state.h"
#include "lib/segment_writer.h"
#include "tests/bench/workload/key_choice.h"
#include "tests/bench/workload/record_content.h"

namespace kseg {

class PartitionWorkload {
 public:
  // `folder` is there and empty. The same preset and seed write the same bytes.
  PartitionWorkload(const Preset& preset, Path folder, std::uint64_t seed);

  void write(const Uuid& topic_id);

  Offset end() const { return end_; }
  Offset first_dirty() const { return first_dirty_; }  // 0 if nothing is compacted already
  std::uint64_t log_bytes() const { return log_bytes_; }
  std::int64_t record_count() const { return record_count_; }

 private:
  enum class Part { cleaned, dirty };

  void data_batch(Part part, std::int64_t producer_id);
  void transactional_batch();
  void end_transaction(std::int64_t producer_id);
  std::int64_t first_key_of_batch();
  std::int64_t key(Part part, std::int64_t first_key, std::int32_t record);
  void append_batch(const std::optional<RecordView>& marker);
  void roll();
  void close_segment();
  void write_snapshot();
  void write_side_files(const Uuid& topic_id);

  const Preset& preset_;
  Path folder_;
  Dice dice_;
  KeyChoice keys_;
  RecordContent content_;
  ProducerState producers_;

  RecordBatchBuilder builder_;
  Compressor compressor_;
  ByteBuffer batch_;
  std::unique_ptr<SegmentWriter> segment_;
  std::int64_t newest_timestamp_ms_ = 0;

  Offset end_;
  Offset first_dirty_;
  std::uint64_t log_bytes_ = 0;
  std::int64_t record_count_ = 0;
};

}  // namespace kseg
