#include "tests/support/random_log.h"

#include <algorithm>
#include <string>

#include "tests/support/dice.h"

namespace kseg {
namespace {

constexpr std::int64_t kClock = 10'000;  // ms; when a log is first cleaned

ByteBuffer bytes_of(const std::string& text) {
  return {text.begin(), text.end()};
}

}  // namespace

class RandomLog::Writer {
 public:
  explicit Writer(std::uint64_t seed)
      : dice_(seed),
        rounds_(static_cast<int>(dice_.pick({1, 1, 1, 2, 2, 3}))),
        big_batches_(dice_.chance(4)),
        negative_timestamps_(dice_.chance(4)),
        coarse_clock_(dice_.chance(10)),
        far_offsets_(dice_.chance(3)),
        legacy_segments_(dice_.chance(25) ? dice_.between(1, 4) : 0),
        key_count_(big_batches_ ? 400 : 7),
        index_interval_bytes_(dice_.pick({0, 100, 200, 4096})) {
    if (dice_.chance(20)) next_ = {dice_.below(50)};
    open_segment();
    const std::int64_t closed = dice_.between(1, 4);
    for (std::int64_t i = 0; i < closed; ++i) fill_segment();
    fill_active();
  }

  int rounds() const { return rounds_; }

  RandomRound round() {
    RandomRound random{.log = log_};
    choose_round(random);
    return random;
  }

  void go_on(LogModel cleaned, std::optional<Offset> end) {
    log_ = std::move(cleaned);
    if (end) first_dirty_ = *end;
    clock_ms_ += dice_.below(3) * 500;
    if (!dice_.chance(80)) return;
    fill_segment();
    fill_active();
  }

 private:
  struct Producer {
    std::int16_t epoch = 0;
    std::int32_t sequence = 0;
    std::optional<Offset> txn_first_offset;
  };

  SegmentModel& active() { return log_.segments.back(); }

  void open_segment() {
    log_.segments.push_back({.base = next_, .mtime_ms = clock_ms_ - dice_.between(1, 3000)});
  }

  void fill_segment() {
    const std::int64_t batches = dice_.chance(5) ? 0 : dice_.between(1, 6);
    for (std::int64_t i = 0; i < batches; ++i) legacy_segments_ > 0 ? add_legacy() : add_batch();
    if (legacy_segments_ > 0) --legacy_segments_;
    if (dice_.chance(15)) next_ = next_ + dice_.below(10);
    if (far_offsets_ && dice_.chance(40)) next_ = next_ + (std::int64_t{1} << 31) - dice_.below(30);
    if (next_ == active().base) next_ = next_ + 1;
    open_segment();
  }

  void fill_active() {
    for (auto& [id, producer] : producers_) {
      if (producer.txn_first_offset && dice_.chance(85)) end_transaction(id, producer);
    }
    const std::int64_t batches = dice_.below(3);
    for (std::int64_t i = 0; i < batches; ++i) add_batch();
  }

  void add_batch() {
    if (dice_.chance(10)) next_ = next_ + dice_.between(1, 4);
    if (dice_.chance(10)) ++leader_epoch_;
    const std::int64_t kind = dice_.below(100);
    if (kind < 50) {
      add_data({});
    } else if (kind < 65) {
      add_data_of(dice_.between(5, 6), /*transactional=*/false);
    } else if (kind < 82) {
      add_data_of(dice_.between(7, 9), /*transactional=*/true);
    } else if (kind < 94) {
      add_marker(dice_.between(7, 9));
    } else if (kind < 97) {
      add(make_control_batch(next_, dice_.pick({ControlType::leader_change, ControlType::kraft_version}),
                             kNoProducerId, kNoProducerEpoch, leader_epoch_));
    } else {
      add_empty_control(dice_.between(7, 9));
    }
  }

  // A message of format 0 or 1; where formats are mixed, now and then a batch.
  void add_legacy() {
    if (dice_.chance(15)) return add_batch();
    if (dice_.chance(10)) next_ = next_ + dice_.between(1, 4);
    RecordBatchHeader header{.base_offset = next_, .magic = dice_.pick<std::int8_t>({0, 1})};
    if (header.magic == 1 && dice_.chance(15)) header.attributes |= RecordBatchHeader::kLogAppendTimeBit;
    header.max_timestamp = std::max(timestamp(), kNoTimestamp);
    const bool is_wrapper = dice_.chance(60);
    if (is_wrapper)
      header.attributes |= static_cast<std::int16_t>(dice_.pick({Codec::gzip, Codec::snappy, Codec::lz4}));
    const std::int64_t count = is_wrapper ? dice_.between(1, 5) : 1;
    const bool was_compacted = dice_.chance(15);
    std::vector<RecordModel> records;
    for (Offset offset = next_; records.empty() || offset < next_ + count; offset = offset + 1) {
      if (was_compacted && is_wrapper && dice_.chance(40)) continue;
      records.push_back(record(offset, header));
      records.back().headers.clear();
      if (header.magic == 0) records.back().timestamp_ms = kNoTimestamp;
    }
    add(make_batch(header, records));
  }

  void add_data(RecordBatchHeader header) {
    header.base_offset = next_;
    header.last_offset_delta = static_cast<std::int32_t>(last_offset_delta());
    header.partition_leader_epoch = leader_epoch_;
    if (dice_.chance(35)) {
      header.attributes |=
          static_cast<std::int16_t>(dice_.pick({Codec::gzip, Codec::snappy, Codec::lz4, Codec::zstd}));
    }
    if (dice_.chance(10)) header.attributes |= RecordBatchHeader::kLogAppendTimeBit;
    header.max_timestamp = timestamp();

    const bool was_compacted = dice_.chance(15);
    const bool one_timestamp = dice_.chance(15);
    std::vector<RecordModel> records;
    for (Offset offset = next_; offset <= header.last_offset(); offset = offset + 1) {
      if (was_compacted && dice_.chance(40)) continue;
      records.push_back(record(offset, header));
      if (one_timestamp) records.back().timestamp_ms = records.front().timestamp_ms;
    }
    std::optional<std::int64_t> horizon;
    if (dice_.chance(12)) horizon = clock_ms_ + dice_.between(-500, 1500);
    add(make_batch(header, records, horizon));
  }

  std::int64_t last_offset_delta() {
    return big_batches_ && dice_.chance(25) ? dice_.between(99, 499) : dice_.below(5);
  }

  RecordModel record(Offset offset, const RecordBatchHeader& header) {
    const bool appended = header.timestamp_type() == TimestampType::log_append_time;
    RecordModel record{.offset = offset, .timestamp_ms = appended ? header.max_timestamp : timestamp()};
    if (!dice_.chance(5)) {
      record.key = dice_.chance(4) ? ByteBuffer{} : bytes_of("k" + std::to_string(dice_.below(key_count_)));
    }
    if (!dice_.chance(25)) record.value = value();
    if (!dice_.chance(15)) return record;
    for (std::int64_t i = dice_.below(3); i >= 0; --i) {
      HeaderModel& added = record.headers.emplace_back();
      added.key = bytes_of("h" + std::to_string(i));
      if (!dice_.chance(20)) added.value = bytes_of("x" + std::to_string(i));
    }
    return record;
  }

  ByteBuffer value() {
    if (dice_.chance(5)) return {};
    ByteBuffer value = bytes_of("v" + std::to_string(dice_.below(1000)));
    if (dice_.chance(10)) value.resize(value.size() + static_cast<std::size_t>(dice_.below(200)), 'x');
    return value;
  }

  void add_data_of(std::int64_t id, bool transactional) {
    Producer& producer = producers_[id];
    if (!producer.txn_first_offset && dice_.chance(12)) bump_epoch(producer);
    RecordBatchHeader header{
        .producer_id = id, .producer_epoch = producer.epoch, .base_sequence = producer.sequence};
    if (transactional) {
      header.attributes |= RecordBatchHeader::kTransactionalBit;
      if (!producer.txn_first_offset) producer.txn_first_offset = next_;
    }
    const Offset first = next_;
    add_data(header);
    producer.sequence += static_cast<std::int32_t>(next_ - first);
  }

  void add_marker(std::int64_t id) {
    Producer& producer = producers_[id];
    if (producer.txn_first_offset) return end_transaction(id, producer);
    // What an earlier cleaning leaves: a marker without data.
    std::optional<std::int64_t> horizon;
    if (dice_.chance(50)) horizon = clock_ms_ + dice_.between(-500, 1500);
    add(make_control_batch(next_, dice_.pick({ControlType::commit, ControlType::abort}), id, producer.epoch,
                           leader_epoch_, horizon));
  }

  void add_empty_control(std::int64_t id) {
    add(make_batch({.base_offset = next_,
                    .partition_leader_epoch = leader_epoch_,
                    .attributes = RecordBatchHeader::kTransactionalBit | RecordBatchHeader::kControlBit,
                    .max_timestamp = timestamp(),
                    .producer_id = id,
                    .producer_epoch = 0},
                   {}));
  }

  void end_transaction(std::int64_t id, Producer& producer) {
    const bool abort = dice_.chance(50);
    if (dice_.chance(30)) bump_epoch(producer);
    const Offset first = *producer.txn_first_offset;
    producer.txn_first_offset.reset();
    if (abort) {
      Offset stable = next_ + 1;
      for (const auto& [other, state] : producers_) {
        if (state.txn_first_offset) stable = std::min(stable, *state.txn_first_offset);
      }
      active().aborted.push_back(
          {.producer_id = id, .first_offset = first, .last_offset = next_, .last_stable_offset = stable});
    }
    add(make_control_batch(next_, abort ? ControlType::abort : ControlType::commit, id, producer.epoch,
                           leader_epoch_));
  }

  static void bump_epoch(Producer& producer) {
    ++producer.epoch;
    producer.sequence = 0;
  }

  void add(BatchModel batch) {
    next_ = batch.header.next_offset();
    active().batches.push_back(std::move(batch));
  }

  std::int64_t timestamp() {
    if (negative_timestamps_ && dice_.chance(5)) return -dice_.between(2, 1000);
    if (dice_.chance(5)) return kNoTimestamp;
    return clock_ms_ - (coarse_clock_ ? 500 * dice_.below(4) : dice_.below(2000));
  }

  void choose_round(RandomRound& random) {
    const LogModel& log = random.log;
    const Offset first = log.segments.front().base;
    random.folder.index_interval_bytes = index_interval_bytes_;
    random.folder.snapshots_of_segments = dice_.chance(50);
    ObviousRound& round = random.round;
    round.index_interval_bytes = index_interval_bytes_;
    round.now_ms = dice_.chance(10) ? some_horizon() : clock_ms_ + dice_.below(1000);
    round.delete_retention_ms = dice_.pick({0, 100, 1000});
    choose_group_limits(round);
    log_start_ = std::max(log_start_, first);  // it never goes back
    if (dice_.chance(12)) log_start_ = std::max(log_start_, std::min(some_log_start(), log.end_offset()));
    round.log_start = log_start_;
    random.folder.producers_from = log_start_;
    round.first_dirty = first;
    if (first_dirty_ && dice_.chance(70)) {
      round.first_dirty = *first_dirty_;
    } else if (dice_.chance(50)) {
      round.first_dirty = {dice_.between(first.value, log.segments.back().base.value - 1)};
    }
    round.first_dirty = std::max(round.first_dirty, round.log_start);
    round.first_uncleanable = first_uncleanable(log);
    if (!dice_.chance(10)) {
      round.end_of_round = dice_.chance(80) ? round.first_uncleanable : log.end_offset();
    } else {
      round.keeps_legacy = dice_.chance(50);
    }

    for (const auto& [id, producer] : producers_) {
      if (!producer.txn_first_offset && dice_.chance(30)) random.folder.expired_producers.insert(id);
    }
    round.producers = active_producers(replay_producers(log, log_start_));  // as in the snapshot
    std::erase_if(round.producers, [&](const auto& producer) {
      return random.folder.expired_producers.contains(producer.first);
    });
  }

  // Sometimes to the byte what two neighbours need.
  void choose_group_limits(ObviousRound& round) {
    const auto& segments = log_.segments;
    if (dice_.chance(30)) {
      round.segment_bytes = dice_.pick({14U, 150U, 300U, 600U});
    } else if (dice_.chance(10) && segments.size() > 2) {
      const auto i = static_cast<std::size_t>(dice_.below(static_cast<std::int64_t>(segments.size()) - 2));
      const std::uint64_t both = segments[i].size_bytes() + segments[i + 1].size_bytes();
      round.segment_bytes = std::max<std::uint64_t>(15, both) - static_cast<std::uint64_t>(dice_.below(2));
    }
    if (!dice_.chance(10)) return;
    // A segment of its own always fits: a broker has rolled it by then.
    constexpr std::uint64_t kBothEntries = 24;  // bytes; a multiple of 8 and of 12
    std::uint64_t largest = 1;
    for (const SegmentModel& segment : segments) {
      const IndexFiles indexes = build_indexes(segment, index_interval_bytes_);
      largest = std::max({largest, indexes.offset_index.size(), indexes.time_index.size()});
    }
    round.segment_index_bytes = (largest + kBothEntries - 1) / kBothEntries * kBothEntries;
    if (dice_.chance(50)) round.segment_index_bytes += kBothEntries;
  }

  // Near the beginning, anywhere, or behind a transaction that was aborted.
  Offset some_log_start() {
    const Offset first = log_.segments.front().base;
    const std::int64_t kind = dice_.below(3);
    if (kind == 0) return first + dice_.below(3);
    const Offset anywhere = first + dice_.below(log_.segments.back().base - first);
    if (kind == 1) return anywhere;
    for (const SegmentModel& segment : log_.segments) {
      if (!segment.aborted.empty()) return segment.aborted.front().last_offset + 1;
    }
    return anywhere;
  }

  // A clock that tells when a batch is due to the millisecond, if some batch has a horizon.
  std::int64_t some_horizon() {
    std::vector<std::int64_t> horizons;
    for (const SegmentModel& segment : log_.segments) {
      for (const BatchModel& batch : segment.batches) {
        if (const auto horizon = batch.header.delete_horizon_ms()) horizons.push_back(*horizon);
      }
    }
    if (horizons.empty()) return clock_ms_;
    return horizons[static_cast<std::size_t>(dice_.below(static_cast<std::int64_t>(horizons.size())))];
  }

  // Never beyond the first open transaction; now and then lower than it need be.
  Offset first_uncleanable(const LogModel& log) {
    Offset bound = log.segments.back().base;
    for (const auto& [id, producer] : producers_) {
      if (producer.txn_first_offset) bound = std::min(bound, *producer.txn_first_offset);
    }
    std::vector<Offset> bases;
    for (const SegmentModel& segment : log.segments) {
      if (segment.base <= bound) bases.push_back(segment.base);
    }
    if (dice_.chance(85)) return bases.back();
    return bases[static_cast<std::size_t>(dice_.below(static_cast<std::int64_t>(bases.size())))];
  }

  Dice dice_;
  int rounds_;
  bool big_batches_;
  bool negative_timestamps_;      // below -1: no broker's client sends them, no broker refuses them
  bool coarse_clock_;             // many batches have the same maxTimestamp
  bool far_offsets_;              // segments that lie about 2^31 offsets apart
  std::int64_t legacy_segments_;  // still to come at the begin of the log, with messages of formats 0 and 1
  std::int64_t key_count_;
  std::int64_t index_interval_bytes_;
  std::int64_t clock_ms_ = kClock;
  std::optional<Offset> first_dirty_;  // where the last round ended
  Offset log_start_;
  LogModel log_;
  std::map<std::int64_t, Producer> producers_;
  Offset next_;
  std::int32_t leader_epoch_ = 0;
};

RandomLog::RandomLog(std::uint64_t seed) : writer_(std::make_unique<Writer>(seed)) {}
RandomLog::~RandomLog() = default;

int RandomLog::rounds() const {
  return writer_->rounds();
}

RandomRound RandomLog::round() {
  return writer_->round();
}

void RandomLog::go_on(LogModel cleaned, std::optional<Offset> end) {
  writer_->go_on(std::move(cleaned), end);
}

RandomRound random_round(std::uint64_t seed) {
  return RandomLog(seed).round();
}

}  // namespace kseg
