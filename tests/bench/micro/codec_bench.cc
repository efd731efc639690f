#include <benchmark/benchmark.h>

#include "formats/check.h"
#include "tests/bench/micro/sample_batch.h"

namespace kseg {
namespace {

constexpr std::size_t kBatchBytes = std::size_t{64} << 10;

// Bytes a second are those of the uncompressed side.
void compress(benchmark::State& state) {
  const auto codec = static_cast<Codec>(state.range(0));
  const SampleBatch batch = sample_batch(kBatchBytes);
  Compressor compressor;
  ByteBuffer out;
  for (auto _ : state) {
    out.clear();
    compressor.compress(codec, batch.records(), out);
    benchmark::DoNotOptimize(out.data());
  }
  const auto size = static_cast<std::int64_t>(batch.records().size());
  state.SetBytesProcessed(state.iterations() * size);
  state.counters["share"] = static_cast<double>(out.size()) / static_cast<double>(size);
  state.SetLabel(std::string(name(codec)));
}
BENCHMARK(compress)->ArgName("codec")->DenseRange(1, 4);

void decompress(benchmark::State& state) {
  const auto codec = static_cast<Codec>(state.range(0));
  const SampleBatch batch = sample_batch(kBatchBytes);
  Compressor compressor;
  ByteBuffer compressed;
  compressor.compress(codec, batch.records(), compressed);
  Decompressor decompressor;
  ByteBuffer scratch;
  for (auto _ : state) {
    const auto out = decompressor.decompress(codec, compressed, scratch);
    check(out && out->bytes.size() == batch.records().size(), "what was compressed");
    benchmark::DoNotOptimize(out->bytes.data());
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(batch.records().size()));
  state.SetLabel(std::string(name(codec)));
}
BENCHMARK(decompress)->ArgName("codec")->DenseRange(1, 4);

}  // namespace
}  // namespace kseg
