#include "lib/against.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <random>
#include <unordered_set>

#include "lib/aborted_batches.h"
#include "lib/last_records.h"
#include "lib/log_check.h"

namespace kseg {
namespace {

constexpr Offset kNoBound{std::numeric_limits<std::int64_t>::max()};

// Only what is wrong with the original counts: it has no index that anybody will use.
class DefectsOnly : public VerifyReport {
 public:
  explicit DefectsOnly(VerifyReport& report) : report_(report) {}

 private:
  void on_defect(const Path& file, const Defect& defect) override { report_.defect(file, defect); }
  void on_warning(const Path&, const Defect&) override {}
  void on_note(const Path&, Position, const std::string&) override {}

  VerifyReport& report_;
};

bool same_value(const std::optional<Bytes>& a, const std::optional<Bytes>& b) {
  return a.has_value() == b.has_value() && (!a || same_bytes(*a, *b));
}

std::string describe_value(const std::optional<Bytes>& value) {
  if (!value) return "null";
  std::string text = fmt::format("{} bytes", value->size());
  constexpr std::size_t kShown = 16;
  if (value->empty()) return text;
  text += " ";
  for (const std::uint8_t byte : value->first(std::min(value->size(), kShown)))
    text += fmt::format("{:02x}", byte);
  if (value->size() > kShown) text += "...";
  return text;
}

std::uint64_t random_seed() {
  std::random_device device;
  return std::uint64_t{device()} << 32 | device();
}

class Comparer {
 public:
  Comparer(FileSystem& files, const Path& cleaned, const Path& original, const AgainstOptions& options,
           VerifyReport& report)
      : options_(options), last_records_(random_seed()), original_report_(report) {
    log_start_ = std::max(log_start_of(files, original), log_start_of(files, cleaned));
    const PartitionLog original_log = PartitionLog::open(files, original);
    undecided_from_ = first_open_transaction(files, original_log).value_or(kNoBound);
    original_aborted_.emplace(AbortedBatches::of(files, original_log));
    cleaned_aborted_.emplace(AbortedBatches::of(files, PartitionLog::open(files, cleaned)));
    original_.emplace(LogCheck::of_folder(files, original, {.side_files = false}, original_report_));
    cleaned_.emplace(LogCheck::of_folder(files, cleaned, {}, report));
  }

  Comparison run() {
    compare_starts();
    auto left = cleaned_->next();
    while (const auto batch = original_->next()) {
      for (; left && left->header().base_offset < batch->header().base_offset; left = cleaned_->next())
        invented(*left);
      const bool aborted = original_aborted_->skips(*batch);
      if (left && answers(left->header(), batch->header())) {
        both(*batch, *left, aborted);
        left = cleaned_->next();
      } else {
        gone(*batch, aborted);
      }
    }
    for (; left; left = cleaned_->next()) invented(*left);
    if (cleaned_->end_offset() != original_->end_offset()) {
      differ(DifferenceCode::log_end, original_->end_offset(), original_->end_offset(),
             cleaned_->end_offset());
    }
    judge_last_records();
    std::sort(result_.differences.begin(), result_.differences.end(), before);
    return std::move(result_);
  }

 private:
  static bool before(const Difference& a, const Difference& b) { return a.offset < b.offset; }

  // Keeps the first ones by offset, the last of them on top of a heap.
  void differ(DifferenceCode code, Offset offset, std::string expected, std::string found) {
    ++result_.difference_count;
    auto& kept = result_.differences;
    if (options_.listed == 0) return;
    if (kept.size() == options_.listed) {
      if (kept.front().offset <= offset) return;
      std::pop_heap(kept.begin(), kept.end(), before);
      kept.pop_back();
    }
    kept.push_back(
        {.code = code, .offset = offset, .expected = std::move(expected), .found = std::move(found)});
    std::push_heap(kept.begin(), kept.end(), before);
  }
  template <typename Value>
  void differ(DifferenceCode code, Offset offset, const Value& expected, const Value& found) {
    differ(code, offset, fmt::format("{}", expected), fmt::format("{}", found));
  }

  void compare_starts() {
    const auto original = original_->first_base();
    const auto cleaned = cleaned_->first_base();
    if (original == cleaned) return;
    const auto text = [](const std::optional<Offset>& base) {
      return base ? fmt::format("a first segment with base {}", *base) : "no segment";
    };
    differ(DifferenceCode::log_start, original.value_or(Offset{0}), text(original), text(cleaned));
  }

  // Batches keep their base offset, but for messages of formats 0 and 1: they span what is left in them.
  static bool answers(const RecordBatchHeader& cleaned, const RecordBatchHeader& original) {
    return cleaned.base_offset == original.base_offset ||
           (original.is_legacy() && cleaned.base_offset > original.base_offset &&
            cleaned.base_offset <= original.last_offset());
  }

  void invented(const CheckedBatch& batch) {
    cleaned_aborted_->skips(batch);
    const RecordBatchHeader& header = batch.header();
    differ(DifferenceCode::batch_invented, header.base_offset, std::string("no batch with this base offset"),
           fmt::format("offsets {} to {}", header.base_offset, header.last_offset()));
  }

  // Of formats 0 and 1 file times decide, which a copy may have lost.
  bool due(const RecordBatchHeader& header) const {
    if (header.is_legacy()) return true;
    const auto horizon_ms = header.delete_horizon_ms();
    return horizon_ms && (!options_.now_ms || *horizon_ms <= *options_.now_ms);
  }

  void undecided_gone(const RecordBatchHeader& header) {
    differ(DifferenceCode::undecided_gone, header.base_offset,
           fmt::format("a batch: nothing is decided from offset {} on", undecided_from_),
           std::string("none"));
  }

  // `batch` has nothing that answers it in the cleaned log.
  void gone(const CheckedBatch& batch, bool aborted) {
    const RecordBatchHeader& header = batch.header();
    if (header.last_offset() >= undecided_from_) return undecided_gone(header);
    if (header.is_control()) return control_record_gone(batch);
    if (!batch.readable) return;
    RecordReader reader(header, batch.records);
    for (RecordView record; reader.next(record);) meet(record, header, {.aborted = aborted, .left = false});
  }

  void control_record_gone(const CheckedBatch& batch) {
    const RecordBatchHeader& header = batch.header();
    if (header.record_count == 0 || !batch.readable) return;
    if (header.last_offset() >= undecided_from_) return undecided_gone(header);
    if (batch.control != ControlType::abort && batch.control != ControlType::commit) {
      return differ(DifferenceCode::control_record_gone, header.base_offset,
                    std::string(kseg::name(batch.control.value_or(ControlType{-1}))), std::string("none"));
    }
    if (with_data_left_.erase(header.producer_id) > 0 && header.last_offset() >= log_start_) {
      differ(DifferenceCode::marker_gone, header.base_offset,
             fmt::format("the {} marker of producer {}, which has data left", kseg::name(*batch.control),
                         header.producer_id),
             std::string("none"));
    } else if (options_.one_round && !due(header)) {
      differ(DifferenceCode::marker_early, header.base_offset,
             fmt::format("a {} marker: its time to go had not come", kseg::name(*batch.control)),
             std::string("none"));
    }
  }

  void both(const CheckedBatch& original, const CheckedBatch& cleaned, bool aborted) {
    const RecordBatchHeader& header = original.header();
    const bool hidden = cleaned_aborted_->skips(cleaned);
    compare_headers(header, cleaned.header());
    if (hidden != aborted && header.last_offset() >= log_start_) {
      differ(aborted ? DifferenceCode::aborted_data_shown : DifferenceCode::committed_data_hidden,
             header.base_offset,
             fmt::format("a batch that read_committed readers {}", aborted ? "skip" : "get"),
             std::string(aborted ? "one that they get" : "one that they skip"));
    }
    if (!original.readable || !cleaned.readable) return;
    if (header.is_control()) {
      if (cleaned.header().record_count == 0) {
        control_record_gone(original);
      } else {
        with_data_left_.erase(header.producer_id);
      }
    } else if (header.is_transactional()) {
      with_data_left_.insert(header.producer_id);
    }
    if (same_bytes(original.batch.bytes, cleaned.batch.bytes)) {
      if (header.is_control()) return;
      RecordReader reader(header, original.records);
      for (RecordView record; reader.next(record);) meet(record, header, {.aborted = aborted, .left = true});
      return;
    }
    compare_records(original, cleaned, aborted);
  }

  void compare_headers(const RecordBatchHeader& original, const RecordBatchHeader& cleaned) {
    const auto same = [&](std::string_view field, auto expected, auto found) {
      if (expected == found) return;
      differ(DifferenceCode::batch_header, original.base_offset, fmt::format("{} {}", field, expected),
             fmt::format("{}", found));
    };
    if (!original.is_legacy()) {
      same("last offset", original.last_offset(), cleaned.last_offset());
    } else if (cleaned.last_offset() > original.last_offset()) {
      differ(DifferenceCode::batch_header, original.base_offset,
             fmt::format("a last offset of at most {}", original.last_offset()),
             fmt::format("{}", cleaned.last_offset()));
    }
    same("partition leader epoch", original.partition_leader_epoch, cleaned.partition_leader_epoch);
    same("producer id", original.producer_id, cleaned.producer_id);
    same("producer epoch", original.producer_epoch, cleaned.producer_epoch);
    same("base sequence", original.base_sequence, cleaned.base_sequence);
    same("transactional", original.is_transactional(), cleaned.is_transactional());
    same("control", original.is_control(), cleaned.is_control());
    same("LogAppendTime", original.timestamp_type() == TimestampType::log_append_time,
         cleaned.timestamp_type() == TimestampType::log_append_time);
    const auto horizon_ms = original.delete_horizon_ms();
    if (horizon_ms && cleaned.record_count > 0 && cleaned.delete_horizon_ms() != horizon_ms) {
      differ(DifferenceCode::batch_timestamps, original.base_offset,
             fmt::format("delete horizon {}", *horizon_ms),
             cleaned.delete_horizon_ms() ? fmt::format("{}", *cleaned.delete_horizon_ms()) : "none");
    }
    if (original.record_count > 0 && cleaned.record_count > original.record_count) {
      differ(DifferenceCode::batch_header, original.base_offset,
             fmt::format("at most {} records", original.record_count),
             fmt::format("{}", cleaned.record_count));
    }
  }

  // maxTimestamp, given the largest time of the records that are left.
  void compare_max_timestamps(const RecordBatchHeader& original, const RecordBatchHeader& cleaned,
                              std::int64_t left_ms) {
    const std::int64_t found = cleaned.max_timestamp;
    if (found == original.max_timestamp) return;
    const bool lowered = original.timestamp_type() == TimestampType::create_time &&
                         (cleaned.record_count == 0 ? found < original.max_timestamp : found == left_ms);
    if (lowered) return;
    differ(DifferenceCode::batch_timestamps, original.base_offset,
           fmt::format("maxTimestamp {}", original.max_timestamp), fmt::format("{}", found));
  }

  void compare_records(const CheckedBatch& original, const CheckedBatch& cleaned, bool aborted) {
    RecordReader left_reader(cleaned.header(), cleaned.records);
    RecordReader reader(original.header(), original.records);
    RecordView left;
    std::int64_t left_ms = kNoTimestamp;
    bool more = left_reader.next(left);
    const auto take = [&] {
      left_ms = std::max(left_ms, left.timestamp_ms);
      more = left_reader.next(left);
    };
    const auto skip_invented = [&](Offset below) {
      for (; more && left.offset < below; take()) {
        differ(DifferenceCode::record_invented, left.offset, std::string("no record"),
               std::string("a record"));
      }
    };
    for (RecordView record; reader.next(record);) {
      skip_invented(record.offset);
      const bool is_left = more && left.offset == record.offset;
      if (is_left) {
        compare_record(record, left);
        take();
      }
      if (!original.header().is_control())
        meet(record, original.header(), {.aborted = aborted, .left = is_left});
    }
    skip_invented(kNoBound);
    compare_max_timestamps(original.header(), cleaned.header(), left_ms);
  }

  void compare_record(const RecordView& original, const RecordView& cleaned) {
    const Offset offset = original.offset;
    if (original.timestamp_ms != cleaned.timestamp_ms) {
      differ(DifferenceCode::record_timestamp, offset, original.timestamp_ms, cleaned.timestamp_ms);
    }
    if (!same_value(original.key, cleaned.key)) {
      differ(DifferenceCode::record_key, offset, describe_value(original.key), describe_value(cleaned.key));
    }
    if (!same_value(original.value, cleaned.value)) {
      differ(DifferenceCode::record_value, offset, describe_value(original.value),
             describe_value(cleaned.value));
    }
    if (original.header_count == cleaned.header_count && same_bytes(original.headers, cleaned.headers))
      return;
    if (original.header_count != cleaned.header_count) {
      return differ(DifferenceCode::record_headers, offset, fmt::format("{} headers", original.header_count),
                    fmt::format("{}", cleaned.header_count));
    }
    RecordHeaderReader expected(original);
    RecordHeaderReader found(cleaned);
    RecordHeaderView a;
    RecordHeaderView b;
    for (int i = 1; expected.next(a) && found.next(b); ++i) {
      if (same_header_key(a.key, b.key) && same_value(a.value, b.value)) continue;
      return differ(
          DifferenceCode::record_headers, offset,
          fmt::format("header {}: key {}, value {}", i, describe_value(a.key), describe_value(a.value)),
          fmt::format("key {}, value {}", describe_value(b.key), describe_value(b.value)));
    }
  }

  bool same_header_key(Bytes original, Bytes cleaned) {
    if (same_bytes(original, cleaned)) return true;
    reencoded_.clear();
    append_as_utf8(original, reencoded_);
    if (!same_bytes(reencoded_, cleaned)) return false;
    ++result_.reencoded_header_keys;
    return true;
  }

  // Every data record of the original comes by here, in the order of offsets.
  void meet(const RecordView& record, const RecordBatchHeader& header, RecordFate fate) {
    ++result_.original_records;
    if (fate.left) {
      ++result_.left_records;
    } else if (record.offset >= undecided_from_) {
      differ(DifferenceCode::undecided_gone, record.offset,
             fmt::format("a record: nothing is decided from offset {} on", undecided_from_),
             std::string("none"));
    } else if (fate.aborted) {
      ++result_.aborted_gone;
    } else if (!record.key) {
      ++result_.keyless_gone;
    }
    if (!record.key || record.offset >= undecided_from_) return;
    fate.offset = record.offset;
    fate.tombstone = !record.value;
    fate.due = due(header);
    last_records_.add(*record.key, fate);
  }

  void judge_last_records() {
    last_records_.flush();
    result_.keys = last_records_.key_count();
    last_records_.for_each([&](const LastRecords::Last& last) {
      if (last.fate.left) return;
      const Offset offset = last.fate.offset;
      if (!last.fate.tombstone) {
        differ(DifferenceCode::last_value_gone, offset, std::string("the last record of its key"),
               std::string("none"));
      } else if (last.older_left) {
        differ(DifferenceCode::deleted_value_back, offset,
               std::string("a tombstone, or no older record of its key"), std::string("an older record"));
      } else if (options_.one_round && !last.fate.due) {
        differ(DifferenceCode::tombstone_early, offset,
               std::string("a tombstone: its time to go had not come"), std::string("none"));
      } else {
        ++result_.tombstones_gone;
      }
    });
  }

  AgainstOptions options_;
  Comparison result_;
  LastRecords last_records_;
  DefectsOnly original_report_;
  Offset log_start_;
  Offset undecided_from_;
  std::optional<AbortedBatches> original_aborted_;
  std::optional<AbortedBatches> cleaned_aborted_;
  std::optional<LogCheck> original_;
  std::optional<LogCheck> cleaned_;
  std::unordered_set<std::int64_t> with_data_left_;  // producers whose transaction has data batches left
  ByteBuffer reencoded_;
};

}  // namespace

std::string_view name(DifferenceCode code) {
  switch (code) {
#define KSEG_NAME(code_name) \
  case DifferenceCode::code_name: return #code_name
    KSEG_NAME(log_start);
    KSEG_NAME(log_end);
    KSEG_NAME(batch_invented);
    KSEG_NAME(batch_header);
    KSEG_NAME(batch_timestamps);
    KSEG_NAME(record_invented);
    KSEG_NAME(record_timestamp);
    KSEG_NAME(record_key);
    KSEG_NAME(record_value);
    KSEG_NAME(record_headers);
    KSEG_NAME(last_value_gone);
    KSEG_NAME(deleted_value_back);
    KSEG_NAME(tombstone_early);
    KSEG_NAME(undecided_gone);
    KSEG_NAME(control_record_gone);
    KSEG_NAME(marker_gone);
    KSEG_NAME(marker_early);
    KSEG_NAME(aborted_data_shown);
    KSEG_NAME(committed_data_hidden);
#undef KSEG_NAME
  }
  return "unknown";
}

Comparison compare(FileSystem& files, const Path& cleaned, const Path& original,
                   const AgainstOptions& options, VerifyReport& report) {
  return Comparer(files, cleaned, original, options, report).run();
}

}  // namespace kseg
