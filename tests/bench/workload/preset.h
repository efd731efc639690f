// What a workload looks like: sizes and shapes, by name.
#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <string_view>

#include "formats/compression.h"

namespace kseg {

struct Preset {
  // Which key the next record has.
  enum class Keys {
    uniform,   // drawn evenly from `key_count`
    zipf,      // of `key_count`, the n-th most frequent 1 / n^0.99 as often as the first
    hot,       // 99 of 100 drawn from 100 keys, the others from `key_count`
    distinct,  // never one that was there before
    cleaned,   // drawn evenly from those of the part that is compacted already
  };
  // What keys and values are made of.
  enum class Records { json, offset_commits };

  std::string_view name;
  std::string_view what;  // a line for people

  std::uint64_t log_bytes = 1'000'000'000;  // of the `.log` files of a partition
  std::uint64_t segment_bytes = std::uint64_t{128} << 20;
  std::size_t batch_bytes = std::size_t{16} << 10;  // of records, before compression
  std::int32_t batch_records = std::numeric_limits<std::int32_t>::max();
  Codec codec = Codec::none;

  std::string_view topic = "bench";
  std::int32_t partition_count = 1;
  Records records = Records::json;
  Keys keys = Keys::uniform;
  std::int64_t key_count = 1'000'000;
  std::size_t value_bytes = 128;
  bool header = false;        // each record has one
  int tombstone_percent = 0;  // of the records

  int cleaned_percent = 0;        // of the bytes, at the start: distinct keys, offsets missing
  int transactional_percent = 0;  // of the batches
  int aborted_percent = 0;        // of the transactions
};

std::span<const Preset> presets();
const Preset* find_preset(std::string_view name);

// The same shape with `factor` times the bytes, of a segment too, and the keys; some are always left.
Preset scaled(Preset preset, double factor);

}  // namespace kseg
