#include "lib/reclaim_estimate.h"

#include <xxhash.h>

#include <algorithm>
#include <cmath>
#include <unordered_map>

#include "formats/record.h"
#include "lib/segment_start.h"

namespace kseg {
namespace {

constexpr double kHeaderBytes = RecordBatchHeader::kSize;
constexpr double kRecordOverheadBytes = 7;  // length, attributes, deltas, lengths: a byte each, mostly

std::uint64_t hash(Bytes key) {
  return std::max<std::uint64_t>(XXH3_64bits(key.data(), key.size()), 1);
}

// What splitmix64 makes of a number: places in a log must not keep step with what a producer does.
std::uint64_t scattered(std::uint64_t number) {
  number += 0x9e3779b97f4a7c15;
  number = (number ^ (number >> 30)) * 0xbf58476d1ce4e5b9;
  number = (number ^ (number >> 27)) * 0x94d049bb133111eb;
  return number ^ (number >> 31);
}

struct KeyedRecord {
  std::uint64_t key = 0;  // its hash; 0: it has none
  Offset offset;
  double size_bytes = 0;  // its share of what the batch takes on disk, but for the header
};

// The records of data batches, with what they take on disk.
class RecordSizes {
 public:
  // Nothing if the batch cannot be read.
  const std::vector<KeyedRecord>* of(const RecordBatchView& batch) {
    records_.clear();
    const auto bytes = uncompressed_records(batch, decompressor_, scratch_);
    if (!bytes) return nullptr;
    RecordReader reader(batch.header, bytes->bytes);
    double sum = 0;
    for (RecordView record; reader.next(record);) {
      const double size =
          static_cast<double>((record.key ? record.key->size() : 0) +
                              (record.value ? record.value->size() : 0) + record.headers.size()) +
          kRecordOverheadBytes;
      records_.push_back(
          {.key = record.key ? hash(*record.key) : 0, .offset = record.offset, .size_bytes = size});
      sum += size;
    }
    const double scale = (static_cast<double>(batch.bytes.size()) - kHeaderBytes) / sum;
    for (KeyedRecord& record : records_) record.size_bytes *= scale;
    return reader.defect() ? nullptr : &records_;
  }

 private:
  Decompressor decompressor_;
  ByteBuffer scratch_;
  std::vector<KeyedRecord> records_;
};

class Estimator {
 public:
  Estimator(FileSystem& files, const PartitionLog& log, const ReclaimEstimate::Inputs& inputs)
      : files_(files), inputs_(inputs) {
    for (const Segment& segment : log.segments()) {
      if (segment.base_offset >= inputs.first_uncleanable || &segment == &log.active()) break;
      // What lies in front of a segment that begins at or below the first dirty offset is clean throughout.
      if (segment.base_offset <= inputs.first_dirty) clean_bytes_ = estimate_.total_bytes;
      segments_.push_back(&segment);
      estimate_.total_bytes += segment.size_bytes;
    }
  }

  ReclaimEstimate run() {
    estimate_.is_whole = estimate_.total_bytes <= inputs_.max_bytes;
    const double freed = estimate_.is_whole ? read_whole() : read_stretches();
    estimate_.freed_bytes = static_cast<std::uint64_t>(
        std::llround(std::clamp(freed, 0.0, static_cast<double>(estimate_.total_bytes))));
    return estimate_;
  }

 private:
  // Calls `take` for the batches from `begin` on, until as many bytes are read.
  template <typename Take>
  Position read(File& file, Position begin, std::uint64_t bytes, Take&& take) {
    SegmentReader reader(file, {.begin = begin, .chunk_bytes = std::size_t{64} << 10});
    while (reader.position() - begin < bytes) {
      const auto batch = reader.next();
      if (!batch) continue;
      if (!*batch) break;
      take(**batch);
    }
    estimate_.read_bytes += reader.position() - begin;
    return reader.position();
  }

  double read_whole() {
    struct Live {
      std::size_t batch = 0;
      double size_bytes = 0;
    };
    std::unordered_map<std::uint64_t, Live> last;  // by key
    std::vector<std::int32_t> left;                // records of a batch
    double freed = 0;
    const auto free = [&](std::size_t batch, double size_bytes) {
      freed += size_bytes;
      if (--left[batch] == 0) freed += kHeaderBytes;
    };
    for (const Segment* segment : segments_) {
      const auto file = files_.open(segment->log);
      read(*file, {}, segment->size_bytes, [&](const RecordBatchView& batch) {
        if (batch.header.is_control()) return;
        const auto* records = sizes_.of(batch);
        if (records == nullptr) return;
        left.push_back(batch.header.record_count);
        for (const KeyedRecord& record : *records) {
          if (record.key == 0) {
            free(left.size() - 1, record.size_bytes);
            continue;
          }
          const auto [found, is_new] = last.try_emplace(record.key, Live{left.size() - 1, record.size_bytes});
          if (is_new) continue;
          // Keys of the clean part supersede nothing.
          if (record.offset >= inputs_.first_dirty) free(found->second.batch, found->second.size_bytes);
          found->second = {left.size() - 1, record.size_bytes};
        }
      });
    }
    return freed;
  }

  double read_stretches() {
    const std::uint64_t count = std::max<std::uint64_t>(inputs_.max_bytes / inputs_.stretch_bytes, 2);
    const std::uint64_t part = estimate_.total_bytes / count;
    std::size_t segment = 0;
    std::uint64_t segment_begin = 0;  // in all of them, one behind the other
    std::unique_ptr<File> file;
    Position read_to;
    for (std::uint64_t i = 0; i < count; ++i) {
      const std::uint64_t slack = part > inputs_.stretch_bytes ? part - inputs_.stretch_bytes : 1;
      const std::uint64_t place = i * part + scattered(i) % slack;
      while (place >= segment_begin + segments_[segment]->size_bytes) {
        segment_begin += segments_[segment]->size_bytes;
        ++segment;
        file.reset();
      }
      if (!file) {
        file = files_.open(segments_[segment]->log);
        read_to = {};
      }
      const Position begin = last_indexed_start(files_, *segments_[segment], *file, {place - segment_begin});
      // Without an index it is the segment's start, time and again.
      if (begin < read_to) continue;
      ++stretches_;
      read_to =
          read(*file, begin, inputs_.stretch_bytes, [&](const RecordBatchView& batch) { count_keys(batch); });
    }
    return extrapolate();
  }

  void count_keys(const RecordBatchView& batch) {
    if (batch.header.is_control()) {
      control_bytes_ += static_cast<double>(batch.bytes.size());
      return;
    }
    const auto* records = sizes_.of(batch);
    if (records == nullptr) return;
    ++batches_;
    records_ += static_cast<double>(records->size());
    for (const KeyedRecord& record : *records) {
      if (record.key == 0) continue;
      Met& met = met_[record.key];
      met.stretches += met.last_stretch != stretches_ ? 1 : 0;
      met.last_stretch = stretches_;
      met.size_bytes = record.size_bytes;
    }
  }

  double met_keys() const { return static_cast<double>(met_.size()); }

  // How many there are in the whole log, where stretches of this length would meet keys `meetings` times.
  double keys_of_log(double once, double twice, double meetings) const {
    if (once == 0) return met_keys();
    if (twice == 0) return meetings;  // all are distinct
    const double count = stretches_;
    const double pool = met_keys() + (count - 1) / count * once * once / (2 * twice);
    return pool * (1 - std::exp(-meetings / pool));
  }

  double extrapolate() const {
    const double total = static_cast<double>(estimate_.total_bytes);
    const double fraction = static_cast<double>(estimate_.read_bytes) / total;
    if (records_ == 0) return 0;
    double once = 0;
    double twice = 0;
    double once_bytes = 0;
    double met_bytes = 0;
    double meetings = 0;  // of a key and a stretch
    for (const auto& [key, met] : met_) {
      met_bytes += met.size_bytes;
      meetings += met.stretches;
      if (met.stretches == 1) {
        ++once;
        once_bytes += met.size_bytes;
      } else if (met.stretches == 2) {
        ++twice;
      }
    }
    // Large batches may have led to reading all of it.
    const double not_met =
        fraction < 1 ? std::max(keys_of_log(once, twice, meetings / fraction) - met_keys(), 0.0) : 0;
    const double kept_records = met_keys() + not_met;
    const double kept_bytes = met_bytes + (once > 0 ? not_met * once_bytes / once : 0);

    const double kept_share = std::min(kept_records * fraction / records_, 1.0);
    const double a_batch = records_ / batches_;
    const double header_bytes = batches_ * kHeaderBytes / fraction;
    const double kept_headers = header_bytes * (1 - std::pow(1 - kept_share, a_batch));
    const double kept = kept_bytes + kept_headers + control_bytes_ / fraction;

    // A dirty record supersedes no more than one clean one.
    const double dirty = total - static_cast<double>(clean_bytes_);
    return std::min(total - kept, dirty + std::min(dirty, static_cast<double>(clean_bytes_)));
  }

  struct Met {
    std::uint32_t stretches = 0;
    std::uint32_t last_stretch = 0;
    double size_bytes = 0;  // of its last record
  };

  FileSystem& files_;
  const ReclaimEstimate::Inputs& inputs_;
  std::vector<const Segment*> segments_;
  std::uint64_t clean_bytes_ = 0;  // of segments
  ReclaimEstimate estimate_;
  RecordSizes sizes_;
  std::unordered_map<std::uint64_t, Met> met_;  // by key
  std::uint32_t stretches_ = 0;
  double batches_ = 0;
  double records_ = 0;
  double control_bytes_ = 0;
};

}  // namespace

ReclaimEstimate ReclaimEstimate::of(FileSystem& files, const PartitionLog& log, const Inputs& inputs) {
  return Estimator(files, log, inputs).run();
}

}  // namespace kseg
