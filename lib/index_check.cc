#include "lib/index_check.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace kseg {
namespace {

// What a view says of itself. False if its entries are not fit to be compared with batches.
template <typename View>
bool check_view(const View& view, const Path& file, bool active, VerifyReport& report) {
  if (view.padded()) {
    const Position end{view.used_bytes()};
    if (active) {
      report.note(file, end, "zeros behind the entries of the active segment");
    } else {
      report.defect(file, {.code = DefectCode::trailing_bytes,
                           .position = end,
                           .expected = "the end: the segment is closed",
                           .found = "zeros"});
    }
  }
  const auto defect = view.check();
  if (!defect) return true;
  report.defect(file, *defect);
  return defect->code == DefectCode::trailing_bytes;
}

}  // namespace

OffsetIndexCheck::OffsetIndexCheck(Path file, ByteBuffer bytes, Offset base_offset, bool active,
                                   VerifyReport& report)
    : file_(std::move(file)), bytes_(std::move(bytes)), view_(bytes_, base_offset), report_(report) {
  if (check_view(view_, file_, active, report_)) count_ = view_.size();
}

// Entries below `position` that no batch has claimed.
void OffsetIndexCheck::skip_to(Position position) {
  for (; next_ < count_ && view_[next_].position < position; ++next_) {
    const OffsetIndexEntry entry = view_[next_];
    report_.defect(file_, {.code = DefectCode::index_position,
                           .position = {next_ * OffsetIndexEntry::kSize},
                           .offset = entry.offset,
                           .expected = "the start of a batch",
                           .found = fmt::format("position {}", entry.position)});
  }
}

void OffsetIndexCheck::batch(const RecordBatchHeader& header, Position position) {
  if (next_ >= count_) return;
  skip_to(position);
  if (next_ >= count_ || view_[next_].position != position) return;
  const OffsetIndexEntry entry = view_[next_];
  if (entry.offset < header.base_offset) {
    report_.defect(file_, {.code = DefectCode::index_offset,
                           .position = {next_ * OffsetIndexEntry::kSize},
                           .offset = entry.offset,
                           .expected = fmt::format("an offset of the batch at position {}, from {} on",
                                                   position, header.base_offset),
                           .found = fmt::format("{}", entry.offset)});
  } else if (entry.offset != header.last_offset()) {
    ++inexact_;
  }
  ++next_;
}

void OffsetIndexCheck::unreadable(Position from, Position to) {
  complete_ = false;
  skip_to(from);
  while (next_ < count_ && view_[next_].position < to) ++next_;
}

void OffsetIndexCheck::finish(const SegmentEnd& end) {
  skip_to(end.position);
  const std::size_t judged = next_;
  // Of the active segment entries are written behind what was read of it, for offsets behind that.
  const auto knows_more = [&] {
    return end.active && (!end.last_offset || view_[next_].offset > *end.last_offset);
  };
  while (next_ < count_ && !knows_more()) skip_to(view_[next_].position + 1);
  if (!end.active && complete_ && judged > 0) {
    const OffsetIndexEntry last = view_[judged - 1];
    if (!end.last_offset || last.offset > *end.last_offset) {
      report_.defect(file_, {.code = DefectCode::index_offset,
                             .position = {(judged - 1) * OffsetIndexEntry::kSize},
                             .offset = last.offset,
                             .expected = end.last_offset ? fmt::format("at most the segment's last offset {}",
                                                                       *end.last_offset)
                                                         : "no entry: the segment is empty",
                             .found = fmt::format("{}", last.offset)});
    }
  }
  if (inexact_ > 0) {
    report_.note(file_, {},
                 fmt::format("{} entries do not name the last offset of the batch they point to: "
                             "brokers before 3.9.1 write such",
                             inexact_));
  }
}

TimeIndexCheck::TimeIndexCheck(Path file, ByteBuffer bytes, Offset base_offset, bool active,
                               VerifyReport& report)
    : file_(std::move(file)), bytes_(std::move(bytes)), view_(bytes_, base_offset), report_(report) {
  ordered_ = check_view(view_, file_, active, report_);
  if (ordered_) count_ = view_.size();
}

void TimeIndexCheck::judge_next() {
  const TimeIndexEntry entry = view_[next_];
  const bool too_small = entry.timestamp_ms < max_timestamp_;
  // What could not be read may have had the larger time.
  const bool too_large = entry.timestamp_ms > max_timestamp_ && complete_;
  if (too_small || too_large) {
    report_.defect(
        file_, {.code = DefectCode::timestamp_mismatch,
                .position = {next_ * TimeIndexEntry::kSize},
                .offset = entry.offset,
                .expected = fmt::format("the largest time up to offset {}, {}", entry.offset, max_timestamp_),
                .found = fmt::format("{}", entry.timestamp_ms)});
  }
  ++next_;
}

void TimeIndexCheck::batch(const RecordBatchHeader& header) {
  while (next_ < count_ && view_[next_].offset < header.base_offset) judge_next();
  max_timestamp_ = std::max(max_timestamp_, header.max_timestamp);
}

// Of the active segment, whose index may know more: times that are larger still.
void TimeIndexCheck::judge_rest() {
  for (; next_ < count_ && view_[next_].timestamp_ms <= max_timestamp_; ++next_) {
    const TimeIndexEntry entry = view_[next_];
    report_.defect(file_, {.code = DefectCode::timestamp_mismatch,
                           .position = {next_ * TimeIndexEntry::kSize},
                           .offset = entry.offset,
                           .expected = fmt::format("a time above {}: behind the last offset", max_timestamp_),
                           .found = fmt::format("{}", entry.timestamp_ms)});
  }
}

void TimeIndexCheck::finish(const SegmentEnd& end) {
  while (next_ < count_ && end.last_offset && view_[next_].offset <= *end.last_offset) judge_next();
  if (end.active) return judge_rest();
  if (!complete_ || !ordered_) return;
  if (next_ < count_) {
    report_.defect(file_, {.code = DefectCode::index_offset,
                           .position = {next_ * TimeIndexEntry::kSize},
                           .offset = view_[next_].offset,
                           .expected = "an offset of the segment",
                           .found = fmt::format("{}", view_[next_].offset)});
    return;
  }
  const std::int64_t last = count_ == 0 ? kNoTimestamp : view_[count_ - 1].timestamp_ms;
  if (last < max_timestamp_) {
    report_.defect(
        file_, {.code = DefectCode::timestamp_mismatch,
                .position = {view_.used_bytes()},
                .expected = fmt::format("a last entry with the segment's largest time {}", max_timestamp_),
                .found = count_ == 0 ? "no entry" : fmt::format("{}", last)});
  }
}

}  // namespace kseg
