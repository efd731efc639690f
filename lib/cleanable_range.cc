#include "lib/cleanable_range.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "formats/time_index.h"
#include "lib/segment_reader.h"

namespace kseg {
namespace {

// The base of the closed segment that holds `offset` or follows it, else that of the active one.
Offset segment_bound(const PartitionLog& log, Offset offset) {
  if (offset >= log.active().base_offset) return log.active().base_offset;
  return log.segments()[log.floor_segment(offset)].base_offset;
}

// As Java subtracts.
std::int64_t before(std::int64_t time_ms, std::int64_t span_ms) {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(time_ms) - static_cast<std::uint64_t>(span_ms));
}

// The base of the first segment, from that of the first dirty offset on, that is younger than the lag.
std::optional<Offset> first_too_young(FileSystem& files, const PartitionLog& log, Offset first_dirty,
                                      std::int64_t now_ms, std::int64_t lag_ms) {
  const auto& segments = log.segments();
  const std::int64_t youngest_ms = before(now_ms, lag_ms);
  for (std::size_t i = log.floor_segment(first_dirty); i + 1 < segments.size(); ++i) {
    if (largest_timestamp_ms(files, segments[i]) > youngest_ms) return segments[i].base_offset;
  }
  return std::nullopt;
}

// How long ago the oldest dirty segment had to be cleaned; 0 if it is not yet due. Timestamps at or below
// 0 do not count.
std::int64_t time_overdue_ms(FileSystem& files, const PartitionLog& log, Offset first_dirty,
                             std::int64_t now_ms, std::int64_t lag_ms) {
  constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::max();
  if (lag_ms == kNever) return 0;
  std::int64_t earliest_ms = kNever;
  for (std::size_t i = log.floor_segment(first_dirty); i + 1 < log.segments().size(); ++i) {
    const auto first_ms = first_timestamp_ms(files, log.segments()[i]);
    if (first_ms && *first_ms > 0) earliest_ms = std::min(earliest_ms, *first_ms);
  }
  const std::int64_t limit_ms = before(now_ms, lag_ms);
  return earliest_ms < limit_ms ? limit_ms - earliest_ms : 0;
}

}  // namespace

std::optional<std::int64_t> indexed_timestamp_ms(FileSystem& files, const Segment& segment) {
  constexpr std::size_t kSize = TimeIndexEntry::kSize;
  if (!segment.time_index) return std::nullopt;
  const auto file = files.open(*segment.time_index);
  const std::uint64_t count = file->info().size_bytes / kSize;
  if (count == 0) return std::nullopt;
  ByteBuffer bytes(kSize);
  const bool whole = file->read_at({(count - 1) * kSize}, bytes) == kSize;
  // Only where zeros pad the file is more of it read.
  if (!whole || bytes == ByteBuffer(kSize)) bytes = read_file(files, *segment.time_index);
  const TimeIndexView index(bytes, segment.base_offset);
  if (index.size() == 0) return std::nullopt;
  const std::int64_t timestamp_ms = index[index.size() - 1].timestamp_ms;
  return timestamp_ms >= 0 ? std::optional(timestamp_ms) : std::nullopt;
}

std::int64_t largest_timestamp_ms(FileSystem& files, const Segment& segment) {
  return indexed_timestamp_ms(files, segment).value_or(segment.mtime_ms());
}

std::optional<std::int64_t> first_timestamp_ms(FileSystem& files, const Segment& segment) {
  const auto file = files.open(segment.log);
  SegmentReader reader(
      *file, {.payload = SegmentReader::Payload::skip, .first_chunk_bytes = RecordBatchHeader::kSize});
  const auto batch = reader.next();
  if (!batch || !*batch) return std::nullopt;
  return (*batch)->header.max_timestamp;
}

CleanableRange CleanableRange::of(FileSystem& files, const PartitionLog& log, const TopicConfig& config,
                                  const Inputs& inputs) {
  CleanableRange range;
  const Offset log_start = inputs.log_start;
  const Offset log_end = std::max(inputs.log_end, log_start);
  range.high_watermark = std::clamp(inputs.high_watermark.value_or(log_end), log_start, log_end);
  const Offset undecided = inputs.first_unstable ? std::max(*inputs.first_unstable, log_start) : log_end;
  range.last_stable_offset = std::min(range.high_watermark, undecided);

  range.validated_first_dirty = inputs.checkpoint.value_or(log_start);
  if (range.validated_first_dirty < log_start || range.validated_first_dirty > log_end) {
    range.checkpoint_reset = true;
    range.validated_first_dirty = log_start;
    range.warnings.push_back(
        fmt::format("the cleaner checkpoint {} is outside the log, {}..{}: all of it counts as dirty",
                    *inputs.checkpoint, log_start, log_end));
  }
  range.first_dirty = inputs.asked_first_dirty.value_or(range.validated_first_dirty);
  if (range.first_dirty > range.validated_first_dirty) {
    range.warnings.push_back(
        fmt::format("first dirty offset {} is above {}, from where on the log is known to be dirty: "
                    "the checkpoint will not be advanced",
                    range.first_dirty, range.validated_first_dirty));
  }

  Offset bound = log.active().base_offset;
  const auto lower = [&](Offset offset, Bound why) {
    if (offset >= bound) return;
    bound = offset;
    range.bound = why;
  };
  lower(range.high_watermark, Bound::high_watermark);
  lower(undecided, Bound::open_transaction);
  if (config.min_compaction_lag_ms > 0) {
    const auto young =
        first_too_young(files, log, range.first_dirty, inputs.now_ms, config.min_compaction_lag_ms);
    if (young) lower(*young, Bound::min_compaction_lag);
  }
  const Offset found = segment_bound(log, std::max(range.first_dirty, bound));
  range.first_uncleanable = found;
  if (inputs.asked_first_uncleanable) {
    // Undecided data is never cleaned, whoever asks.
    const Offset highest = segment_bound(log, std::min(undecided, log.active().base_offset));
    range.first_uncleanable = std::min(segment_bound(log, *inputs.asked_first_uncleanable), highest);
    range.bound = Bound::asked;
    if (*inputs.asked_first_uncleanable > highest) {
      range.warnings.push_back(fmt::format(
          "first uncleanable offset {} is lowered to {}: what follows is {}", *inputs.asked_first_uncleanable,
          highest,
          highest == log.active().base_offset ? "the active segment" : "in an undecided transaction"));
    }
    if (range.first_uncleanable > found) {
      range.warnings.push_back(
          fmt::format("first uncleanable offset {} is above {}, where a broker would stop",
                      range.first_uncleanable, found));
    }
  }

  for (const Segment& segment : log.segments()) {
    if (segment.base_offset < range.first_dirty) range.clean_bytes += segment.size_bytes;
  }
  if (range.first_dirty < range.first_uncleanable) {
    for (std::size_t i = log.floor_segment(range.first_dirty);
         i < log.segments().size() && log.segments()[i].base_offset < range.first_uncleanable; ++i) {
      range.cleanable_bytes += log.segments()[i].size_bytes;
    }
  }
  range.overdue_ms =
      time_overdue_ms(files, log, range.first_dirty, inputs.now_ms, config.max_compaction_lag_ms);
  return range;
}

double CleanableRange::dirty_ratio() const {
  const std::uint64_t all = clean_bytes + cleanable_bytes;
  return all == 0 ? 0 : static_cast<double>(cleanable_bytes) / static_cast<double>(all);
}

bool CleanableRange::is_worth_a_round(const TopicConfig& config) const {
  if (cleanable_bytes == 0) return false;
  return overdue_ms > 0 || dirty_ratio() > config.min_cleanable_dirty_ratio;
}

}  // namespace kseg
