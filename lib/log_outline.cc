#include "lib/log_outline.h"

#include <algorithm>
#include <limits>

#include "lib/producer_snapshot_file.h"
#include "lib/producer_state.h"
#include "lib/segment_start.h"

namespace kseg {
namespace {

constexpr std::size_t kMaxDefects = 20;
constexpr std::size_t kFirstChunkBytes = std::size_t{4} << 10;

class OutlineReader {
 public:
  OutlineReader(FileSystem& files, const PartitionLog& log, const LogOutline::Inputs& inputs)
      : files_(files), log_(log), inputs_(inputs) {}

  LogOutline run() {
    const Offset first_base = log_.segments().front().base_offset;
    outline_.log_start = std::max(first_base, inputs_.log_start.value_or(first_base));
    for (const Segment& segment : log_.segments()) outline_.log_bytes += segment.size_bytes;
    find_log_end();
    replay_producers();
    return std::move(outline_);
  }

 private:
  template <typename Take>
  void read_headers(const Segment& segment, File& file, Position begin, bool told, Take&& take) {
    SegmentReader reader(
        file,
        {.payload = SegmentReader::Payload::skip, .begin = begin, .first_chunk_bytes = kFirstChunkBytes});
    while (outline_.defects.size() < kMaxDefects) {
      const auto batch = reader.next();
      if (!batch) {
        if (!told) outline_.defects.push_back({segment.log, batch.error()});
        continue;
      }
      if (!*batch) return;
      outline_.max_timestamp = std::max(outline_.max_timestamp, (*batch)->header.max_timestamp);
      take(**batch);
    }
  }

  void find_log_end() {
    const Segment& active = log_.active();
    outline_.log_end = active.base_offset;
    if (active.size_bytes == 0) return;
    const auto file = files_.open(active.log);
    constexpr Position kNoLimit{std::numeric_limits<std::uint64_t>::max()};
    read_headers(active, *file, last_indexed_start(files_, active, *file, kNoLimit), false,
                 [&](const RecordBatchView& batch) {
                   outline_.log_end = std::max(outline_.log_end, batch.header.next_offset());
                 });
  }

  // The newest snapshot that a broker would take.
  ProducerState load_snapshot(Offset& replay_from) {
    replay_from = outline_.log_start;
    for (auto it = log_.snapshots().rbegin(); it != log_.snapshots().rend(); ++it) {
      const auto& [offset, path] = *it;
      if (offset > outline_.log_end || offset <= outline_.log_start) continue;
      const auto entries = decode_producer_snapshot(read_producer_snapshot(files_, path));
      if (!entries) continue;
      replay_from = offset;
      return {*entries, inputs_.now_ms, inputs_.producer_expiration_ms};
    }
    return {};
  }

  std::uint64_t bytes_from(std::size_t segment) const {
    std::uint64_t bytes = 0;
    for (; segment < log_.segments().size(); ++segment) bytes += log_.segments()[segment].size_bytes;
    return bytes;
  }

  void replay_producers() {
    Offset replay_from;
    ProducerState producers = load_snapshot(replay_from);
    const auto& segments = log_.segments();
    const std::size_t first = log_.floor_segment(replay_from);
    for (std::size_t i = first; i < segments.size() && replay_from < outline_.log_end; ++i) {
      const auto file = files_.open(segments[i].log);
      const Position begin = find_start(files_, segments[i], *file, {.offset = replay_from}).position;
      if (i == first) {
        const std::uint64_t left = bytes_from(i) - std::min(begin.value, segments[i].size_bytes);
        if (left > inputs_.max_replay_bytes) {
          outline_.unread_bytes = left;
          return;
        }
      }
      const bool told = i + 1 == segments.size();  // by find_log_end
      read_headers(segments[i], *file, begin, told, [&](const RecordBatchView& batch) {
        if (batch.header.last_offset() >= replay_from) apply(batch, segments[i], producers);
      });
    }
    for (const ProducerStateEntry& entry : producers.entries()) {
      if (entry.current_txn_first_offset.value >= 0)
        outline_.open_transactions.push_back({entry.producer_id, entry.current_txn_first_offset});
    }
    std::sort(outline_.open_transactions.begin(), outline_.open_transactions.end(),
              [](const auto& one, const auto& other) { return one.first_offset < other.first_offset; });
  }

  void apply(const RecordBatchView& batch, const Segment& segment, ProducerState& producers) {
    std::optional<RecordView> marker;
    if (batch.header.is_control() && batch.header.record_count > 0) {
      const auto records = uncompressed_records(batch, decompressor_, scratch_);
      RecordView first;
      if (!records) return outline_.defects.push_back({segment.log, records.error()});
      RecordReader reader(batch.header, records->bytes);
      if (!reader.next(first)) return;
      marker = first;
    }
    if (!batch.header.has_producer() || (batch.header.is_control() && !marker)) return;
    if (auto defect = producers.apply(batch, marker)) outline_.defects.push_back({segment.log, *defect});
  }

  FileSystem& files_;
  const PartitionLog& log_;
  const LogOutline::Inputs& inputs_;
  LogOutline outline_;
  Decompressor decompressor_;
  ByteBuffer scratch_;
};

}  // namespace

LogOutline LogOutline::of(FileSystem& files, const PartitionLog& log, const Inputs& inputs) {
  return OutlineReader(files, log, inputs).run();
}

std::optional<Offset> LogOutline::first_unstable() const {
  if (open_transactions.empty()) return std::nullopt;
  return open_transactions.front().first_offset;
}

}  // namespace kseg
