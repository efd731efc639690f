#include "lib/kafka_records.h"

#include <fmt/format.h>

#include "formats/legacy_message.h"
#include "lib/batch_check.h"

namespace kseg {
namespace {

constexpr std::int32_t kLeastMessage = 14;  // bytes, of any format

}  // namespace

void KafkaRecords::refuse(DefectCode code, std::string expected, std::string found) {
  defect_ = Defect{.code = code,
                   .position = batch_.position,
                   .offset = batch_.header.base_offset,
                   .expected = std::move(expected),
                   .found = std::move(found)};
}

void KafkaRecords::open(const RecordBatchView& batch) {
  batch_ = batch;
  reader_.reset();
  read_.clear();
  messages_.clear();
  given_ = 0;
  defect_.reset();
  if (batch.header.is_legacy())
    open_messages();
  else
    open_records();
}

void KafkaRecords::open_records() {
  const RecordBatchHeader& header = batch_.header;
  if (batch_.bytes.size() < RecordBatchHeader::kSize) {
    return refuse(DefectCode::bad_length, fmt::format("at least {} bytes", RecordBatchHeader::kSize),
                  fmt::format("{}", batch_.bytes.size()));
  }
  if (header.record_count == 0) return;
  if (header.record_count < 0) {
    return refuse(DefectCode::record_count_mismatch, "0 or more records",
                  fmt::format("{}", header.record_count));
  }
  if (header.codec() == Codec::none) {
    reader_.emplace(header, batch_.records(), RecordReader::Rules::of_kafka);
    return;
  }
  if (!header.codec_known()) {
    return refuse(DefectCode::unknown_codec, "codec 0 to 4",
                  fmt::format("{}", header.attributes & RecordBatchHeader::kCodecMask));
  }
  const auto records = decompressor_.decompress(header.codec(), batch_.records(), scratch_);
  if (!records) {
    defect_ = records.error();
    defect_->position = batch_.position + RecordBatchHeader::kSize + defect_->position.value;
    defect_->offset = header.base_offset;
    return;
  }
  RecordReader reader(header, records->bytes, RecordReader::Rules::of_kafka);
  for (RecordView record; reader.next(record);) read_.push_back(record);
  if (!reader.defect()) return;
  defect_ = in_file(*reader.defect(), batch_);
  read_.clear();
}

void KafkaRecords::open_messages() {
  const Offset last = batch_.header.base_offset;  // what the wrapper says
  if (!batch_.header.is_wrapper()) {
    messages_.push_back(
        {.offset = last, .message = KafkaMessage(batch_.bytes.subspan(RecordBatchHeader::kLogOverhead))});
    return;
  }
  const auto set = uncompressed_messages(batch_, decompressor_, scratch_);
  if (!set) {
    defect_ = set.error();
    return;
  }
  for (Cursor in(set->bytes); in.remaining() > 0;) {
    const Offset offset{in.i64()};
    const std::int32_t size = in.i32();
    if (in.ok() && size < kLeastMessage) {
      messages_.clear();
      return refuse(DefectCode::bad_length,
                    fmt::format("messages of at least {} bytes inside", kLeastMessage),
                    fmt::format("{}", size));
    }
    const Bytes message = in.bytes(size);
    if (!in.ok()) break;  // one that is cut short does not count
    messages_.push_back({.offset = offset, .message = KafkaMessage(message)});
  }
  if (messages_.empty()) return refuse(DefectCode::record_count_mismatch, "messages inside", "none");
  // Relative to the first one that was ever in it, unless an old producer left the wrapper's offset at 0.
  if (batch_.header.magic == 0 || last.value == 0) return;
  const Offset last_inside = messages_.back().offset;
  if (last < last_inside) {
    messages_.clear();
    return refuse(DefectCode::record_offset, "an offset not below that of the last message inside",
                  fmt::format("{}, {} inside", last, last_inside));
  }
  for (Message& message : messages_) message.offset = message.offset + (last - last_inside);
}

bool KafkaRecords::next(RecordView& record) {
  if (batch_.header.is_legacy()) return next_message(record);
  if (reader_) {
    if (reader_->next(record)) return true;
    if (reader_->defect()) defect_ = in_file(*reader_->defect(), batch_);
    return false;
  }
  if (given_ == read_.size()) return false;
  record = read_[given_++];
  return true;
}

bool KafkaRecords::next_message(RecordView& record) {
  if (given_ == messages_.size()) return false;
  const Message& next = messages_[given_];
  if (batch_.header.is_wrapper() && next.message.is_compressed()) {
    given_ = messages_.size();
    refuse(DefectCode::unknown_codec, "messages that are not compressed inside a wrapper", "one that is");
    return false;
  }
  ++given_;
  message_ = next.message;
  // In a wrapper with append time a message of format 1 has the wrapper's.
  const bool has_wrappers_time = batch_.header.is_wrapper() && message_.magic() == 1 &&
                                 batch_.header.timestamp_type() == TimestampType::log_append_time;
  const auto own_ms = message_.timestamp_ms();
  if (!has_wrappers_time && !own_ms) {
    given_ = messages_.size();
    refuse(own_ms.error().code, "a timestamp", "the end of the message");
    return false;
  }
  record = {.offset = next.offset, .timestamp_ms = has_wrappers_time ? batch_.header.max_timestamp : *own_ms};
  return true;
}

}  // namespace kseg
