#include "lib/record_stream.h"

#include <algorithm>
#include <iterator>

#include "lib/batch_check.h"

namespace kseg {

bool RecordStream::next_batch() {
  while ((batch_ = next_in_segments()) != nullptr) {
    const std::size_t segment = segments_opened_ - 1;
    if (batch_->header.is_control() && !options_.control) continue;
    if (log_.skips(segment, walk_->index(), batch_->header)) continue;
    if (options_.selection && !options_.selection->segments[segment].batches[walk_->index()]) continue;
    const auto section = uncompressed_records(*batch_, decompressor_, scratch_);
    if (section) {
      reader_.emplace(batch_->header, section->bytes);
      return true;
    }
    if (!options_.selection) report_.defect(file_->path(), section.error());
  }
  return false;
}

bool RecordStream::next(RecordView& record) {
  while (reader_->next(record)) {
    if (selected() && log_.range().contains(record.offset)) return true;
  }
  if (reader_->defect() && !options_.selection)
    report_.defect(file_->path(), in_file(*reader_->defect(), *batch_));
  reader_.emplace(RecordBatchHeader{}, Bytes{});  // so that it is told once
  return false;
}

const RecordBatchView* RecordStream::next_in_segments() {
  while (true) {
    if (!walk_) {
      if (segments_opened_ == log_.segments().size()) return nullptr;
      open_segment();
    }
    const auto batch = walk_->next();
    if (batch && *batch != nullptr) return *batch;
    if (!batch) {
      report_.defect(file_->path(), batch.error());
      if (!options_.selection) continue;  // else its bits no longer tell what they told
    }
    walk_.reset();
  }
}

void RecordStream::open_segment() {
  const ReadableSegment& segment = log_.segments()[segments_opened_];
  runs_.clear();
  std::copy_if(segment.runs.begin(), segment.runs.end(), std::back_inserter(runs_), [&](const BatchRun& run) {
    if (!options_.selection) return true;
    const auto begin = options_.selection->segments[segments_opened_].batches.begin() + run.first_batch;
    return std::find(begin, begin + run.batch_count, true) != begin + run.batch_count;
  });
  file_ = log_.file(files_, segments_opened_);
  ++segments_opened_;
  walk_.emplace(*file_, runs_, BatchWalk::Order::oldest_first);
}

bool RecordStream::selected() {
  if (options_.selection == nullptr) return true;
  std::vector<bool>& bits = options_.selection->segments[segments_opened_ - 1].records;
  if (bits.empty()) return false;
  const bool selected = bits.back();
  bits.pop_back();
  return selected;
}

}  // namespace kseg
