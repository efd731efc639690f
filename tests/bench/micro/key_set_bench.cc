#include <benchmark/benchmark.h>

#include <array>
#include <optional>

#include "lib/key_set.h"

namespace kseg {
namespace {

constexpr std::int64_t kRun = 64;  // keys that are hashed, asked for and then looked at together
constexpr std::uint64_t kSeed = 1;

// The hash of the n-th key, of 8 bytes. Its cost is in the figures of the set: see `key_hash`.
KeyHash hash_of(const KeySet& set, std::int64_t n) {
  std::array<std::uint8_t, 8> key;
  std::memcpy(key.data(), &n, key.size());
  return set.hash(key);
}

// Calls `use` with the hashes of the keys from `first` to `end`, in an order that nothing foresees.
template <typename Use>
void for_hashes(const KeySet& set, std::int64_t first, std::int64_t end, bool prefetched, Use use) {
  std::array<KeyHash, kRun> hashes;
  for (std::int64_t n = first; n < end; n += kRun) {
    for (std::int64_t i = 0; i < kRun; ++i) {
      KeyHash& hash = hashes[static_cast<std::size_t>(i)];
      hash = hash_of(set, n + i);
      if (prefetched) set.prefetch(hash);
    }
    for (const KeyHash hash : hashes) use(hash);
  }
}

void fill(KeySet& set, std::int64_t keys, bool prefetched) {
  for_hashes(set, 0, keys, prefetched, [&](KeyHash hash) { set.insert(hash); });
}

void key_hash(benchmark::State& state) {
  const KeySet set(kSeed);
  ByteBuffer key(static_cast<std::size_t>(state.range(0)), '7');
  for (auto _ : state) {
    ++key[0];
    benchmark::DoNotOptimize(set.hash(key));
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(key_hash)->ArgName("bytes")->Arg(8)->Arg(12)->Arg(36)->Arg(200);

// From an empty set to a full one, growth included.
void key_set_insert(benchmark::State& state) {
  const std::int64_t keys = state.range(0) / kRun * kRun;
  for (auto _ : state) {
    std::optional<KeySet> set(kSeed);
    fill(*set, keys, state.range(1) != 0);
    state.counters["bytes_a_key"] =
        static_cast<double>(set->memory_bytes()) / static_cast<double>(set->size());
    state.PauseTiming();
    set.reset();
    state.ResumeTiming();
  }
  state.SetItemsProcessed(state.iterations() * keys);
}

// Half of the keys that are asked for are there.
void key_set_probe(benchmark::State& state) {
  constexpr std::int64_t kAsked = std::int64_t{1} << 20;
  const std::int64_t keys = state.range(0) / kRun * kRun;
  KeySet set(kSeed);
  fill(set, keys, true);
  for (auto _ : state) {
    std::int64_t found = 0;
    const std::int64_t first = keys - kAsked / 2;
    for_hashes(set, first, first + kAsked, state.range(1) != 0,
               [&](KeyHash hash) { found += set.contains(hash) ? 1 : 0; });
    benchmark::DoNotOptimize(found);
  }
  state.SetItemsProcessed(state.iterations() * kAsked);
}

void sizes(benchmark::internal::Benchmark* benchmark) {
  benchmark->ArgNames({"keys", "prefetch"})->Unit(benchmark::kMillisecond);
  for (const std::int64_t keys : {1'000'000, 50'000'000}) {
    for (const std::int64_t prefetched : {0, 1}) benchmark->Args({keys, prefetched});
  }
}
BENCHMARK(key_set_insert)->Apply(sizes);
BENCHMARK(key_set_probe)->Apply(sizes);

}  // namespace
}  // namespace kseg
