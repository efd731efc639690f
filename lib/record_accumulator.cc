#include "lib/record_accumulator.h"

#include <fmt/format.h>

#include <limits>

namespace kseg {
namespace {

constexpr std::int64_t kMaxDelta = std::numeric_limits<std::int32_t>::max();

Defect bad_record(DefectCode code, Offset offset, std::string expected, std::string found) {
  return {.code = code,
          .position = {},
          .offset = offset,
          .expected = std::move(expected),
          .found = std::move(found)};
}

}  // namespace

std::optional<RefusedLines> RecordAccumulator::begin_batch(const BatchToAppend& batch) {
  if (auto refused = flush()) return refused;
  kept_ = batch;
  kept_records_ = 0;
  return batch.header.record_count == 0 ? append_empty() : std::nullopt;
}

// Without offsets to keep there is nothing that an empty batch could hold.
std::optional<RefusedLines> RecordAccumulator::append_empty() {
  const BatchToAppend empty = *kept_;
  kept_.reset();
  if (!options_.preserve_offsets) return std::nullopt;
  batch_.clear();
  encode_empty_batch(empty.header, batch_);
  const auto header = decode_record_batch_header(batch_);
  check(static_cast<bool>(header), "an empty batch of our own");
  const RecordBatchView view{.header = *header, .position = {}, .bytes = batch_};
  auto defect = check_header(*header, {});
  if (!defect) defect = appender_.append(view, std::nullopt);
  if (defect) return RefusedLines{.first = empty.line, .last = empty.line, .defect = *defect};
  return std::nullopt;
}

bool RecordAccumulator::joins(const RecordToAppend& record, Offset offset) const {
  if (!open_) return false;
  const bool keeps = kept_.has_value();
  if (keeps && options_.preserve_offsets && offset > kept_->header.last_offset()) return false;
  if (keeps && kept_records_ >= kept_->header.record_count) return false;
  if (!keeps && (builder_.record_count() >= options_.batch_records ||
                 builder_.records_bytes() >= options_.batch_bytes || header_.is_control())) {
    return false;
  }
  if (offset <= last_offset_ || offset - header_.base_offset > kMaxDelta) return false;
  if (record.timestamp_type != header_.timestamp_type() || record.producer_id != header_.producer_id ||
      record.producer_epoch != header_.producer_epoch || record.transactional != header_.is_transactional() ||
      record.control != header_.is_control()) {
    return false;
  }
  if (record.timestamp_type == TimestampType::log_append_time &&
      record.record.timestamp_ms != header_.max_timestamp) {
    return false;
  }
  if (options_.preserve_offsets &&
      record.leader_epoch.value_or(header_.partition_leader_epoch) != header_.partition_leader_epoch) {
    return false;
  }
  RecordBatchHeader until = header_;
  until.last_offset_delta = static_cast<std::int32_t>(offset - header_.base_offset);
  return until.last_sequence() == record.sequence;
}

std::optional<Defect> RecordAccumulator::start(const RecordToAppend& record, Offset offset) {
  RecordBatchHeader header;
  if (kept_) header = kept_->header;
  const std::int16_t codec = static_cast<std::int16_t>(options_.codec         ? *options_.codec
                                                       : header.codec_known() ? header.codec()
                                                                              : Codec::none);
  const bool keeps_bounds = kept_ && options_.preserve_offsets && kept_records_ == 0 &&
                            offset >= kept_->header.base_offset && offset <= kept_->header.last_offset();
  header.attributes = codec;
  if (record.control) header.attributes &= static_cast<std::int16_t>(~RecordBatchHeader::kCodecMask);
  if (record.timestamp_type == TimestampType::log_append_time) {
    header.attributes |= RecordBatchHeader::kLogAppendTimeBit;
  }
  if (record.transactional) header.attributes |= RecordBatchHeader::kTransactionalBit;
  if (record.control) header.attributes |= RecordBatchHeader::kControlBit;
  header.max_timestamp = record.record.timestamp_ms;
  header.producer_id = record.producer_id;
  header.producer_epoch = record.producer_epoch;
  if (keeps_bounds) {
    // Its base sequence is that of its base offset, which may be gone.
    RecordBatchHeader until = header;
    until.last_offset_delta = static_cast<std::int32_t>(offset - header.base_offset);
    if (until.last_sequence() != record.sequence) {
      return bad_record(DefectCode::producer_state, offset,
                        fmt::format("sequence {} in this batch", until.last_sequence()),
                        fmt::format("{}", record.sequence));
    }
  } else {
    header.base_offset = offset;
    header.last_offset_delta = 0;
    header.base_sequence = record.sequence;
  }
  header.partition_leader_epoch = options_.preserve_offsets
                                      ? record.leader_epoch.value_or(appender_.leader_epoch())
                                      : appender_.leader_epoch();
  if (auto defect = check_header(header, {})) return defect;
  if (auto defect = check_rebuildable(header, {})) return defect;
  if (auto defect = appender_.check_begin(header)) return defect;
  header_ = header;
  builder_.begin(header, kept_ ? kept_->delete_horizon_ms : std::nullopt);
  open_ = true;
  first_line_ = record.line;
  marker_.reset();
  return std::nullopt;
}

std::optional<RefusedLines> RecordAccumulator::add(const RecordToAppend& record) {
  if (kept_ && kept_records_ >= kept_->header.record_count) {
    if (auto refused = flush()) return refused;
  }
  const auto refuse = [&](Defect defect) {
    return RefusedLines{.first = record.line, .last = record.line, .defect = std::move(defect)};
  };
  if (!options_.null_keys && !record.record.key && !record.control) {
    return refuse(
        bad_record(DefectCode::bad_record, next_offset(), "a key, as the topic is compacted", "null"));
  }
  Offset offset = next_offset();
  if (options_.preserve_offsets) {
    if (!record.offset) return refuse(bad_record(DefectCode::record_offset, offset, "an offset", "none"));
    offset = *record.offset;
  }
  if (!joins(record, offset)) {
    std::optional<BatchToAppend> kept = kept_;
    const std::int32_t kept_records = kept_records_;
    if (open_) {
      if (auto refused = flush()) return refused;
      kept_ = kept;  // a part of it, with the same codec
      kept_records_ = kept_records;
      if (!options_.preserve_offsets) offset = next_offset();
    }
    if (auto defect = start(record, offset)) return refuse(*defect);
  }
  RecordView placed = record.record;
  placed.offset = offset;
  builder_.add(placed);
  if (record.control && !marker_) {
    const auto take = [](const std::optional<Bytes>& from, ByteBuffer& to) -> std::optional<Bytes> {
      if (!from) return std::nullopt;
      to.assign(from->begin(), from->end());
      return Bytes(to);
    };
    marker_ = placed;
    marker_->key = take(placed.key, marker_key_);
    marker_->value = take(placed.value, marker_value_);
    marker_->headers = {};
    marker_->header_count = 0;
  }
  const auto delta = static_cast<std::int32_t>(offset - header_.base_offset);
  if (delta > header_.last_offset_delta) {
    header_.last_offset_delta = delta;
    builder_.set_last_offset_delta(delta);
  }
  last_offset_ = offset;
  last_line_ = record.line;
  if (kept_) ++kept_records_;
  return std::nullopt;
}

std::optional<RefusedLines> RecordAccumulator::flush() {
  const bool records_missing = kept_ && kept_records_ == 0;
  if (records_missing) {
    RefusedLines refused{
        .first = kept_->line,
        .last = kept_->line,
        .defect =
            bad_record(DefectCode::record_count_mismatch, kept_->header.base_offset,
                       fmt::format("the batch's {} records behind it", kept_->header.record_count), "none")};
    kept_.reset();
    return refused;
  }
  kept_.reset();
  if (!open_) return std::nullopt;
  open_ = false;
  batch_.clear();
  auto defect = builder_.finish(compressor_, batch_);
  if (!defect) {
    const auto header = decode_record_batch_header(batch_);
    check(static_cast<bool>(header), "a batch of our own");
    defect = appender_.append({.header = *header, .position = {}, .bytes = batch_}, marker_);
  }
  if (!defect) return std::nullopt;
  return RefusedLines{.first = first_line_, .last = last_line_, .defect = *defect};
}

}  // namespace kseg
