#include <benchmark/benchmark.h>

#include <array>
#include <optional>

#include "lib/key_set.h"
#include "tests/bench/micro/resident_memory.h"

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

// From an empty set to a full one, growth included. `bytes_a_key` is what the set says of itself in the end,
// `resident_a_key` what the system saw at the peak.
void key_set_insert(benchmark::State& state) {
  const std::int64_t keys = state.range(0) / kRun * kRun;
  for (auto _ : state) {
    state.PauseTiming();
    const ResidentMemory memory;
    state.ResumeTiming();
    KeySet set(kSeed);
    fill(set, keys, state.range(1) != 0);
    const auto a_key = [&](auto bytes) {
      return static_cast<double>(bytes) / static_cast<double>(set.size());
    };
    state.counters["bytes_a_key"] = a_key(set.memory_bytes());
    state.counters["resident_a_key"] = a_key(memory.peak_growth());
  }
  state.SetItemsProcessed(state.iterations() * keys);
}

// Filled once: a benchmark is begun several times before it counts.
const KeySet& full_set(std::int64_t keys) {
  static std::optional<KeySet> set;
  static std::int64_t size = 0;
  if (size == keys) return *set;
  set.emplace(kSeed);
  fill(*set, keys, true);
  size = keys;
  return *set;
}

// Half of the keys that are asked for are there.
void key_set_probe(benchmark::State& state) {
  constexpr std::int64_t kAsked = std::int64_t{1} << 18;
  const std::int64_t keys = state.range(0) / kRun * kRun;
  const KeySet& set = full_set(keys);
  std::int64_t first = 0;
  for (auto _ : state) {
    std::int64_t found = 0;
    const auto ask = [&](KeyHash hash) { found += set.contains(hash) ? 1 : 0; };
    for_hashes(set, first, first + kAsked / 2, state.range(1) != 0, ask);
    for_hashes(set, first + keys, first + keys + kAsked / 2, state.range(1) != 0, ask);
    benchmark::DoNotOptimize(found);
    first = (first + kAsked / 2) % (keys - kAsked / 2);
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
