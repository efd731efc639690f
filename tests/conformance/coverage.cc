#include "tests/conformance/coverage.h"

#include <fmt/format.h>

namespace kseg {
namespace {

// In the order of the report.
constexpr std::string_view kFeatures[] = {"several closed segments",
                                          "empty segment",
                                          "uncompressed",
                                          "gzip",
                                          "snappy",
                                          "lz4",
                                          "zstd",
                                          "batch of one record",
                                          "batch of 2 to 99 records",
                                          "batch of 100 to 500 records",
                                          "tombstone",
                                          "null key",
                                          "empty key",
                                          "empty value",
                                          "headers",
                                          "null header value",
                                          "idempotent producer",
                                          "transactional producer",
                                          "COMMIT marker",
                                          "ABORT marker",
                                          "epoch bump",
                                          "open transaction",
                                          "marker without data",
                                          "empty batch",
                                          "empty batch of a producer",
                                          "empty control batch",
                                          "horizon ahead",
                                          "horizon due",
                                          "horizon of a marker",
                                          "hole inside a batch",
                                          "hole at a batch's end",
                                          "hole between batches",
                                          "hole at a segment's end",
                                          "other control batch",
                                          "first dirty inside a batch",
                                          "first dirty inside a segment",
                                          "first uncleanable in the middle",
                                          "horizon is now",
                                          "log start inside the log",
                                          "abort below the log start",
                                          "expired producer",
                                          "several rounds",
                                          "records appended between rounds",
                                          "several groups",
                                          "a group of several segments",
                                          "segment.index.bytes matters",
                                          "offsets 2^31 apart",
                                          "a group left alone",
                                          "LogAppendTime",
                                          "no timestamp",
                                          "negative timestamp",
                                          "equal timestamps",
                                          "leader epochs",
                                          "snapshots of segments",
                                          "record superseded",
                                          "tombstone dropped",
                                          "aborted record dropped",
                                          "record without key dropped",
                                          "marker dropped",
                                          "batch copied",
                                          "batch rebuilt",
                                          "batch emptied",
                                          "batch dropped",
                                          "compressed batch rebuilt",
                                          "format 0",
                                          "format 1",
                                          "wrapper of format 0",
                                          "wrapper of format 1",
                                          "formats in one segment"};

std::string_view codec_name(Codec codec) {
  return codec == Codec::none ? "uncompressed" : name(codec);
}

bool same_timestamps(const BatchModel& batch) {
  if (batch.records.size() < 2 || batch.header.timestamp_type() == TimestampType::log_append_time)
    return false;
  for (const RecordModel& record : batch.records) {
    if (record.timestamp_ms != batch.records.front().timestamp_ms) return false;
  }
  return true;
}

}  // namespace

void Coverage::Log::note(const RandomRound& random, const Cleaned& kseg) {
  const ObviousRound& round = random.round;
  const LogModel& log = random.log;
  if (++rounds_ > 1) has("several rounds");
  if (rounds_ > 1 && log.end_offset() > end_) has("records appended between rounds");
  end_ = log.end_offset();
  if (log.segments.size() > 2) has("several closed segments");
  if (!random.folder.expired_producers.empty()) has("expired producer");
  if (round.segment_index_bytes != ObviousRound{}.segment_index_bytes) has("segment.index.bytes matters");
  if (log.end_offset() - log.segments.front().base > std::int64_t{1} << 30) has("offsets 2^31 apart");
  if (random.folder.snapshots_of_segments && log.segments.size() > 2) has("snapshots of segments");
  if (round.log_start > log.segments.front().base) has("log start inside the log");
  if (round.first_uncleanable < log.segments.back().base &&
      round.first_uncleanable > log.segments.front().base) {
    has("first uncleanable in the middle");
  }

  std::set<std::int64_t> data_producers;  // of transactions not ended yet
  std::map<std::int64_t, std::int16_t> epochs;
  for (std::size_t i = 0; i < log.segments.size(); ++i) {
    const SegmentModel& segment = log.segments[i];
    const bool is_active = i + 1 == log.segments.size();
    if (segment.batches.empty() && !is_active) has("empty segment");
    if (!is_active && segment.next_offset() < log.segments[i + 1].base) has("hole at a segment's end");
    bool starts_inside =
        round.first_dirty > segment.base && !is_active && round.first_dirty < log.segments[i + 1].base;
    if (starts_inside) has("first dirty inside a segment");
    for (const AbortedTxn& txn : segment.aborted) {
      if (txn.last_offset < round.log_start) has("abort below the log start");
    }
    Offset next = segment.base;
    for (const BatchModel& batch : segment.batches) {
      const RecordBatchHeader& header = batch.header;
      if (header.magic != segment.batches.front().header.magic) has("formats in one segment");
      if (header.base_offset > next) has("hole between batches");
      if (!is_active && round.first_dirty > header.base_offset && round.first_dirty <= header.last_offset()) {
        has("first dirty inside a batch");
      }
      next = header.next_offset();
      note_batch(batch, round);
      if (!header.has_producer()) continue;
      const auto known = epochs.try_emplace(header.producer_id, header.producer_epoch);
      if (known.first->second < header.producer_epoch) has("epoch bump");
      if (!header.is_control() && header.is_transactional()) data_producers.insert(header.producer_id);
      const auto type = control_type(batch);
      const bool ends = type == ControlType::commit || type == ControlType::abort;
      if (ends && data_producers.erase(header.producer_id) == 0) has("marker without data");
    }
  }
  if (!data_producers.empty()) has("open transaction");

  if (!kseg.report) return;
  const CompactionReport& report = *kseg.report;
  if (report.groups > 1) has("several groups");
  if (report.segments_after < report.segments_before) has("a group of several segments");
  if (report.groups_unchanged > 0) has("a group left alone");
  const CleaningCounts& counts = report.counts;
  if (counts.superseded > 0) has("record superseded");
  if (counts.tombstones_expired > 0) has("tombstone dropped");
  if (counts.aborted > 0) has("aborted record dropped");
  if (counts.keyless > 0) has("record without key dropped");
  if (counts.markers_expired > 0) has("marker dropped");
  if (counts.batches_verbatim > 0) has("batch copied");
  if (counts.batches_rebuilt > 0) has("batch rebuilt");
  if (counts.batches_emptied > 0) has("batch emptied");
  if (counts.batches_dropped > 0) has("batch dropped");
  if (recompresses(random, kseg)) has("compressed batch rebuilt");
}

void Coverage::Log::note_batch(const BatchModel& batch, const ObviousRound& round) {
  const RecordBatchHeader& header = batch.header;
  if (header.partition_leader_epoch > 0) has("leader epochs");
  if (header.is_wrapper()) has(header.magic == 0 ? "wrapper of format 0" : "wrapper of format 1");
  if (header.is_legacy()) has(header.magic == 0 ? "format 0" : "format 1");
  const auto horizon = header.delete_horizon_ms();
  if (header.is_control()) {
    const auto type = control_type(batch);
    has(!type                          ? "empty control batch"
        : *type == ControlType::commit ? "COMMIT marker"
        : *type == ControlType::abort  ? "ABORT marker"
                                       : "other control batch");
    if (horizon) has("horizon of a marker");
    return;
  }
  if (horizon) has(*horizon <= round.now_ms ? "horizon due" : "horizon ahead");
  if (horizon == round.now_ms) has("horizon is now");
  if (header.has_producer())
    has(header.is_transactional() ? "transactional producer" : "idempotent producer");
  if (batch.records.empty()) return has(header.has_producer() ? "empty batch of a producer" : "empty batch");
  has(codec_name(header.codec()));
  const std::size_t records = batch.records.size();
  has(records == 1    ? "batch of one record"
      : records < 100 ? "batch of 2 to 99 records"
                      : "batch of 100 to 500 records");
  if (header.timestamp_type() == TimestampType::log_append_time) has("LogAppendTime");
  if (same_timestamps(batch)) has("equal timestamps");
  if (batch.records.back().offset < header.last_offset()) has("hole at a batch's end");
  const std::int64_t span = batch.records.back().offset - batch.records.front().offset + 1;
  if (static_cast<std::int64_t>(records) < span) has("hole inside a batch");
  for (const RecordModel& record : batch.records) note_record(record);
}

void Coverage::Log::note_record(const RecordModel& record) {
  if (!record.key) has("null key");
  if (record.key && record.key->empty()) has("empty key");
  if (!record.value) has("tombstone");
  if (record.value && record.value->empty()) has("empty value");
  if (!record.headers.empty()) has("headers");
  for (const HeaderModel& header : record.headers) {
    if (!header.value) has("null header value");
  }
  if (record.timestamp_ms == kNoTimestamp) has("no timestamp");
  if (record.timestamp_ms < kNoTimestamp) has("negative timestamp");
}

void Coverage::add(const Log& log) {
  ++logs_;
  for (const std::string_view feature : log.found_) ++counts_[feature];
}

void Coverage::print() const {
  for (const std::string_view feature : kFeatures) {
    const auto found = counts_.find(feature);
    const int count = found == counts_.end() ? 0 : found->second;
    fmt::print("  {:7} {:5.1f} %  {}\n", count, logs_ == 0 ? 0 : 100.0 * count / logs_, feature);
  }
}

std::set<std::string_view> Coverage::rare() const {
  std::set<std::string_view> rare;
  for (const std::string_view feature : kFeatures) {
    const auto found = counts_.find(feature);
    if (found == counts_.end() || found->second * 100 <= logs_) rare.insert(feature);
  }
  return rare;
}

}  // namespace kseg
