#include "lib/tail_start.h"

#include <algorithm>
#include <deque>

#include "lib/segment_start.h"

namespace kseg {
namespace {

constexpr std::uint64_t kFirstStretchBytes = std::uint64_t{64} << 10;
constexpr std::uint64_t kLongestStretchBytes = std::uint64_t{4} << 20;

class TailFinder {
 public:
  TailFinder(FileSystem& files, const RecordSelection& selection, const TailRequest& request)
      : files_(files), selection_(selection), request_(request) {}

  TailStart run(std::span<const Segment> segments) {
    if (request_.count == 0) return {.begin = selection_.offsets.end};
    for (std::size_t i = segments.size(); i-- > 0;) {
      if (segments[i].base_offset >= selection_.offsets.end) continue;
      read_backwards(segments[i]);
      if (found_ >= request_.count) return {.begin = begin_, .skip = found_ - request_.count};
      if (segments[i].base_offset <= selection_.offsets.begin) break;
    }
    return {};
  }

 private:
  void read_backwards(const Segment& segment) {
    const auto file = files_.open(segment.log);
    Position end{file->info().size_bytes};
    for (std::uint64_t bytes = kFirstStretchBytes; end > Position{} && found_ < request_.count;
         bytes = std::min(bytes * 2, kLongestStretchBytes)) {
      Position begin;
      if (request_.use_indexes && end.value > bytes)
        begin = last_indexed_start(files_, segment, *file, {end.value - bytes});
      // What an index leads to may only look like a batch.
      if (!read_stretch(*file, begin, end) && begin > Position{}) {
        begin = {};
        read_stretch(*file, begin, end);
      }
      end = begin;
    }
  }

  // Counts what is selected in [begin, end). False, and nothing is counted, if no good batch stands
  // at `begin`.
  bool read_stretch(File& file, Position begin, Position end) {
    SegmentReader reader(
        file, {.payload = request_.of_batches ? SegmentReader::Payload::skip : SegmentReader::Payload::read,
               .begin = begin,
               .end = end});
    batches_.clear();
    std::uint64_t in_stretch = 0;
    while (true) {
      const bool is_first = reader.position() == begin;
      const auto batch = reader.next();
      if (!batch && is_first && begin > Position{}) return false;
      if (!batch) continue;
      if (!*batch) break;
      const std::uint64_t count = selected(**batch);
      if (count == 0) continue;
      batches_.push_back({(*batch)->header.base_offset, count});
      in_stretch += count;
      // Only the last ones matter, however long the stretch is.
      while (found_ + in_stretch - batches_.front().count >= request_.count) {
        in_stretch -= batches_.front().count;
        batches_.pop_front();
      }
    }
    found_ += in_stretch;
    if (!batches_.empty()) begin_ = batches_.front().base_offset;
    return true;
  }

  std::uint64_t selected(const RecordBatchView& batch) {
    const RecordBatchHeader& header = batch.header;
    if (!selection_.may_match(header)) return 0;
    if (request_.of_batches) return 1;
    const auto section = uncompressed_records(batch, decompressor_, scratch_);
    if (!section) return 0;
    RecordReader records(header, section->bytes);
    std::uint64_t count = 0;
    for (RecordView record; records.next(record);) count += selection_.matches(record) ? 1 : 0;
    return count;
  }

  struct BatchCount {
    Offset base_offset;
    std::uint64_t count;
  };

  FileSystem& files_;
  const RecordSelection& selection_;
  const TailRequest& request_;
  std::uint64_t found_ = 0;  // from begin_ to the end
  Offset begin_{0};
  std::deque<BatchCount> batches_;  // of a stretch
  Decompressor decompressor_;
  ByteBuffer scratch_;
};

}  // namespace

TailStart find_tail(FileSystem& files, std::span<const Segment> segments, const RecordSelection& selection,
                    const TailRequest& request) {
  return TailFinder(files, selection, request).run(segments);
}

}  // namespace kseg
