#include "tests/support/large_log.h"

#include <fmt/format.h>

#include <optional>
#include <random>

#include "formats/byte_writer.h"
#include "formats/record_batch_builder.h"
#include "lib/segment_writer.h"

namespace kseg {
namespace {

class Writer {
 public:
  Writer(SegmentWriter& segment, Offset& next, std::mt19937_64& random, std::optional<Offset>& open)
      : segment_(segment), next_(next), random_(random), open_(open) {}

  void batch() {
    const std::uint64_t dice = random_() % 20;
    if (open_ && dice < 5) return end_transaction(dice < 2);
    const auto count = static_cast<std::int32_t>(1 + random_() % 40);
    const bool transactional = dice >= 14;
    RecordBatchHeader like{.base_offset = next_,
                           .attributes = static_cast<std::int16_t>(dice < 5 ? dice : 0),
                           .last_offset_delta = count - 1};
    if (transactional) {
      like.attributes |= RecordBatchHeader::kTransactionalBit;
      like.producer_id = kProducer;
      like.producer_epoch = 0;
      like.base_sequence = sequence_of(next_);
      if (!open_) open_ = next_;
    }
    builder_.begin(like, std::nullopt);
    for (std::int32_t i = 0; i < count; ++i) add_record();
    finish();
  }

 private:
  static constexpr std::int64_t kProducer = 7;

  static std::int32_t sequence_of(Offset offset) { return static_cast<std::int32_t>(offset.value); }

  void add_record() {
    const bool own = random_() % 10 == 0;
    const std::string key = own ? fmt::format("own-{}", next_) : fmt::format("key-{}", random_() % 100);
    const std::string value(random_() % 400, 'v');
    RecordView record{.offset = next_, .timestamp_ms = next_.value, .key = as_bytes(key)};
    if (random_() % 8 != 0) record.value = as_bytes(value);
    builder_.add(record);
    next_ = next_ + 1;
  }

  void end_transaction(bool abort) {
    if (abort) {
      segment_.append({.producer_id = kProducer,
                       .first_offset = *open_,
                       .last_offset = next_,
                       .last_stable_offset = next_ + 1});
    }
    open_.reset();
    ByteBuffer key;
    ByteWriter(key).i16(0);
    ByteWriter(key).i16(abort ? 0 : 1);
    ByteBuffer value;
    ByteWriter(value).i16(0);
    ByteWriter(value).i32(0);
    builder_.begin({.base_offset = next_,
                    .attributes = RecordBatchHeader::kTransactionalBit | RecordBatchHeader::kControlBit,
                    .producer_id = kProducer,
                    .producer_epoch = 0},
                   std::nullopt);
    builder_.add({.offset = next_, .timestamp_ms = next_.value, .key = Bytes{key}, .value = Bytes{value}});
    next_ = next_ + 1;
    finish();
  }

  void finish() {
    bytes_.clear();
    check(!builder_.finish(compressor_, bytes_), "a batch of the test's own");
    const auto header = decode_record_batch_header(bytes_);
    check(header && !segment_.append(*header, bytes_), "a batch of the test's own");
  }

  SegmentWriter& segment_;
  Offset& next_;
  std::mt19937_64& random_;
  std::optional<Offset>& open_;  // the transaction
  RecordBatchBuilder builder_;
  Compressor compressor_;
  ByteBuffer bytes_;
};

}  // namespace

LargeLog::LargeLog(std::size_t segments, std::uint64_t bytes_a_segment, std::uint64_t seed) {
  std::filesystem::create_directory(path_);
  std::mt19937_64 random(seed);
  Offset next;
  std::optional<Offset> open;
  for (std::size_t i = 0; i <= segments; ++i) {
    SegmentWriter segment(posix_file_system(),
                          {.folder = path_, .base_offset = next, .state = FileState::current});
    Writer writer(segment, next, random, open);
    const bool active = i == segments;
    do {
      writer.batch();
      ++batch_count_;
    } while (!active && segment.size_bytes() < bytes_a_segment);
    segment.finish(1'000'000'000);
    segment.keep();
  }
}

}  // namespace kseg
