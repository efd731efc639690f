#include "lib/log_end.h"

#include <fmt/format.h>

#include "formats/checkpoint_file.h"
#include "lib/producer_snapshot_file.h"

namespace kseg {
namespace {

constexpr std::size_t kMaxDefects = 20;

class EndReader {
 public:
  EndReader(FileSystem& files, const PartitionLog& log, const LogEnd::Inputs& inputs)
      : files_(files), log_(log), inputs_(inputs) {}

  LogEnd run() {
    found_.next_offset = log_.active().base_offset;
    found_.indexes.emplace(log_.active().base_offset, inputs_.index_interval_bytes);
    load_epochs();
    load_producers(end_of_active_segment());
    for (std::size_t i = log_.floor_segment(replay_from_); i < log_.segments().size() && !full(); ++i) {
      read_segment(i);
    }
    found_.producers.expire(inputs_.now_ms, inputs_.producer_expiration_ms);
    found_.epochs.truncate(found_.next_offset);
    found_.epochs_written = found_.epochs.entries() == epochs_in_file_;
    return std::move(found_);
  }

 private:
  bool full() const { return found_.defects.size() >= kMaxDefects; }

  void load_epochs() {
    const Path path = log_.folder() / kLeaderEpochCheckpoint;
    if (!files_.info(path)) return;
    const auto entries = decode_leader_epoch_checkpoint(read_file(files_, path));
    if (!entries) return found_.defects.push_back({path, entries.error()});
    epochs_in_file_ = *entries;
    found_.epochs = LeaderEpochs(*entries);
  }

  Offset end_of_active_segment() {
    Offset end = log_.active().base_offset;
    const auto file = files_.open(log_.active().log);
    SegmentReader reader(*file, {.payload = SegmentReader::Payload::skip});
    while (true) {
      const auto batch = reader.next();
      if (!batch) continue;  // met again, and reported, by read_segment
      if (!*batch) return end;
      end = (*batch)->header.next_offset();
    }
  }

  void load_producers(Offset log_end) {
    replay_from_ = inputs_.log_start;
    for (auto it = log_.snapshots().rbegin(); it != log_.snapshots().rend(); ++it) {
      const auto& [offset, path] = *it;
      if (offset > log_end || offset <= inputs_.log_start) continue;
      const auto entries = decode_producer_snapshot(read_producer_snapshot(files_, path));
      if (!entries) {
        found_.notes.push_back(
            fmt::format("{}: {}; an older snapshot is used", path.string(), describe(entries.error())));
        continue;
      }
      found_.producers = ProducerState(*entries, inputs_.now_ms, inputs_.producer_expiration_ms);
      found_.newest_snapshot = offset;
      replay_from_ = offset;
      return;
    }
  }

  void read_segment(std::size_t index) {
    const Segment& segment = log_.segments()[index];
    const bool active = index + 1 == log_.segments().size();
    const auto file = files_.open(segment.log);
    SegmentReader reader(*file,
                         {.payload = active ? SegmentReader::Payload::read : SegmentReader::Payload::skip});
    while (!full()) {
      const auto batch = reader.next();
      if (!batch) {
        LocatedDefect defect{segment.log, batch.error()};
        if (active && defect.defect.code == DefectCode::torn_tail) {
          found_.torn_tail = std::move(defect);
        } else {
          found_.defects.push_back(std::move(defect));
        }
        continue;
      }
      if (!*batch) return;
      if (auto defect = check_place(**batch, segment)) found_.defects.push_back({segment.log, *defect});
      if (active) take_over(**batch);
      found_.next_offset = std::max(found_.next_offset, (*batch)->header.next_offset());
      if ((*batch)->header.last_offset() < replay_from_) continue;
      if (auto defect = replay(**batch)) found_.defects.push_back({segment.log, *defect});
    }
  }

  std::optional<Defect> check_place(const RecordBatchView& batch, const Segment& segment) const {
    const Offset least = &segment == &log_.active() ? found_.next_offset : segment.base_offset;
    if (batch.header.base_offset >= least) return std::nullopt;
    return Defect{.code = DefectCode::offset_order,
                  .position = batch.position,
                  .offset = batch.header.base_offset,
                  .expected = fmt::format("an offset of at least {}", least),
                  .found = fmt::format("{}", batch.header.base_offset)};
  }

  void take_over(const RecordBatchView& batch) {
    const RecordBatchHeader& header = batch.header;
    if (!found_.first_batch_timestamp_ms) found_.first_batch_timestamp_ms = header.max_timestamp;
    found_.indexes->add(header, batch.position);
    found_.end = batch.position + header.size_bytes();
    const auto latest = found_.epochs.latest();
    if (!latest || header.partition_leader_epoch > *latest) {
      found_.epochs.assign(header.partition_leader_epoch, header.base_offset);
    }
  }

  std::optional<Defect> replay(const RecordBatchView& batch) {
    if (!batch.header.is_control()) return found_.producers.apply(batch, std::nullopt);
    if (batch.header.record_count == 0 || !batch.header.has_producer()) return std::nullopt;
    const auto records = uncompressed_records(batch, decompressor_, scratch_);
    if (!records) return records.error();
    RecordReader reader(batch.header, records->bytes);
    RecordView first;
    if (!reader.next(first)) return reader.defect();
    return found_.producers.apply(batch, first);
  }

  FileSystem& files_;
  const PartitionLog& log_;
  const LogEnd::Inputs& inputs_;
  LogEnd found_;
  Offset replay_from_;
  std::vector<EpochEntry> epochs_in_file_;
  Decompressor decompressor_;
  ByteBuffer scratch_;
};

}  // namespace

LogEnd LogEnd::of(FileSystem& files, const PartitionLog& log, const Inputs& inputs) {
  return EndReader(files, log, inputs).run();
}

}  // namespace kseg
