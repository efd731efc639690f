#include "lib/latest_records.h"

#include "lib/batch_check.h"

namespace kseg {
namespace {

constexpr std::size_t kPrefetchAhead = 16;  // keys

}  // namespace

bool LatestRecords::next_batch() {
  while (const RecordBatchView* batch = next_in_segments()) {
    if (batch->header.is_control() || log_.skips(segment(), walk_->index(), batch->header)) continue;
    read_records(*batch);
    find_latest();
    return true;
  }
  return false;
}

const RecordBatchView* LatestRecords::next_in_segments() {
  while (true) {
    if (!walk_) {
      if (segments_left_ == 0) return nullptr;
      const ReadableSegment& segment = log_.segments()[--segments_left_];
      file_ = log_.file(files_, segments_left_);
      walk_.emplace(*file_, segment.runs, BatchWalk::Order::newest_first);
    }
    const auto batch = walk_->next();
    if (!batch) {
      report_.defect(file_->path(), batch.error());
      continue;
    }
    if (*batch != nullptr) return *batch;
    walk_.reset();
  }
}

void LatestRecords::read_records(const RecordBatchView& batch) {
  records_.clear();
  const auto section = uncompressed_records(batch, decompressor_, scratch_);
  if (!section) return report_.defect(file_->path(), section.error());
  RecordReader reader(batch.header, section->bytes);
  for (RecordView record; reader.next(record);) {
    LatestRecord& added = records_.emplace_back();
    added.record = record;
    added.in_state = record.key && log_.range().contains(record.offset);
    if (added.in_state) added.hash = keys_.hash(*record.key);
  }
  if (reader.defect()) report_.defect(file_->path(), in_file(*reader.defect(), batch));
}

void LatestRecords::find_latest() {
  for (std::size_t i = records_.size(); i-- > 0;) {
    if (i >= kPrefetchAhead) keys_.prefetch(records_[i - kPrefetchAhead].hash);
    LatestRecord& record = records_[i];
    record.latest = record.in_state && keys_.insert(record.hash);
  }
}

}  // namespace kseg
