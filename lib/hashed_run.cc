#include "lib/hashed_run.h"

#include <algorithm>

namespace kseg {

void HashedRun::read(File& file, const BatchRun& run) {
  batches_.clear();
  defects_.clear();
  records_.clear();
  hashes_.clear();
  entering_ = 0;
  defect_ = chunk_.read(file, run);
  batches_.resize(chunk_.batches().size());
  for (std::size_t i = 0; i < batches_.size(); ++i) {
    if (auto defect = check_crc(chunk_.batches()[i])) add_defect(i, std::move(*defect));
  }
}

void HashedRun::add_defect(std::size_t index, Defect defect) {
  batches_[index].is_damaged = true;
  defects_.emplace_back(index, std::move(defect));
}

const Defect& HashedRun::defect_of(std::size_t index) const {
  return std::find_if(defects_.begin(), defects_.end(),
                      [&](const auto& found) { return found.first == index; })
      ->second;
}

template <typename Take>
void HashedRun::read_records(std::size_t index, Scratch& scratch, Take&& take) {
  const RecordBatchView& batch = chunk_.batches()[index];
  Batch& known = batches_[index];
  const auto section = uncompressed_records(batch, scratch.decompressor, scratch.bytes);
  if (!section) {
    add_defect(index, section.error());
    return;
  }
  RecordReader reader(batch.header, section->bytes);
  for (RecordView record; reader.next(record);) {
    if (batch.header.is_wrapper()) known.mixes_formats |= reader.magic() != batch.header.magic;
    take(record);
  }
  if (!reader.defect()) return;
  Defect defect = *reader.defect();
  defect.position = batch.position;
  add_defect(index, std::move(defect));
}

void HashedRun::check_records(std::size_t index, Scratch& scratch) {
  read_records(index, scratch, [](const RecordView&) {});
}

void HashedRun::hash_records(std::size_t index, const KeySet& keys, Offset first_dirty, Scratch& scratch) {
  batches_[index].first_record = static_cast<std::uint32_t>(records_.size());
  read_records(index, scratch, [&](const RecordView& record) {
    records_.push_back({.has_key = record.key.has_value(),
                        .tombstone = !record.value,
                        .illegal_timestamp = record.timestamp_ms < kNoTimestamp});
    if (!record.key) return;
    hashes_.push_back(keys.hash(*record.key));
    entering_ += record.offset >= first_dirty ? 1 : 0;
  });
  batches_[index].record_count = static_cast<std::uint32_t>(records_.size()) - batches_[index].first_record;
}

void HashedRun::end_hashing() {
  std::reverse(hashes_.begin(), hashes_.end());
}

void HashedRun::supersede(std::span<const std::uint8_t> found) {
  auto next = found.begin();
  for (std::size_t i = records_.size(); i-- > 0;) {
    if (records_[i].has_key) records_[i].superseded = *next++ != 0;
  }
}

}  // namespace kseg
