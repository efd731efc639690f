#include "lib/log_scan.h"

#include <fmt/format.h>

#include <limits>
#include <memory>
#include <unordered_map>

#include "lib/header_stretch.h"
#include "lib/ordered_work.h"
#include "lib/producer_snapshot_file.h"
#include "lib/transaction_tracker.h"

namespace kseg {
namespace {

constexpr std::size_t kMaxDefects = 20;  // more would not help anybody

class Scanner {
 public:
  Scanner(FileSystem& files, const PartitionLog& log, const LogScan::Inputs& inputs)
      : files_(files), log_(log), inputs_(inputs), tracker_({}, inputs.log_start) {}

  LogScan run() {
    begin();
    for (std::size_t i = 0; i < log_.segments().size() && !full(); ++i) scan_segment(i);
    return end();
  }

  // The same with several threads; nothing if there is damage: who is to name it reads batch after batch.
  std::optional<LogScan> run_at_once() {
    begin();
    if (!scan_.defects.empty() || !scan_stretches()) return std::nullopt;
    return end();
  }

 private:
  void begin() {
    scan_.log_end = end_of_active_segment();
    load_producers();
    tracker_ = TransactionTracker(read_transaction_indexes(), inputs_.log_start);
    high_watermark_ = inputs_.high_watermark.value_or(scan_.log_end);
  }

  LogScan end() {
    for (const AbortedTxn& entry : tracker_.without_marker()) {
      const Segment& segment = log_.segments()[log_.floor_segment(entry.last_offset)];
      add(segment.transaction_index.value_or(segment.log),
          {.code = DefectCode::transaction_mismatch,
           .position = {},
           .offset = entry.last_offset,
           .expected = fmt::format("an ABORT marker of producer {} at offset {}, as the index says",
                                   entry.producer_id, entry.last_offset),
           .found = "no marker of it behind its data"});
    }
    if (const auto open = scan_.producers.first_open_transaction()) unstable(*open);
    scan_.producers.expire(inputs_.now_ms, inputs_.producer_expiration_ms);
    return std::move(scan_);
  }

  bool full() const { return scan_.defects.size() >= kMaxDefects; }
  void add(const Path& file, Defect defect) { scan_.defects.push_back({file, std::move(defect)}); }
  void unstable(Offset offset) {
    if (!scan_.first_unstable || offset < *scan_.first_unstable) scan_.first_unstable = offset;
  }

  Offset end_of_active_segment() {
    Offset end = log_.active().base_offset;
    const auto file = files_.open(log_.active().log);
    SegmentReader reader(*file, {.payload = SegmentReader::Payload::skip});
    while (true) {
      const auto batch = reader.next();
      if (!batch) continue;  // met again, and reported, by scan_segment
      if (!*batch) break;
      end = (*batch)->header.next_offset();
    }
    expect_whole(log_.active(), reader);
    return end;
  }

  // A file that has become shorter since it was listed would be taken for one with fewer batches.
  void expect_whole(const Segment& segment, const SegmentReader& reader) {
    if (reader.end().value >= segment.size_bytes) return;
    add(segment.log, {.code = DefectCode::truncated,
                      .position = reader.end(),
                      .expected = fmt::format("{} bytes, as there were before", segment.size_bytes),
                      .found = "the end of the file"});
  }

  // The newest snapshot that can be read, above the log start and not above the log end.
  void load_producers() {
    for (auto it = log_.snapshots().rbegin(); it != log_.snapshots().rend(); ++it) {
      const auto& [offset, path] = *it;
      if (offset > scan_.log_end || offset <= inputs_.log_start) continue;
      const ByteBuffer bytes = read_producer_snapshot(files_, path);
      const auto entries = decode_producer_snapshot(bytes);
      if (!entries) {
        scan_.notes.push_back(
            fmt::format("{}: {}; an older snapshot is used", path.string(), describe(entries.error())));
        continue;
      }
      scan_.producers = ProducerState(*entries, inputs_.now_ms, inputs_.producer_expiration_ms);
      replay_from_ = offset;
      return;
    }
    replay_from_ = inputs_.log_start;
  }

  std::vector<AbortedTxn> read_transaction_indexes() {
    std::vector<AbortedTxn> all;
    for (const Segment& segment : log_.segments()) {
      if (!segment.transaction_index) continue;
      const ByteBuffer bytes = read_file(files_, *segment.transaction_index);
      const auto entries = decode_transaction_index(bytes, segment.base_offset);
      if (!entries) {
        add(*segment.transaction_index, entries.error());
        continue;
      }
      all.insert(all.end(), entries->begin(), entries->end());
    }
    return all;
  }

  // False: there is damage.
  bool scan_stretches() {
    struct Piece {
      std::shared_ptr<File> file;
      std::size_t segment = 0;
      Position begin;
      Position end;
      HeaderStretch stretch;
      bool sound = true;
    };
    std::vector<Piece> pieces(OrderedWork::slots_for(inputs_.jobs));
    std::size_t segment = 0;
    std::size_t next_bound = 0;
    std::vector<Position> bounds;
    std::shared_ptr<File> file;
    bool sound = true;

    const auto take = [&](std::size_t slot) {
      if (next_bound == bounds.size()) {
        if (segment == log_.segments().size()) return false;
        file = files_.open(log_.segments()[segment].log);
        bounds = stretch_bounds(files_, log_.segments()[segment++]);
        next_bound = 1;
      }
      Piece& piece = pieces[slot];
      piece.file = file;
      piece.segment = segment - 1;
      piece.begin = bounds[next_bound - 1];
      piece.end = bounds[next_bound++];
      return true;
    };
    const auto read = [&](std::size_t slot, std::size_t) {
      Piece& piece = pieces[slot];
      piece.sound = piece.stretch.read(*piece.file, piece.begin, piece.end);
      piece.file.reset();
    };
    const auto scan = [&](std::size_t slot) {
      const Piece& piece = pieces[slot];
      if (piece.begin == Position{}) begin_segment(piece.segment);
      sound = piece.sound;
      for (const RecordBatchView& batch : piece.stretch.batches()) {
        sound = sound && !check_place(batch, piece.segment) && !scan_batch(batch, scan_.segments.back());
      }
      return sound;
    };
    OrderedWork{.jobs = inputs_.jobs, .slots = pieces.size(), .take = take, .prepare = read, .commit = scan}
        .run();
    return sound;
  }

  void begin_segment(std::size_t index) {
    scan_.segments.push_back({.next_offset = log_.segments()[index].base_offset});
  }

  void scan_segment(std::size_t index) {
    const Segment& segment = log_.segments()[index];
    begin_segment(index);
    ScannedSegment& scanned = scan_.segments.back();

    const auto file = files_.open(segment.log);
    SegmentReader reader(*file, {.payload = SegmentReader::Payload::skip});
    while (!full()) {
      const auto batch = reader.next();
      if (!batch) {
        add(segment.log, batch.error());
        continue;
      }
      if (!*batch) return expect_whole(segment, reader);
      if (auto defect = check_place(**batch, index)) add(segment.log, *defect);
      if (auto defect = scan_batch(**batch, scanned)) add(segment.log, *defect);
    }
  }

  // Of the segment that is scanned.
  std::optional<Defect> check_place(const RecordBatchView& batch, std::size_t index) const {
    const Segment& segment = log_.segments()[index];
    const ScannedSegment& scanned = scan_.segments.back();
    const bool is_active = index + 1 == log_.segments().size();
    const Offset end =
        is_active ? Offset{std::numeric_limits<std::int64_t>::max()} : log_.segments()[index + 1].base_offset;
    const RecordBatchHeader& header = batch.header;
    // Offsets that no index of the segment can say are no obstacle: what comes out is split.
    const Offset highest = end - 1;
    if (header.base_offset < segment.base_offset || header.last_offset() > highest) {
      return Defect{.code = DefectCode::segment_range,
                    .position = batch.position,
                    .offset = header.base_offset,
                    .expected = fmt::format("offsets in {}..{}", segment.base_offset, highest),
                    .found = fmt::format("{}..{}", header.base_offset, header.last_offset())};
    }
    if (scanned.batch_count > 0 && header.base_offset < scanned.next_offset) {
      return Defect{.code = DefectCode::offset_order,
                    .position = batch.position,
                    .offset = header.base_offset,
                    .expected = fmt::format("an offset of at least {}", scanned.next_offset),
                    .found = fmt::format("{}", header.base_offset)};
    }
    return std::nullopt;
  }

  std::optional<Defect> scan_batch(const RecordBatchView& batch, ScannedSegment& scanned) {
    const RecordBatchHeader& header = batch.header;
    append_to_runs(header.size_bytes(), batch.position, scanned.runs);
    ++scanned.batch_count;
    scanned.record_count += static_cast<std::uint64_t>(header.record_count);
    scanned.next_offset = header.next_offset();
    scanned.discardable.push_back(false);
    const bool plain = !header.is_control() && !header.is_transactional() && !header.has_producer();
    if (plain) return std::nullopt;  // it says nothing of producers and transactions

    std::optional<RecordView> control;
    std::optional<ControlType> control_type;
    if (header.is_control() && header.record_count > 0) {
      const auto records = uncompressed_records(batch, decompressor_, scratch_);
      if (!records) return records.error();
      RecordReader reader(header, records->bytes);
      RecordView first;
      if (!reader.next(first)) return at_batch(*reader.defect(), batch);
      const auto type = decode_control_type(first);
      if (!type) return at_batch(type.error(), batch);
      control = first;
      control_type = *type;
    }

    const bool is_marker = control_type == ControlType::abort || control_type == ControlType::commit;
    if (header.last_offset() >= replay_from_ && (!header.is_control() || is_marker)) {
      if (auto defect = scan_.producers.apply(batch, control)) return defect;
    }
    follow_undecided(header, is_marker);

    auto verdict = tracker_.next(batch, control_type);
    if (!verdict) return verdict.error();
    scanned.discardable.back() = verdict->discardable;
    if (verdict->kept_entry) scanned.kept_entries.push_back(*verdict->kept_entry);
    return std::nullopt;
  }

  // Transactions that are decided only by a marker at or above the high watermark.
  void follow_undecided(const RecordBatchHeader& header, bool is_marker) {
    if (!header.has_producer()) return;
    if (header.is_transactional() && !header.is_control()) {
      open_.try_emplace(header.producer_id, header.base_offset);
    } else if (is_marker) {
      const auto open = open_.find(header.producer_id);
      if (open == open_.end()) return;
      if (header.base_offset >= high_watermark_) unstable(open->second);
      open_.erase(open);
    }
  }

  static Defect at_batch(Defect defect, const RecordBatchView& batch) {
    defect.position = batch.position;
    if (!defect.offset) defect.offset = batch.header.base_offset;
    return defect;
  }

  FileSystem& files_;
  const PartitionLog& log_;
  const LogScan::Inputs& inputs_;
  LogScan scan_;
  TransactionTracker tracker_;
  Offset replay_from_;
  Offset high_watermark_;
  std::unordered_map<std::int64_t, Offset> open_;  // first offset of each producer's transaction
  Decompressor decompressor_;
  ByteBuffer scratch_;
};

}  // namespace

LogScan LogScan::of(FileSystem& files, const PartitionLog& log, const Inputs& inputs) {
  if (inputs.jobs > 1) {
    if (auto scan = Scanner(files, log, inputs).run_at_once()) return std::move(*scan);
  }
  return Scanner(files, log, inputs).run();
}

}  // namespace kseg
