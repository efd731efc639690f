#include "tests/bench/workload/preset.h"

#include <algorithm>

namespace kseg {
namespace {

constexpr std::uint64_t kLeastSegmentBytes = std::uint64_t{128} << 10;  // more than any batch
constexpr std::int64_t kLeastKeys = 50;

constexpr Preset compressed(std::string_view name, Codec codec) {
  return {.name = name,
          .what = "250 MB on disk, like uniform-1m in batches of 64 KiB",
          .log_bytes = 250'000'000,
          .segment_bytes = std::uint64_t{32} << 20,
          .batch_bytes = std::size_t{64} << 10,
          .codec = codec};
}

constexpr Preset kPresets[] = {
    {.name = "uniform-1m", .what = "1 GB, keys drawn evenly from 1 M, batches of 16 KiB: 15 % survive"},
    {.name = "distinct", .what = "1 GB, every key once: all survive", .keys = Preset::Keys::distinct},
    {.name = "zipf", .what = "1 GB, 1 M keys, zipf 0.99", .keys = Preset::Keys::zipf},
    {.name = "hot", .what = "1 GB, 99 % of the records on 100 keys", .keys = Preset::Keys::hot},
    compressed("lz4", Codec::lz4),
    compressed("zstd", Codec::zstd),
    compressed("snappy", Codec::snappy),
    compressed("gzip", Codec::gzip),
    {.name = "tiny-batches", .what = "1 GB, one record a batch", .batch_records = 1},
    {.name = "big-values",
     .what = "1 GB, values of 10 KiB, 20 k keys, batches of 64 KiB",
     .batch_bytes = std::size_t{64} << 10,
     .key_count = 20'000,
     .value_bytes = std::size_t{10} << 10},
    {.name = "consumer-offsets-like",
     .what = "1 GB, offset commits, ten a batch, 10 k keys: 99.9 % dead",
     .batch_records = 10,
     .topic = "__consumer_offsets",
     .records = Preset::Records::offset_commits,
     .key_count = 10'000},
    {.name = "mostly-clean",
     .what = "1 GB, nine tenths compacted already, then updates of any of their keys",
     .keys = Preset::Keys::cleaned,
     .cleaned_percent = 90},
    {.name = "clean-tail",
     .what = "1 GB, nine tenths compacted already, then keys of the newest tenth only",
     .key_count = 100'000,
     .cleaned_percent = 90},
    {.name = "many-partitions",
     .what = "200 partitions of 5 MB, segments of 1 MiB",
     .log_bytes = 5'000'000,
     .segment_bytes = std::uint64_t{1} << 20,
     .partition_count = 200,
     .key_count = 10'000},
    {.name = "transactions",
     .what = "1 GB, 60 % of the batches in transactions, a fifth aborted; tombstones, headers",
     .header = true,
     .tombstone_percent = 5,
     .transactional_percent = 60,
     .aborted_percent = 20},
};

}  // namespace

std::span<const Preset> presets() {
  return kPresets;
}

const Preset* find_preset(std::string_view name) {
  const auto found = std::find_if(std::begin(kPresets), std::end(kPresets),
                                  [&](const Preset& preset) { return preset.name == name; });
  return found == std::end(kPresets) ? nullptr : found;
}

Preset scaled(Preset preset, double factor) {
  const auto times = [&](auto value) {
    return static_cast<decltype(value)>(static_cast<double>(value) * factor);
  };
  preset.log_bytes = times(preset.log_bytes);
  preset.segment_bytes = std::max(times(preset.segment_bytes), kLeastSegmentBytes);
  preset.key_count = std::max(times(preset.key_count), kLeastKeys);
  return preset;
}

}  // namespace kseg
