#include "tests/support/rebatched_log.h"

#include <limits>

namespace kseg {
namespace {

// A batch without records stays: it may open a transaction.
void append_rebatched(const BatchModel& batch, Codec codec, std::vector<BatchModel>& out) {
  if (batch.header.is_control() || batch.records.empty()) {
    out.push_back(batch);
    return;
  }
  for (const RecordModel& record : batch.records) {
    RecordBatchHeader like = batch.header;
    like.magic = RecordBatchHeader::kMagic;
    like.base_offset = record.offset;
    like.last_offset_delta = 0;
    like.attributes = static_cast<std::int16_t>((like.attributes & ~RecordBatchHeader::kCodecMask) |
                                                static_cast<int>(codec));
    out.push_back(make_batch(like, {record}));
  }
}

}  // namespace

LogModel rebatched(const LogModel& log, Codec codec) {
  LogModel result;
  const bool joins = log.end_offset() - log.segments.front().base < std::numeric_limits<std::int32_t>::max();
  for (const SegmentModel& segment : log.segments) {
    if (result.segments.empty() || !joins) result.segments.push_back({.base = segment.base});
    SegmentModel& into = result.segments.back();
    for (const BatchModel& batch : segment.batches) append_rebatched(batch, codec, into.batches);
    into.aborted.insert(into.aborted.end(), segment.aborted.begin(), segment.aborted.end());
  }
  return result;
}

}  // namespace kseg
