#include "lib/segment_retention.h"

#include <algorithm>
#include <limits>

namespace kseg {
namespace {

class Walk {
 public:
  Walk(std::span<const SegmentAge> segments, const SegmentRetention::Inputs& inputs)
      : segments_(segments), inputs_(inputs) {
    found_.log_start = inputs.log_start;
    found_.high_watermark =
        std::clamp(inputs.high_watermark, inputs.log_start, std::max(inputs.log_start, inputs.log_end));
    for (const SegmentAge& segment : segments) log_bytes_ += segment.size_bytes;
  }

  SegmentRetention run(const TopicConfig& config) {
    take(RetentionReason::below_log_start,
         [&](const SegmentAge&) { return !is_last() && behind() <= inputs_.log_start; });
    if (!config.known_to_be_compacted() || !config.deletes) return std::move(found_);
    if (config.retention_bytes >= 0) take_by_size(static_cast<std::uint64_t>(config.retention_bytes));
    if (config.retention_ms >= 0) {
      take(RetentionReason::time,
           [&](const SegmentAge& segment) { return age_ms(segment) > config.retention_ms; });
    }
    find_next(config);
    return std::move(found_);
  }

 private:
  std::size_t first() const { return found_.gone.size(); }  // of those that stay
  bool is_last() const { return first() + 1 == segments_.size(); }
  // Where the first one that stays ends.
  Offset behind() const { return is_last() ? inputs_.log_end : segments_[first() + 1].base_offset; }

  bool may_go() const {
    if (first() == segments_.size() || found_.high_watermark < behind()) return false;
    return !(is_last() && segments_[first()].size_bytes == 0);
  }

  template <typename Predicate>
  void take(RetentionReason reason, Predicate goes) {
    while (may_go() && goes(segments_[first()])) {
      const Offset end = behind();
      log_bytes_ -= segments_[first()].size_bytes;
      found_.gone.push_back(reason);
      found_.log_start = std::max(found_.log_start, end);
    }
    found_.rolls = first() > 0 && first() == segments_.size();
  }

  void take_by_size(std::uint64_t retention_bytes) {
    if (log_bytes_ < retention_bytes) return;
    std::uint64_t surplus = log_bytes_ - retention_bytes;
    take(RetentionReason::size, [&](const SegmentAge& segment) {
      if (segment.size_bytes > surplus) return false;
      surplus -= segment.size_bytes;
      return true;
    });
  }

  // As Java subtracts.
  std::int64_t age_ms(const SegmentAge& segment) const {
    return static_cast<std::int64_t>(static_cast<std::uint64_t>(inputs_.now_ms) -
                                     static_cast<std::uint64_t>(segment.largest_timestamp_ms));
  }

  void find_next(const TopicConfig& config) {
    if (first() == segments_.size()) return;
    const SegmentAge& segment = segments_[first()];
    if (is_last() && segment.size_bytes == 0) return;
    NextToGo next{.index = first(), .is_active = is_last()};
    next.is_from_the_future = segment.largest_timestamp_ms > inputs_.now_ms;
    constexpr std::int64_t kEndOfTime = std::numeric_limits<std::int64_t>::max();
    const std::int64_t youngest_ms = std::max<std::int64_t>(segment.largest_timestamp_ms, 0);
    if (config.retention_ms >= 0 && youngest_ms < kEndOfTime - config.retention_ms) {
      next.from_ms = segment.largest_timestamp_ms + config.retention_ms + 1;
    }
    if (config.retention_bytes >= 0) {
      const std::uint64_t needed = static_cast<std::uint64_t>(config.retention_bytes) + segment.size_bytes;
      next.growth_bytes = needed > log_bytes_ ? needed - log_bytes_ : 0;
    }
    if (found_.high_watermark < behind()) next.waits_for_high_watermark = behind();
    found_.next = next;
  }

  std::span<const SegmentAge> segments_;
  const SegmentRetention::Inputs& inputs_;
  SegmentRetention found_;
  std::uint64_t log_bytes_ = 0;  // of those that stay
};

}  // namespace

std::string_view name(RetentionReason reason) {
  switch (reason) {
    case RetentionReason::below_log_start: return "below_log_start";
    case RetentionReason::size: return "size";
    case RetentionReason::time: return "time";
  }
  return "";
}

SegmentRetention SegmentRetention::of(std::span<const SegmentAge> segments, const TopicConfig& config,
                                      const Inputs& inputs) {
  return Walk(segments, inputs).run(config);
}

}  // namespace kseg
