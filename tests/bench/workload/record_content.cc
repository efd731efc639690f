#include "tests/bench/workload/record_content.h"

#include <fmt/format.h>

#include <iterator>

#include "formats/byte_writer.h"

namespace kseg {
namespace {

constexpr std::int64_t kPartitionsOfGroup = 50;  // whose offsets each consumer group commits

constexpr std::string_view kWords[] = {
    "anchor ", "basket ", "candle ", "drawer ", "engine ", "fabric ", "garden ", "hammer ",
    "island ", "jacket ", "kettle ", "ladder ", "marble ", "needle ", "oven ",   "pillow ",
    "quilt ",  "ribbon ", "saddle ", "teapot ", "urn ",    "violin ", "wagon ",  "yarn ",
    "zipper ", "apple ",  "bread ",  "cheese ", "dates ",  "eggs ",   "figs ",   "grapes "};

// 12 digits. The factor shares no divisor with 10, so that neighbours are far apart and no two meet.
void digits_key(std::int64_t number, ByteBuffer& out) {
  constexpr std::uint64_t kFactor = 96'889'010'407;  // 7^13
  fmt::format_to(std::back_inserter(out), "{:012}",
                 static_cast<std::uint64_t>(number) * kFactor % 1'000'000'000'000);
}

void json_value(std::int64_t number, std::int64_t timestamp_ms, std::size_t size, Dice& dice,
                ByteBuffer& out) {
  constexpr std::string_view kEnd = "\"}";
  fmt::format_to(std::back_inserter(out), R"({{"customer":"c{}","at":{},"cents":{},"items":")", number,
                 timestamp_ms, dice.below(100'000));
  const std::size_t text_end = size - kEnd.size();
  while (out.size() < text_end) {
    // One throw is good for ten words.
    std::int64_t words = dice.below(std::int64_t{1} << 50);
    for (int i = 0; i < 10 && out.size() < text_end; ++i, words >>= 5) {
      append(out, as_bytes(kWords[words & 31]));
    }
  }
  out.resize(text_end);
  append(out, as_bytes(kEnd));
}

void put_string(ByteWriter& out, std::string_view text) {
  out.i16(static_cast<std::int16_t>(text.size()));
  out.bytes(as_bytes(text));
}

// Key version 1, value version 3: formats/internal_record.md.
void commit_key(std::int64_t number, ByteBuffer& bytes) {
  ByteWriter out(bytes);
  out.i16(1);
  put_string(out, fmt::format("consumer-group-{}", number / kPartitionsOfGroup));
  put_string(out, "orders");
  out.i32(static_cast<std::int32_t>(number % kPartitionsOfGroup));
}

void commit_value(Offset offset, std::int64_t timestamp_ms, ByteBuffer& bytes) {
  ByteWriter out(bytes);
  out.i16(3);
  out.i64(offset.value * 100);  // the committed one
  out.i32(4);                   // leader epoch
  put_string(out, "");          // metadata
  out.i64(timestamp_ms);
}

}  // namespace

Bytes RecordContent::key(std::int64_t number) {
  key_.clear();
  switch (records_) {
    case Preset::Records::json: digits_key(number, key_); break;
    case Preset::Records::offset_commits: commit_key(number, key_); break;
  }
  return key_;
}

Bytes RecordContent::value(std::int64_t number, Offset offset, std::int64_t timestamp_ms, Dice& dice) {
  value_.clear();
  switch (records_) {
    case Preset::Records::json: json_value(number, timestamp_ms, value_bytes_, dice, value_); break;
    case Preset::Records::offset_commits: commit_value(offset, timestamp_ms, value_); break;
  }
  return value_;
}

}  // namespace kseg
