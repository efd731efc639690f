#include "lib/latest_state.h"

namespace kseg {

LatestState LatestState::of(FileSystem& files, const ReadableLog& log, Options options,
                            VerifyReport& report) {
  LatestState state(files, log);
  StateCounts& counts = state.counts_;
  for (const ReadableSegment& segment : log.segments()) {
    state.selection_.segments.push_back(
        {.batches = std::vector<bool>(segment.aborted.size()), .records = {}});
  }
  LatestRecords latest(files, log, report);
  while (latest.next_batch()) {
    RecordSelection::OfSegment& selection = state.selection_.segments[latest.segment()];
    const std::size_t bits_before = selection.records.size();
    bool any = false;
    const auto records = latest.records();
    for (std::size_t i = records.size(); i-- > 0;) {
      const LatestRecord& each = records[i];
      counts.records += log.range().contains(each.record.offset) ? 1 : 0;
      counts.keyless += log.range().contains(each.record.offset) && !each.record.key ? 1 : 0;
      if (each.latest) ++(each.record.value ? counts.keys : counts.tombstones);
      const bool selected = each.latest && (each.record.value || options.tombstones);
      selection.records.push_back(selected);
      any |= selected;
    }
    if (any)
      selection.batches[latest.batch()] = true;
    else
      selection.records.resize(bits_before);
  }
  counts.key_set_bytes = latest.key_set_bytes();
  return state;
}

}  // namespace kseg
