#include <benchmark/benchmark.h>

#include "formats/crc32c.h"

namespace kseg {
namespace {

// More than the processor's caches hold.
constexpr std::size_t kUncachedBytes = std::size_t{256} << 20;

void run(benchmark::State& state, std::size_t memory_bytes) {
  const auto size = static_cast<std::size_t>(state.range(0));
  const ByteBuffer memory(memory_bytes, 0x5a);
  std::size_t at = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(crc32c(Bytes(memory).subspan(at, size)));
    at = at + 2 * size > memory.size() ? 0 : at + size;
  }
  state.SetBytesProcessed(state.iterations() * state.range(0));
}

void crc32c_cached(benchmark::State& state) {
  run(state, static_cast<std::size_t>(state.range(0)));
}

void crc32c_uncached(benchmark::State& state) {
  run(state, kUncachedBytes);
}

BENCHMARK(crc32c_cached)->ArgName("bytes")->Arg(200)->Arg(16 << 10)->Arg(64 << 10);
BENCHMARK(crc32c_uncached)->ArgName("bytes")->Arg(200)->Arg(16 << 10)->Arg(64 << 10);

}  // namespace
}  // namespace kseg
