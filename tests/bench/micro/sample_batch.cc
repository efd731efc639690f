#include "tests/bench/micro/sample_batch.h"

#include "formats/check.h"
#include "formats/record_batch_builder.h"
#include "tests/bench/workload/record_content.h"

namespace kseg {
namespace {

constexpr std::int64_t kTimestampMs = 1'767'225'600'000;  // 2026-01-01
constexpr std::int64_t kKeys = 1'000'000;

}  // namespace

SampleBatch sample_batch(std::size_t records_bytes, Codec codec) {
  const Preset preset;
  RecordContent content(preset);
  Dice dice(1);
  RecordBatchBuilder builder;
  builder.begin({.partition_leader_epoch = 0, .attributes = static_cast<std::int16_t>(codec)}, std::nullopt);
  for (Offset offset; builder.records_bytes() < records_bytes; offset = offset + 1) {
    const std::int64_t key = dice.below(kKeys);
    builder.set_last_offset_delta(static_cast<std::int32_t>(offset.value));
    builder.add({.offset = offset,
                 .timestamp_ms = kTimestampMs,
                 .key = content.key(key),
                 .value = content.value(key, offset, kTimestampMs, dice)});
  }
  SampleBatch batch;
  Compressor compressor;
  check(!builder.finish(compressor, batch.bytes), "a batch that can be built");
  batch.header = *decode_record_batch_header(batch.bytes);
  return batch;
}

}  // namespace kseg
