#include "tests/support/obvious_cleaner.h"

#include <algorithm>
#include <limits>

#include "formats/offset_index.h"
#include "formats/record_batch_builder.h"
#include "tests/support/log_folder.h"

namespace kseg {
namespace {

using Segments = std::vector<const SegmentModel*>;
using KeyMap = std::map<ByteBuffer, Offset>;

constexpr std::int64_t kMaxRelativeOffset = std::numeric_limits<std::int32_t>::max();
constexpr Offset kEndOfTime{std::numeric_limits<std::int64_t>::max()};

// The segments from the one that holds `from` up to, but without, the one with base `to`.
Segments between(const LogModel& log, Offset from, Offset to) {
  Segments found;
  if (from >= to) return found;
  for (std::size_t i = 0; i < log.segments.size(); ++i) {
    const bool ends_below = i + 1 < log.segments.size() && log.segments[i + 1].base <= from;
    if (!ends_below && log.segments[i].base < to) found.push_back(&log.segments[i]);
  }
  return found;
}

// Which transactions are open while the log is read forward (§10).
class Transactions {
 public:
  // For reading from the segment that holds `from` on: what ended before it is not waited for.
  Transactions(const LogModel& log, Offset from, Offset log_start) {
    for (const SegmentModel* segment : between(log, from, kEndOfTime)) {
      for (const AbortedTxn& txn : segment->aborted) {
        if (txn.last_offset >= log_start) coming_.push_back(txn);
      }
    }
    std::stable_sort(coming_.begin(), coming_.end(),
                     [](const auto& a, const auto& b) { return a.first_offset < b.first_offset; });
  }

  // Whether the data batch belongs to an aborted transaction, or the control batch to one that has no
  // data left. Markers whose entry is still needed put it into `index`.
  bool can_discard(const BatchModel& batch, std::vector<AbortedTxn>& index) {
    const RecordBatchHeader& header = batch.header;
    while (!coming_.empty() && coming_.front().first_offset <= header.last_offset()) {
      open_aborted_.try_emplace(coming_.front().producer_id, Aborted{.txn = coming_.front()});
      coming_.erase(coming_.begin());
    }
    return header.is_control() ? is_needless(batch, index) : is_aborted(header);
  }

 private:
  struct Aborted {
    AbortedTxn txn;
    bool data_seen = false;
  };

  bool is_aborted(const RecordBatchHeader& header) {
    if (!header.is_transactional()) return false;
    if (const auto open = open_aborted_.find(header.producer_id); open != open_aborted_.end()) {
      open->second.data_seen = true;
      return true;
    }
    open_committed_.insert(header.producer_id);
    return false;
  }

  bool is_needless(const BatchModel& control, std::vector<AbortedTxn>& index) {
    if (control.records.empty()) return true;
    const auto type = control_type(control);
    if (type == ControlType::commit) return open_committed_.erase(control.header.producer_id) == 0;
    if (type != ControlType::abort) return false;
    const auto open = open_aborted_.find(control.header.producer_id);
    if (open == open_aborted_.end()) return true;
    const Aborted aborted = open->second;
    open_aborted_.erase(open);
    if (aborted.data_seen) index.push_back(aborted.txn);
    return !aborted.data_seen;
  }

  std::vector<AbortedTxn> coming_;  // by first offset
  std::map<std::int64_t, Aborted> open_aborted_;
  std::set<std::int64_t> open_committed_;
};

// Where the offset index says that reading from first_dirty may begin.
Position indexed_position(const SegmentModel& segment, const ObviousRound& round) {
  const IndexFiles indexes = build_indexes(segment, round.index_interval_bytes);
  const OffsetIndexView index(indexes.offset_index, segment.base);
  return index.lookup(round.first_dirty).position;
}

// §5, with room for every key.
KeyMap latest_offsets(const LogModel& log, const ObviousRound& round) {
  KeyMap latest;
  Transactions transactions(log, round.first_dirty, round.log_start);
  std::vector<AbortedTxn> unused;
  for (const SegmentModel* segment : between(log, round.first_dirty, round.first_uncleanable)) {
    Position skipped = round.starts_at_index_entry ? indexed_position(*segment, round) : Position{};
    for (const BatchModel& batch : segment->batches) {
      if (skipped.value > 0) {
        skipped.value -= batch.bytes.size();
        continue;
      }
      if (transactions.can_discard(batch, unused) || batch.header.is_control()) continue;
      for (const RecordModel& record : batch.records) {
        if (record.key && record.offset >= round.first_dirty) latest[*record.key] = record.offset;
      }
    }
  }
  return latest;
}

// §6.
std::vector<Segments> group(const Segments& segments, const ObviousRound& round) {
  struct Sizes {
    std::uint64_t log = 0, offset_index = 0, time_index = 0;
  };
  std::vector<Segments> groups;
  Sizes sum;
  for (std::size_t i = 0; i < segments.size(); ++i) {
    const SegmentModel& segment = *segments[i];
    const IndexFiles indexes = build_indexes(segment, round.index_interval_bytes);
    const Sizes own{segment.size_bytes(), indexes.offset_index.size(), indexes.time_index.size()};
    const Sizes both{sum.log + own.log, sum.offset_index + own.offset_index, sum.time_index + own.time_index};
    const Offset bound = i + 1 < segments.size() ? segments[i + 1]->base : round.first_uncleanable;
    const bool joins = !groups.empty() && both.log <= round.segment_bytes &&
                       both.offset_index <= round.segment_index_bytes &&
                       both.time_index <= round.segment_index_bytes &&
                       (own.log == 0 || bound - 1 - groups.back().front()->base <= kMaxRelativeOffset);
    if (!joins) groups.emplace_back();
    sum = joins ? both : own;
    groups.back().push_back(&segment);
  }
  return groups;
}

// An index cannot name offsets further than that from its segment's base.
std::optional<Defect> out_of_reach(const LogModel& log) {
  for (const SegmentModel& segment : log.segments) {
    for (const BatchModel& batch : segment.batches) {
      if (batch.header.last_offset() - segment.base <= kMaxRelativeOffset) continue;
      return Defect{
          .code = DefectCode::segment_too_large, .position = {}, .offset = batch.header.base_offset};
    }
  }
  return std::nullopt;
}

class Copier {
 public:
  Copier(const LogModel& log, const ObviousRound& round)
      : round_(round), latest_(latest_offsets(log, round)), transactions_(log, {0}, round.log_start) {
    for (const SegmentModel* clean : between(log, {0}, round.first_dirty))
      legacy_horizon_ms_ = clean->mtime_ms - round.delete_retention_ms;
  }

  OutputGroup copy(const Segments& sources) {
    OutputGroup group{.segment = {.base = sources.front()->base, .mtime_ms = sources.back()->mtime_ms}};
    for (const SegmentModel* source : sources) {
      group.sources.push_back(source->base);
      legacy_tombstones_stay_ = source->mtime_ms > legacy_horizon_ms_;
      for (const BatchModel& batch : source->batches) copy(batch, group);
    }
    return group;
  }

  std::int64_t keyless_records() const { return keyless_records_; }
  const std::optional<Defect>& defect() const { return defect_; }

 private:
  // §8.
  void copy(const BatchModel& source, OutputGroup& to) {
    const RecordBatchHeader& header = source.header;
    const auto horizon = header.delete_horizon_ms();
    const bool can_discard = transactions_.can_discard(source, to.segment.aborted);
    const bool drop_records = can_discard && (!header.is_control() || (horizon && *horizon <= round_.now_ms));
    const bool keep_header = is_last_of_producer(header) || header.next_offset() == round_.end_of_round;
    if (drop_records && !keep_header) return;

    std::vector<RecordModel> kept;
    bool tombstone_kept = false;
    for (const RecordModel& record : source.records) {
      if (drop_records || !keeps(record, header)) continue;
      if (!record.value) tombstone_kept = true;
      kept.push_back(record);
    }
    if (kept.empty()) {
      if (keep_header && header.is_legacy()) {
        defect_ =
            Defect{.code = DefectCode::legacy_message_emptied, .position = {}, .offset = header.base_offset};
      } else if (keep_header) {
        put(make_batch(header, {}), BatchFate::emptied, to);
      }
      return;
    }
    if (header.is_legacy()) return copy_legacy(source, kept, tombstone_kept, to);
    const bool needs_horizon = !horizon && (tombstone_kept || (header.is_control() && can_discard));
    if (kept.size() == source.records.size() && !needs_horizon) return put(source, BatchFate::verbatim, to);
    if (refuses(source, kept)) return;
    put(make_batch(header, kept, needs_horizon ? new_horizon() : horizon), BatchFate::rebuilt, to);
  }

  // §12.2.
  void copy_legacy(const BatchModel& source, const std::vector<RecordModel>& kept, bool tombstone_kept,
                   OutputGroup& to) {
    const bool whole = kept.size() == source.records.size();
    if (round_.keeps_legacy && whole && !source.mixes_formats) return put(source, BatchFate::verbatim, to);
    if (refuses(source, kept)) return;
    RecordBatchHeader like = source.header;
    if (round_.keeps_legacy) {
      put(make_batch(like, kept), BatchFate::rebuilt, to);
      return;
    }
    like.magic = RecordBatchHeader::kMagic;
    like.base_offset = kept.front().offset;
    like.last_offset_delta = static_cast<std::int32_t>(kept.back().offset - kept.front().offset);
    std::optional<std::int64_t> horizon;
    if (tombstone_kept) horizon = new_horizon();
    put(make_batch(like, kept, horizon), BatchFate::rebuilt, to);
  }

  bool is_last_of_producer(const RecordBatchHeader& header) const {
    if (!header.has_producer()) return false;
    const auto found = round_.producers.find(header.producer_id);
    if (found == round_.producers.end()) return false;
    const ActiveProducer& producer = found->second;
    if (producer.last_data_offset) return header.last_offset() == *producer.last_data_offset;
    return header.is_control() && header.producer_epoch == producer.epoch;
  }

  // §9.
  bool keeps(const RecordModel& record, const RecordBatchHeader& header) {
    if (header.is_control() || record.offset >= round_.first_uncleanable) return true;
    if (!record.key) {
      ++keyless_records_;
      return false;
    }
    const auto latest = latest_.find(*record.key);
    if (latest != latest_.end() && record.offset < latest->second) return false;
    if (record.value) return true;
    if (header.is_legacy()) return legacy_tombstones_stay_;
    const auto horizon = header.delete_horizon_ms();
    return !horizon || round_.now_ms < *horizon;
  }

  // Past the end of time there is no horizon: the sum wraps and a negative one is none.
  std::int64_t new_horizon() const {
    return static_cast<std::int64_t>(static_cast<std::uint64_t>(round_.now_ms) +
                                     static_cast<std::uint64_t>(round_.delete_retention_ms));
  }

  bool refuses(const BatchModel& source, const std::vector<RecordModel>& kept) {
    if (auto defect = check_rebuildable(source.header, {})) defect_ = defect;
    for (const RecordModel& record : kept) {
      if (record.timestamp_ms < kNoTimestamp) {
        defect_ = Defect{.code = DefectCode::bad_timestamp, .position = {}, .offset = record.offset};
      }
    }
    return defect_.has_value();
  }

  static void put(BatchModel batch, BatchFate fate, OutputGroup& to) {
    to.segment.batches.push_back(std::move(batch));
    to.fates.push_back(fate);
  }

  const ObviousRound& round_;
  KeyMap latest_;
  Transactions transactions_;
  std::int64_t legacy_horizon_ms_ = 0;
  bool legacy_tombstones_stay_ = false;  // of the source in hand
  std::int64_t keyless_records_ = 0;
  std::optional<Defect> defect_;
};

}  // namespace

ActiveProducers active_producers(const std::vector<ProducerStateEntry>& entries) {
  ActiveProducers producers;
  for (const ProducerStateEntry& entry : entries) {
    ActiveProducer& producer = producers[entry.producer_id];
    producer.epoch = entry.producer_epoch;
    if (entry.last_offset.value >= 0) producer.last_data_offset = entry.last_offset;
  }
  return producers;
}

Result<ObviousResult> clean_obviously(const LogModel& log, const ObviousRound& round) {
  ObviousResult result{.end = round.first_dirty, .after = log};
  std::uint64_t dirty_bytes = 0;
  for (const SegmentModel* segment : between(log, round.first_dirty, round.first_uncleanable)) {
    dirty_bytes += segment->size_bytes();
  }
  if (dirty_bytes == 0) return result;

  if (const auto defect = out_of_reach(log)) return *defect;
  result.end = round.first_uncleanable;
  result.after.segments.clear();
  Copier copier(log, round);
  for (const Segments& sources : group(between(log, {0}, result.end), round)) {
    result.groups.push_back(copier.copy(sources));
    if (copier.defect()) return *copier.defect();
    result.after.segments.push_back(result.groups.back().segment);
  }
  for (const SegmentModel& segment : log.segments) {
    if (segment.base >= result.end) result.after.segments.push_back(segment);
  }
  result.keyless_records = copier.keyless_records();
  return result;
}

}  // namespace kseg
