#include <benchmark/benchmark.h>

#include "formats/byte_writer.h"
#include "formats/check.h"
#include "formats/cursor.h"
#include "formats/record.h"
#include "formats/record_batch_builder.h"
#include "tests/bench/micro/sample_batch.h"
#include "tests/support/dice.h"

namespace kseg {
namespace {

constexpr std::size_t kBatchBytes = std::size_t{16} << 10;

// Varints that all take as many bytes.
void varint(benchmark::State& state) {
  constexpr int kCount = 4096;
  const auto size = static_cast<int>(state.range(0));
  ByteBuffer bytes;
  ByteWriter out(bytes);
  for (int i = 0; i < kCount; ++i) out.varint(1 << (7 * (size - 1)));
  for (auto _ : state) {
    Cursor in(bytes);
    std::int64_t sum = 0;
    for (int i = 0; i < kCount; ++i) sum += in.varint();
    benchmark::DoNotOptimize(sum);
  }
  state.SetItemsProcessed(state.iterations() * kCount);
}
BENCHMARK(varint)->ArgName("bytes")->DenseRange(1, 3);

void record_walk(benchmark::State& state) {
  const SampleBatch batch = sample_batch(kBatchBytes);
  for (auto _ : state) {
    RecordReader records(batch.header, batch.records());
    for (RecordView record; records.next(record);) benchmark::DoNotOptimize(record);
    check(!records.defect(), "a sound batch");
  }
  state.SetItemsProcessed(state.iterations() * batch.header.record_count);
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(batch.records().size()));
}
BENCHMARK(record_walk);

// Reads a batch and builds it anew from 15 of 100 records. A record here is one that was read.
void rebuild(benchmark::State& state) {
  constexpr int kKeptPercent = 15;
  const auto codec = static_cast<Codec>(state.range(0));
  const SampleBatch batch = sample_batch(kBatchBytes);
  RecordBatchHeader like = batch.header;
  like.attributes = static_cast<std::int16_t>(codec);
  Dice dice(1);
  std::vector<bool> kept;
  for (int i = 0; i < batch.header.record_count; ++i) kept.push_back(i == 0 || dice.chance(kKeptPercent));
  RecordBatchBuilder builder;
  Compressor compressor;
  ByteBuffer out;
  for (auto _ : state) {
    builder.begin(like, std::nullopt);
    RecordReader records(batch.header, batch.records());
    std::size_t at = 0;
    for (RecordView record; records.next(record); ++at) {
      if (kept[at]) builder.add(record);
    }
    out.clear();
    check(!builder.finish(compressor, out), "a batch that can be built");
    benchmark::DoNotOptimize(out.data());
  }
  state.SetItemsProcessed(state.iterations() * batch.header.record_count);
  state.SetLabel(std::string(name(codec)));
}
BENCHMARK(rebuild)->ArgName("codec")->DenseRange(0, 4);

}  // namespace
}  // namespace kseg
