#include "tests/conformance/shrink.h"

#include <algorithm>

#include "tests/conformance/round_text.h"

namespace kseg {
namespace {

ByteBuffer text_bytes(std::string_view text) {
  return {text.begin(), text.end()};
}

class Shrinker {
 public:
  Shrinker(RandomRound round, const std::function<bool(const RandomRound&)>& holds)
      : round_(std::move(round)), holds_(holds) {}

  RandomRound run() {
    do {
      progress_ = false;
      drop_segments();
      each_batch([&](std::size_t i, std::size_t b) { drop_batch(i, b); });
      drop_aborted_entries();
      each_batch([&](std::size_t i, std::size_t b) { drop_records(i, b); });
      each_batch([&](std::size_t i, std::size_t b) { simplify_batch(i, b); });
      simplify_round();
    } while (progress_);
    return std::move(round_);
  }

 private:
  // Takes the changed round if what is looked for is still true of it.
  template <typename Change>
  bool attempt(Change&& change) {
    RandomRound changed = round_;
    change(changed);
    keep_bounds(changed);
    if (print_round(changed) == print_round(round_) || cleans_open_transaction(changed)) return false;
    if (!holds_(changed)) return false;
    round_ = std::move(changed);
    progress_ = true;
    return true;
  }

  // No broker does.
  static bool cleans_open_transaction(const RandomRound& random) {
    for (const ProducerStateEntry& producer : replay_producers(random.log, random.round.log_start)) {
      const Offset begin = producer.current_txn_first_offset;
      if (begin.value >= 0 && begin < random.round.first_uncleanable) return true;
    }
    return false;
  }

  // The range must still begin and end in the log.
  static void keep_bounds(RandomRound& random) {
    ObviousRound& round = random.round;
    const auto& segments = random.log.segments;
    Offset bound = segments.front().base;
    for (const SegmentModel& segment : segments) {
      if (segment.base <= round.first_uncleanable) bound = std::max(bound, segment.base);
    }
    round.first_uncleanable = bound;
    round.end_of_round = bound;
    round.log_start = std::clamp(round.log_start, segments.front().base, random.log.end_offset());
    round.first_dirty = std::clamp(round.first_dirty, round.log_start, random.log.end_offset());
    take_producers_from_log(random);
  }

  void drop_segments() {
    for (std::size_t i = round_.log.segments.size(); i-- > 0 && round_.log.segments.size() > 1;) {
      attempt([&](RandomRound& changed) {
        changed.log.segments.erase(changed.log.segments.begin() + static_cast<std::ptrdiff_t>(i));
      });
    }
  }

  // From the newest to the oldest, so that what was dropped moves nothing that is still to come.
  template <typename Visit>
  void each_batch(Visit&& visit) {
    for (std::size_t i = round_.log.segments.size(); i-- > 0;) {
      for (std::size_t b = round_.log.segments[i].batches.size(); b-- > 0;) visit(i, b);
    }
  }

  void drop_batch(std::size_t i, std::size_t b) {
    attempt([&](RandomRound& changed) {
      auto& batches = changed.log.segments[i].batches;
      batches.erase(batches.begin() + static_cast<std::ptrdiff_t>(b));
    });
  }

  void drop_aborted_entries() {
    for (std::size_t i = round_.log.segments.size(); i-- > 0;) {
      for (std::size_t e = round_.log.segments[i].aborted.size(); e-- > 0;) {
        attempt([&](RandomRound& changed) {
          auto& aborted = changed.log.segments[i].aborted;
          aborted.erase(aborted.begin() + static_cast<std::ptrdiff_t>(e));
        });
      }
    }
  }

  // Halves first: a batch may have hundreds.
  void drop_records(std::size_t i, std::size_t b) {
    if (batch(i, b).header.is_control()) return;
    for (std::size_t count = batch(i, b).records.size(); count > 0; count /= 2) {
      for (std::size_t from = 0; from + count <= batch(i, b).records.size();) {
        const bool dropped = attempt_batch(i, b, [&](BatchModel& changed) {
          const auto begin = changed.records.begin() + static_cast<std::ptrdiff_t>(from);
          changed.records.erase(begin, begin + static_cast<std::ptrdiff_t>(count));
        });
        if (!dropped) from += count;
      }
    }
  }

  void simplify_batch(std::size_t i, std::size_t b) {
    if (batch(i, b).header.is_control()) return;
    const auto header = [&](auto&& change) {
      attempt_batch(i, b, [&](BatchModel& changed) { change(changed.header); });
    };
    header([](RecordBatchHeader& h) {
      h.attributes = static_cast<std::int16_t>(h.attributes & ~RecordBatchHeader::kCodecMask);
    });
    header([](RecordBatchHeader& h) {
      h.attributes = static_cast<std::int16_t>(h.attributes & ~RecordBatchHeader::kLogAppendTimeBit);
    });
    header([](RecordBatchHeader& h) {
      h.attributes = static_cast<std::int16_t>(h.attributes & ~RecordBatchHeader::kDeleteHorizonBit);
    });
    header([](RecordBatchHeader& h) { h.partition_leader_epoch = 0; });
    header([](RecordBatchHeader& h) { h.base_sequence = h.has_producer() ? 0 : h.base_sequence; });
    header([](RecordBatchHeader& h) {
      if (h.is_transactional()) return;
      h.producer_id = kNoProducerId;
      h.producer_epoch = kNoProducerEpoch;
      h.base_sequence = kNoSequence;
    });
    const std::size_t count = batch(i, b).records.size();
    if (count > 0) {
      attempt_batch(i, b, [](BatchModel& changed) {
        const Offset last = changed.records.back().offset;
        changed.header.last_offset_delta = static_cast<std::int32_t>(last - changed.header.base_offset);
      });
    }
    for (std::size_t r = 0; r < count; ++r) {
      const auto record = [&](auto&& change) {
        attempt_batch(i, b, [&](BatchModel& changed) { change(changed.records[r]); });
      };
      record([](RecordModel& model) { model.headers.clear(); });
      record([](RecordModel& model) { model.timestamp_ms = model.offset.value; });
      record([](RecordModel& model) {
        if (model.value) model.value = text_bytes("1");
      });
    }
  }

  void simplify_round() {
    attempt([](RandomRound& changed) { changed.round.segment_bytes = ObviousRound{}.segment_bytes; });
    attempt(
        [](RandomRound& changed) { changed.round.segment_index_bytes = ObviousRound{}.segment_index_bytes; });
    attempt([](RandomRound& changed) {
      changed.round.index_interval_bytes = changed.folder.index_interval_bytes =
          ObviousRound{}.index_interval_bytes;
    });
    attempt([](RandomRound& changed) { changed.folder.expired_producers.clear(); });
    attempt([](RandomRound& changed) { changed.folder.snapshots_of_segments = false; });
    attempt([](RandomRound& changed) { changed.round.log_start = Offset{0}; });
    attempt([](RandomRound& changed) { changed.round.first_dirty = Offset{0}; });
    attempt([](RandomRound& changed) {
      for (SegmentModel& segment : changed.log.segments) segment.mtime_ms = 0;
    });
  }

  const BatchModel& batch(std::size_t i, std::size_t b) const { return round_.log.segments[i].batches[b]; }

  // `change` edits header and records; the bytes follow.
  template <typename Change>
  bool attempt_batch(std::size_t i, std::size_t b, Change&& change) {
    BatchModel edited = batch(i, b);
    change(edited);
    const RecordBatchHeader& header = edited.header;
    if (header.is_legacy() && (edited.records.empty() || (!header.is_wrapper() && edited.records.size() > 1)))
      return false;
    if (header.timestamp_type() == TimestampType::log_append_time) {
      for (RecordModel& record : edited.records) record.timestamp_ms = header.max_timestamp;
    }
    edited = make_batch(header, edited.records, header.delete_horizon_ms());
    return attempt([&](RandomRound& changed) { changed.log.segments[i].batches[b] = edited; });
  }

  RandomRound round_;
  const std::function<bool(const RandomRound&)>& holds_;
  bool progress_ = false;
};

}  // namespace

RandomRound shrink(RandomRound round, const std::function<bool(const RandomRound&)>& holds) {
  return Shrinker(std::move(round), holds).run();
}

}  // namespace kseg
