#include "lib/cleaning_plan.h"

#include <fmt/format.h>

#include <algorithm>

#include "formats/record_batch_builder.h"
#include "lib/batch_walk.h"
#include "lib/key_set.h"

namespace kseg {
namespace {

constexpr std::size_t kMaxDefects = 20;
constexpr std::size_t kPrefetchAhead = 16;  // keys

class Planner {
 public:
  Planner(FileSystem& files, const PartitionLog& log, const LogScan& scan, const CleaningRange& range,
          const RetentionPolicy& policy, const Compat& compat)
      : files_(files),
        log_(log),
        scan_(scan),
        range_(range),
        policy_(policy),
        end_of_round_(end_of_round(range, compat)),
        keys_(KeySet::random_seed()) {}

  CleaningPlan run() {
    const auto& segments = log_.segments();
    while (plan_.segment_count < segments.size() &&
           segments[plan_.segment_count].base_offset < range_.first_uncleanable) {
      ++plan_.segment_count;
    }
    plan_.segments.resize(plan_.segment_count);
    for (std::size_t i = segments.size(); i-- > 0;) {
      segment_ = &segments[i];
      scanned_ = &scan_.segments[i];
      segment_plan_ = i < plan_.segment_count ? &plan_.segments[i] : nullptr;
      read_backwards();
    }
    plan_.distinct_keys = keys_.size();
    plan_.key_set_bytes = keys_.memory_bytes();
    return std::move(plan_);
  }

 private:
  static std::optional<Offset> end_of_round(const CleaningRange& range, const Compat& compat) {
    switch (compat.end_of_round) {
      case Compat::EndOfRound::at_first_uncleanable: return range.first_uncleanable;
      case Compat::EndOfRound::at_high_watermark: return range.high_watermark;
      case Compat::EndOfRound::never: return std::nullopt;
    }
    return std::nullopt;
  }

  void read_backwards() {
    const auto file = files_.open(segment_->log);
    if (segment_plan_ != nullptr) segment_plan_->verdicts.resize(scanned_->batch_count);
    BatchWalk walk(*file, scanned_->runs, BatchWalk::Order::newest_first);
    while (plan_.defects.size() < kMaxDefects) {
      const auto batch = walk.next();
      if (!batch) {
        add(batch.error());
        continue;
      }
      if (*batch == nullptr) return;
      if (auto bad = read_batch(**batch, walk.index())) add(*bad);
    }
  }

  void add(Defect defect) { plan_.defects.push_back({segment_->log, std::move(defect)}); }

  std::optional<Defect> read_batch(const RecordBatchView& batch, std::size_t index) {
    if (auto defect = check_crc(batch)) return defect;
    if (segment_plan_ == nullptr) return std::nullopt;
    return decide(batch, scanned_->discardable[index], segment_plan_->verdicts[index]);
  }

  std::optional<Defect> decide(const RecordBatchView& batch, bool discardable, BatchVerdict& verdict) {
    const RecordBatchHeader& header = batch.header;
    const BatchFacts facts{.is_control = header.is_control(),
                           .discardable = discardable,
                           .last_of_producer = scan_.producers.is_last_of_producer(header),
                           .ends_round = end_of_round_ == header.next_offset(),
                           .delete_horizon_ms = header.delete_horizon_ms(),
                           .is_legacy = header.is_legacy(),
                           .legacy_tombstones_due = segment_->mtime_ms() <= range_.legacy_delete_horizon_ms};
    const auto records = static_cast<std::uint64_t>(header.record_count);
    CleaningCounts& counts = plan_.counts;
    counts.records_read += records;

    if (policy_.drops_all_records(facts)) {
      (header.is_control() ? counts.markers_expired : counts.aborted) += records;
      verdict = without_records(facts, header);
      return std::nullopt;
    }
    if (header.record_count == 0) {
      verdict = without_records(facts, header);
      if (verdict == BatchVerdict::empty_header && is_canonical_empty_batch(batch))
        verdict = BatchVerdict::verbatim;
      return std::nullopt;
    }
    if (header.is_control()) {
      if (auto defect = read_records(batch)) return defect;
      counts.records_kept += records;
      return keep_records(batch, facts, records, records, false, verdict);
    }
    return decide_records(batch, facts, verdict);
  }

  BatchVerdict without_records(const BatchFacts& facts, const RecordBatchHeader& header) {
    if (!facts.keeps_header()) {
      ++plan_.counts.batches_dropped;
      return BatchVerdict::drop;
    }
    ++(header.record_count == 0 ? plan_.counts.batches_verbatim : plan_.counts.batches_emptied);
    return BatchVerdict::empty_header;
  }

  bool is_canonical_empty_batch(const RecordBatchView& batch) {
    scratch_.clear();
    encode_empty_batch(batch.header, scratch_);
    return same_bytes(scratch_, batch.bytes);
  }

  std::optional<Defect> decide_records(const RecordBatchView& batch, const BatchFacts& facts,
                                       BatchVerdict& verdict) {
    if (auto defect = read_records(batch)) return defect;
    const std::size_t kept_before = segment_plan_->kept.size();
    std::uint64_t kept = 0;
    bool keeps_tombstone = false;
    bool keeps_illegal_timestamp = false;
    for (std::size_t i = records_.size(); i-- > 0;) {
      if (i >= kPrefetchAhead && records_[i - kPrefetchAhead].has_key)
        keys_.prefetch(records_[i - kPrefetchAhead].hash);
      const PlannedRecord& record = records_[i];
      const bool superseded = record.has_key && is_superseded(record);
      const RecordFate fate = policy_.decide(
          facts, {.has_key = record.has_key, .superseded = superseded, .tombstone = record.tombstone});
      const bool keep = fate == RecordFate::keep;
      segment_plan_->kept.push_back(keep);
      if (keep) {
        ++kept;
        keeps_tombstone |= record.tombstone;
        keeps_illegal_timestamp |= record.illegal_timestamp;
      }
      count(fate);
    }
    if (kept == 0) {
      segment_plan_->kept.resize(kept_before);
      verdict = without_records(facts, batch.header);
      return check_can_be_empty(batch, verdict);
    }
    if (auto defect = keep_records(batch, facts, records_.size(), kept, keeps_tombstone, verdict))
      return defect;
    if (verdict == BatchVerdict::verbatim) segment_plan_->kept.resize(kept_before);
    if (verdict != BatchVerdict::verbatim && keeps_illegal_timestamp) {
      return Defect{.code = DefectCode::bad_timestamp,
                    .position = batch.position,
                    .offset = batch.header.base_offset,
                    .expected = "timestamps of at least -1 in a batch that has to be rebuilt",
                    .found = "a lower one"};
    }
    return std::nullopt;
  }

  // Formats 0 and 1 have no empty batch; neither does a broker make one of them.
  static std::optional<Defect> check_can_be_empty(const RecordBatchView& batch, BatchVerdict verdict) {
    if (!batch.header.is_legacy() || verdict != BatchVerdict::empty_header) return std::nullopt;
    return Defect{.code = DefectCode::legacy_message_emptied,
                  .position = batch.position,
                  .offset = batch.header.last_offset(),
                  .expected = "a record that stays in the last message of the round",
                  .found = "none; a message of format 0 or 1 cannot be kept empty"};
  }

  // The verdict on a batch of which `kept` > 0 of `records` records stay.
  std::optional<Defect> keep_records(const RecordBatchView& batch, const BatchFacts& facts,
                                     std::uint64_t records, std::uint64_t kept, bool keeps_tombstone,
                                     BatchVerdict& verdict) {
    const bool new_horizon = policy_.needs_horizon(facts, keeps_tombstone);
    if (kept == records && !new_horizon && policy_.may_stay_as_it_is(facts, mixes_formats_)) {
      verdict = BatchVerdict::verbatim;
      ++plan_.counts.batches_verbatim;
      return std::nullopt;
    }
    verdict = new_horizon ? BatchVerdict::rebuild_with_horizon : BatchVerdict::rebuild;
    ++plan_.counts.batches_rebuilt;
    if (batch.header.is_control()) segment_plan_->kept.insert(segment_plan_->kept.end(), records, true);
    return check_rebuildable(batch.header, batch.position);
  }

  struct PlannedRecord {
    KeyHash hash;
    Offset offset;
    bool has_key;
    bool tombstone;
    bool illegal_timestamp;
  };

  std::optional<Defect> read_records(const RecordBatchView& batch) {
    const auto section = uncompressed_records(batch, decompressor_, scratch_);
    if (!section) return section.error();
    records_.clear();
    mixes_formats_ = false;
    RecordReader reader(batch.header, section->bytes);
    for (RecordView record; reader.next(record);) {
      if (batch.header.is_wrapper()) mixes_formats_ |= reader.magic() != batch.header.magic;
      records_.push_back({.hash = record.key ? keys_.hash(*record.key) : KeyHash{},
                          .offset = record.offset,
                          .has_key = record.key.has_value(),
                          .tombstone = !record.value,
                          .illegal_timestamp = record.timestamp_ms < kNoTimestamp});
    }
    if (!reader.defect()) return std::nullopt;
    Defect defect = *reader.defect();
    defect.position = batch.position;
    return defect;
  }

  // Records below the first dirty offset are superseded by the dirty section, but not by each other.
  bool is_superseded(const PlannedRecord& record) {
    return record.offset >= range_.first_dirty ? !keys_.insert(record.hash) : keys_.contains(record.hash);
  }

  void count(RecordFate fate) {
    CleaningCounts& counts = plan_.counts;
    switch (fate) {
      case RecordFate::keep: ++counts.records_kept; break;
      case RecordFate::drop_superseded: ++counts.superseded; break;
      case RecordFate::drop_tombstone: ++counts.tombstones_expired; break;
      case RecordFate::drop_keyless: ++counts.keyless; break;
    }
  }

  FileSystem& files_;
  const PartitionLog& log_;
  const LogScan& scan_;
  CleaningRange range_;
  const RetentionPolicy& policy_;
  std::optional<Offset> end_of_round_;
  KeySet keys_;
  CleaningPlan plan_;

  // Where the planner stands.
  const Segment* segment_ = nullptr;
  const ScannedSegment* scanned_ = nullptr;
  SegmentPlan* segment_plan_ = nullptr;  // null in segments that are only checked
  Decompressor decompressor_;
  ByteBuffer scratch_;
  std::vector<PlannedRecord> records_;
  bool mixes_formats_ = false;  // the wrapper whose records these are
};

}  // namespace

bool SegmentPlan::is_verbatim() const {
  return std::all_of(verdicts.begin(), verdicts.end(),
                     [](BatchVerdict verdict) { return verdict == BatchVerdict::verbatim; });
}

CleaningPlan plan_cleaning(FileSystem& files, const PartitionLog& log, const LogScan& scan,
                           const CleaningRange& range, const RetentionPolicy& policy, const Compat& compat) {
  return Planner(files, log, scan, range, policy, compat).run();
}

}  // namespace kseg
