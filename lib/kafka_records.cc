#include "lib/kafka_records.h"

#include <fmt/format.h>

#include "lib/batch_check.h"

namespace kseg {

void KafkaRecords::open(const RecordBatchView& batch) {
  batch_ = batch;
  reader_.reset();
  read_.clear();
  given_ = 0;
  defect_.reset();
  const RecordBatchHeader& header = batch.header;
  const auto refuse = [&](DefectCode code, std::string expected, std::string found) {
    defect_ = Defect{.code = code,
                     .position = batch.position,
                     .offset = header.base_offset,
                     .expected = std::move(expected),
                     .found = std::move(found)};
  };
  if (batch.bytes.size() < RecordBatchHeader::kSize) {
    return refuse(DefectCode::bad_length, fmt::format("at least {} bytes", RecordBatchHeader::kSize),
                  fmt::format("{}", batch.bytes.size()));
  }
  if (header.record_count == 0) return;
  if (header.record_count < 0) {
    return refuse(DefectCode::record_count_mismatch, "0 or more records",
                  fmt::format("{}", header.record_count));
  }
  if (header.codec() == Codec::none) {
    reader_.emplace(header, batch.records(), RecordReader::Rules::of_kafka);
    return;
  }
  if (!header.codec_known()) {
    return refuse(DefectCode::unknown_codec, "codec 0 to 4",
                  fmt::format("{}", header.attributes & RecordBatchHeader::kCodecMask));
  }
  const auto records = decompressor_.decompress(header.codec(), batch.records(), scratch_);
  if (!records) {
    defect_ = records.error();
    defect_->position = batch.position + RecordBatchHeader::kSize + defect_->position.value;
    defect_->offset = header.base_offset;
    return;
  }
  RecordReader reader(header, records->bytes, RecordReader::Rules::of_kafka);
  for (RecordView record; reader.next(record);) read_.push_back(record);
  if (!reader.defect()) return;
  defect_ = in_file(*reader.defect(), batch);
  read_.clear();
}

bool KafkaRecords::next(RecordView& record) {
  if (reader_) {
    if (reader_->next(record)) return true;
    if (reader_->defect()) defect_ = in_file(*reader_->defect(), batch_);
    return false;
  }
  if (given_ == read_.size()) return false;
  record = read_[given_++];
  return true;
}

}  // namespace kseg
