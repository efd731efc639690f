#include "lib/aborted_batches.h"

#include <algorithm>
#include <unordered_map>

namespace kseg {
namespace {

// Of a marker that came whole.
std::optional<ControlType> control_type(const RecordBatchView& batch) {
  if (batch.header.codec() != Codec::none) return std::nullopt;
  RecordReader reader(batch.header, batch.records());
  RecordView record;
  if (!reader.next(record)) return std::nullopt;
  const auto type = decode_control_type(record);
  return type ? std::optional(*type) : std::nullopt;
}

}  // namespace

AbortedBatches AbortedBatches::of(FileSystem& files, const PartitionLog& log) {
  std::vector<AbortedTxn> txns;
  for (const Segment& segment : log.segments()) {
    if (!segment.transaction_index) continue;
    const ByteBuffer bytes = read_file(files, *segment.transaction_index);
    const auto entries = decode_transaction_index(bytes, segment.base_offset);
    if (entries) txns.insert(txns.end(), entries->begin(), entries->end());
  }
  return AbortedBatches(std::move(txns));
}

AbortedBatches::AbortedBatches(std::vector<AbortedTxn> txns) : txns_(std::move(txns)) {
  std::sort(txns_.begin(), txns_.end(),
            [](const AbortedTxn& a, const AbortedTxn& b) { return a.first_offset < b.first_offset; });
}

bool AbortedBatches::skips(const CheckedBatch& batch) {
  const RecordBatchHeader& header = batch.header();
  if (!header.has_producer()) return false;
  for (; next_ < txns_.size() && txns_[next_].first_offset <= header.last_offset(); ++next_) {
    producers_.insert(txns_[next_].producer_id);
  }
  if (producers_.empty()) return false;
  if (header.is_control()) {
    if (batch.control == ControlType::abort) producers_.erase(header.producer_id);
    return false;
  }
  return header.is_transactional() && producers_.count(header.producer_id) > 0;
}

std::optional<Offset> first_open_transaction(FileSystem& files, const PartitionLog& log) {
  std::unordered_map<std::int64_t, Offset> open;
  for (const Segment& segment : log.segments()) {
    const auto file = files.open(segment.log);
    SegmentReader reader(*file, {.payload = SegmentReader::Payload::skip});
    while (true) {
      const auto batch = reader.next();
      if (!batch) continue;
      if (!*batch) break;
      const RecordBatchHeader& header = (*batch)->header;
      if (!header.has_producer() || !header.is_transactional()) continue;
      if (!header.is_control()) {
        open.try_emplace(header.producer_id, header.base_offset);
      } else if (const auto type = control_type(**batch);
                 type == ControlType::abort || type == ControlType::commit) {
        open.erase(header.producer_id);
      }
    }
  }
  std::optional<Offset> first;
  for (const auto& [producer, offset] : open) first = std::min(first.value_or(offset), offset);
  return first;
}

}  // namespace kseg
