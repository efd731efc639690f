#include "lib/cleaning_plan.h"

#include <fmt/format.h>

#include <algorithm>

#include "formats/record_batch_builder.h"
#include "lib/hashed_run.h"
#include "lib/key_set.h"
#include "lib/ordered_work.h"

namespace kseg {
namespace {

constexpr std::size_t kMaxDefects = 20;

class Planner {
 public:
  Planner(FileSystem& files, const PartitionLog& log, const LogScan& scan, const CleaningRange& range,
          const RetentionPolicy& policy, const Compat& compat, std::size_t jobs,
          const KeySpill::Options& memory)
      : files_(files),
        log_(log),
        scan_(scan),
        range_(range),
        policy_(policy),
        end_of_round_(end_of_round(range, compat)),
        scratch_(jobs),
        pieces_(OrderedWork::slots_for(jobs)),
        memory_(memory),
        keys_(KeySet::random_seed()) {}

  CleaningPlan run() {
    const auto& segments = log_.segments();
    while (plan_.segment_count < segments.size() &&
           segments[plan_.segment_count].base_offset < range_.first_uncleanable) {
      ++plan_.segment_count;
    }
    plan_.segments.resize(plan_.segment_count);
    for (std::size_t i = 0; i < plan_.segment_count; ++i) {
      plan_.segments[i].verdicts.resize(scan_.segments[i].batch_count);
      plan_.segments[i].kept_ends.resize(scan_.segments[i].runs.size());
    }
    next_segment_ = segments.size();
    decide_runs();
    if (spill_) {
      spill_->solve();
      is_solved_ = true;
      next_segment_ = spilled_segment_;
      runs_left_ = spilled_run_ + 1;
      file_ = files_.open(segments[next_segment_].log);
      decide_runs();
    }
    plan_.distinct_keys = spill_ ? spill_->key_count() : keys_.size();
    plan_.key_set_bytes = std::max(plan_.key_set_bytes, keys_.memory_bytes());
    return std::move(plan_);
  }

 private:
  // A run of the log on its way through the plan.
  struct Piece {
    std::shared_ptr<File> file;
    std::size_t segment = 0;
    std::size_t run_index = 0;
    HashedRun run;
  };

  // From the run below the one that was taken last.
  void decide_runs() {
    OrderedWork{
        .jobs = scratch_.size(),
        .slots = pieces_.size(),
        .take = [&](std::size_t slot) { return take(pieces_[slot]); },
        .prepare = [&](std::size_t slot, std::size_t worker) { prepare(pieces_[slot], scratch_[worker]); },
        .commit = [&](std::size_t slot) { return decide(pieces_[slot]); }}
        .run();
  }

  static std::optional<Offset> end_of_round(const CleaningRange& range, const Compat& compat) {
    switch (compat.end_of_round) {
      case Compat::EndOfRound::at_first_uncleanable: return range.first_uncleanable;
      case Compat::EndOfRound::at_high_watermark: return range.high_watermark;
      case Compat::EndOfRound::never: return std::nullopt;
    }
    return std::nullopt;
  }

  // From the newest run to the oldest.
  bool take(Piece& piece) {
    while (runs_left_ == 0) {
      if (next_segment_ == 0) return false;
      runs_left_ = scan_.segments[--next_segment_].runs.size();
      file_ = files_.open(log_.segments()[next_segment_].log);
    }
    piece.file = file_;
    piece.segment = next_segment_;
    piece.run_index = --runs_left_;
    return true;
  }

  bool is_decided(const Piece& piece) const { return piece.segment < plan_.segment_count; }

  // By any thread: looks at nothing that changes.
  void prepare(Piece& piece, HashedRun::Scratch& scratch) const {
    const ScannedSegment& scanned = scan_.segments[piece.segment];
    const BatchRun& run = scanned.runs[piece.run_index];
    piece.run.read(*piece.file, run);
    piece.file.reset();
    if (!is_decided(piece)) return;
    for (std::size_t i = 0; i < piece.run.batches().size(); ++i) {
      const RecordBatchHeader& header = piece.run.batches()[i].header;
      if (piece.run.batch(i).is_damaged || header.record_count == 0) continue;
      if (policy_.drops_all_records(facts(piece, i))) continue;
      if (header.is_control()) {
        piece.run.check_records(i, scratch);
      } else {
        piece.run.hash_records(i, keys_, range_.first_dirty, scratch);
      }
    }
    piece.run.end_hashing();
  }

  BatchFacts facts(const Piece& piece, std::size_t index) const {
    const RecordBatchHeader& header = piece.run.batches()[index].header;
    const ScannedSegment& scanned = scan_.segments[piece.segment];
    const std::uint32_t first_batch = scanned.runs[piece.run_index].first_batch;
    return {.is_control = header.is_control(),
            .discardable = scanned.discardable[first_batch + index],
            .last_of_producer = scan_.producers.is_last_of_producer(header),
            .ends_round = end_of_round_ == header.next_offset(),
            .delete_horizon_ms = header.delete_horizon_ms(),
            .is_legacy = header.is_legacy(),
            .legacy_tombstones_due =
                log_.segments()[piece.segment].mtime_ms() <= range_.legacy_delete_horizon_ms};
  }

  // False: there is too much damage to go on.
  bool decide(Piece& piece) {
    segment_plan_ = is_decided(piece) ? &plan_.segments[piece.segment] : nullptr;
    const auto add = [&](const Defect& defect) {
      plan_.defects.push_back({log_.segments()[piece.segment].log, defect});
      return plan_.defects.size() < kMaxDefects;
    };
    if (!find_superseded(piece)) return true;
    if (piece.run.defect() && !add(*piece.run.defect())) return false;
    const std::uint32_t first_batch = scan_.segments[piece.segment].runs[piece.run_index].first_batch;
    for (std::size_t i = piece.run.batches().size(); i-- > 0;) {
      const HashedRun::Batch& batch = piece.run.batch(i);
      if (batch.is_damaged) {
        if (!add(piece.run.defect_of(i))) return false;
      } else if (segment_plan_ != nullptr) {
        const Decided decided{.batch = piece.run.batches()[i],
                              .records = piece.run.records(batch),
                              .mixes_formats = batch.mixes_formats,
                              .facts = facts(piece, i)};
        auto defect = decide(decided, segment_plan_->verdicts[first_batch + i]);
        if (defect && !add(*defect)) return false;
      }
    }
    if (segment_plan_ != nullptr) segment_plan_->kept_ends[piece.run_index] = segment_plan_->kept.size();
    return true;
  }

  // Records below the first dirty offset are superseded by the dirty section, but not by each other. False:
  // the run has to come again, when what was spilled is solved.
  bool find_superseded(Piece& piece) {
    HashedRun& run = piece.run;
    const auto entering = run.entering();
    const auto asking = run.asking();
    if (!spill_ && !keys_.fits(entering.size(), KeySpill::set_bytes(memory_.memory_bytes))) {
      plan_.key_set_bytes = keys_.memory_bytes();
      spill_.emplace(files_, keys_, memory_);
      spilled_segment_ = piece.segment;
      spilled_run_ = piece.run_index;
    }
    if (spill_ && !is_solved_) {
      for (const KeyHash hash : entering) spill_->ask(hash, true);
      for (const KeyHash hash : asking) spill_->ask(hash, false);
      return false;
    }
    const std::size_t count = entering.size() + asking.size();
    if (found_.size() < count) found_.resize(count);
    const std::span found(found_.data(), count);
    if (spill_) {
      for (std::uint8_t& answer : found) answer = spill_->answer() ? 1 : 0;
    } else {
      keys_.insert(entering, found.first(entering.size()));
      keys_.contains(asking, found.subspan(entering.size()));
    }
    run.supersede(found);
    return true;
  }

  // A batch that is read, on its way to a verdict.
  struct Decided {
    const RecordBatchView& batch;
    std::span<const HashedRecord> records;
    bool mixes_formats;
    BatchFacts facts;
  };

  std::optional<Defect> decide(const Decided& decided, BatchVerdict& verdict) {
    const auto& [batch, hashed, mixes_formats, facts] = decided;
    const RecordBatchHeader& header = batch.header;
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
      counts.records_kept += records;
      return keep_records(decided, records, records, false, verdict);
    }
    return decide_records(decided, verdict);
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
    empty_batch_.clear();
    encode_empty_batch(batch.header, empty_batch_);
    return same_bytes(empty_batch_, batch.bytes);
  }

  std::optional<Defect> decide_records(const Decided& decided, BatchVerdict& verdict) {
    const auto& [batch, records, mixes_formats, facts] = decided;
    const std::size_t kept_before = segment_plan_->kept.size();
    std::uint64_t kept = 0;
    bool keeps_tombstone = false;
    bool keeps_illegal_timestamp = false;
    for (std::size_t i = records.size(); i-- > 0;) {
      const HashedRecord& record = records[i];
      const RecordFate fate = policy_.decide(
          facts, {.has_key = record.has_key, .superseded = record.superseded, .tombstone = record.tombstone});
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
    if (auto defect = keep_records(decided, records.size(), kept, keeps_tombstone, verdict)) return defect;
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
  std::optional<Defect> keep_records(const Decided& decided, std::uint64_t records, std::uint64_t kept,
                                     bool keeps_tombstone, BatchVerdict& verdict) {
    const auto& [batch, hashed, mixes_formats, facts] = decided;
    const bool new_horizon = policy_.needs_horizon(facts, keeps_tombstone);
    if (kept == records && !new_horizon && policy_.may_stay_as_it_is(facts, mixes_formats)) {
      verdict = BatchVerdict::verbatim;
      ++plan_.counts.batches_verbatim;
      return std::nullopt;
    }
    verdict = new_horizon ? BatchVerdict::rebuild_with_horizon : BatchVerdict::rebuild;
    ++plan_.counts.batches_rebuilt;
    if (batch.header.is_control()) segment_plan_->kept.insert(segment_plan_->kept.end(), records, true);
    return check_rebuildable(batch.header, batch.position);
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
  std::vector<HashedRun::Scratch> scratch_;  // a thread
  std::vector<Piece> pieces_;
  const KeySpill::Options& memory_;
  KeySet keys_;
  std::optional<KeySpill> spill_;  // once keys_ has grown too large
  bool is_solved_ = false;
  std::size_t spilled_segment_ = 0;  // where the run stands that was spilled first
  std::size_t spilled_run_ = 0;
  CleaningPlan plan_;

  // What is taken next: the run below this one.
  std::size_t next_segment_ = 0;
  std::size_t runs_left_ = 0;
  std::shared_ptr<File> file_;

  std::vector<std::uint8_t> found_;      // what the set said of the piece that is decided
  SegmentPlan* segment_plan_ = nullptr;  // of the piece that is decided; null if it is only checked
  ByteBuffer empty_batch_;
};

}  // namespace

bool SegmentPlan::is_verbatim() const {
  return std::all_of(verdicts.begin(), verdicts.end(),
                     [](BatchVerdict verdict) { return verdict == BatchVerdict::verbatim; });
}

CleaningPlan plan_cleaning(FileSystem& files, const PartitionLog& log, const LogScan& scan,
                           const CleaningRange& range, const RetentionPolicy& policy, const Compat& compat,
                           std::size_t jobs, const KeySpill::Options& memory) {
  return Planner(files, log, scan, range, policy, compat, jobs, memory).run();
}

}  // namespace kseg
