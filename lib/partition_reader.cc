#include "lib/partition_reader.h"

#include <algorithm>
#include <cerrno>
#include <iterator>

#include "lib/unless_missing.h"

namespace kseg {
namespace {

constexpr int kMaxVanished = 10;  // a folder that changes faster is not read

// Read first where an index has led; most lookups need no more.
constexpr std::size_t kLookupBytes = std::size_t{64} << 10;

// A batch's last offset is at most this far from its segment's base offset.
constexpr std::int64_t kMaxRelativeOffset = 2147483647;

bool same_name(const Path& a, const Path& b) {
  return a.filename() == b.filename();
}

}  // namespace

PartitionReader PartitionReader::of_folder(FileSystem& files, const Path& folder, Options options) {
  PartitionReader reader(files, options);
  reader.folder_ = folder;
  reader.list();
  return reader;
}

PartitionReader PartitionReader::of_file(FileSystem& files, const Path& file, Options options) {
  PartitionReader reader(files, options);
  reader.segments_ = {lone_segment(files, file)};
  return reader;
}

void PartitionReader::list() {
  const PartitionLog log = PartitionLog::open(*files_, *folder_);
  segments_ = log.segments();
  index_ = segments_.empty() ? 0 : log.floor_segment(begin_);
}

bool PartitionReader::in_active_segment() const {
  if (folder_) return index_ + 1 == segments_.size();
  const Path& file = segments_[index_].log;
  const Path folder = file.has_parent_path() ? file.parent_path() : Path(".");
  const PartitionLog log = PartitionLog::open(*files_, folder);
  return !log.segments().empty() && same_name(log.active().log, file);
}

SegmentReader::Options PartitionReader::start_in(const Segment& segment) {
  SegmentReader::Options options{.payload = options_.payload};
  if (!options_.use_indexes) return options;
  SegmentStart start =
      find_start(*files_, segment, *file_, {.offset = begin_, .time_ms = options_.begin_time_ms});
  std::move(start.doubts.begin(), start.doubts.end(), std::back_inserter(doubts_));
  options.begin = start.position;
  if (start.position > Position{}) options.first_chunk_bytes = kLookupBytes;
  return options;
}

bool PartitionReader::open_segment() {
  if (begin_ >= end_) return false;
  while (index_ < segments_.size() && segments_[index_].base_offset < end_) {
    const Segment& segment = segments_[index_];
    if (auto file = unless_missing([&] { return files_->open(segment.log); })) {
      vanished_ = 0;
      file_ = std::move(*file);
      reader_.emplace(*file_, start_in(segment));
      return true;
    }
    if (!folder_ || ++vanished_ > kMaxVanished) throw IoError(segment.log, "open", ENOENT);
    begin_ = std::max(begin_, next_offset_);
    list();
  }
  return false;
}

// A base offset is not covered by the crc: one that cannot stand in this segment ends nothing.
bool PartitionReader::ends_range(const RecordBatchHeader& header) const {
  if (header.base_offset < end_) return false;
  if (index_ + 1 < segments_.size()) return header.last_offset() < segments_[index_ + 1].base_offset;
  return header.last_offset() - segments_[index_].base_offset <= kMaxRelativeOffset;
}

Result<std::optional<RecordBatchView>> PartitionReader::next() {
  while (begin_segment()) {
    auto batch = next_in_segment();
    if (!batch || *batch) return batch;
  }
  return std::optional<RecordBatchView>{};
}

bool PartitionReader::begin_segment() {
  return reader_ || open_segment();
}

void PartitionReader::close_segment() {
  reader_.reset();
  stretches_.reset();
  range_end_.reset();
  ++index_;
}

Result<std::optional<RecordBatchView>> PartitionReader::next_in_segment() {
  while (reader_) {
    auto batch = reader_->next();
    if (!batch) return batch;
    if (!*batch || ends_range((*batch)->header)) {
      close_segment();
      break;
    }
    const RecordBatchHeader& header = (*batch)->header;
    if (header.last_offset() < begin_ || header.base_offset >= end_) continue;
    next_offset_ = header.next_offset();
    return batch;
  }
  return std::optional<RecordBatchView>{};
}

bool PartitionReader::next_stretch(BatchStretch& stretch) {
  if (!stretches_) stretches_.emplace(*file_, reader_->position(), reader_->end(), options_.stretches);
  if (range_end_ || !stretches_->next(stretch)) return false;
  stretches_next_ = stretch.next_offset;
  if (stretch.highest_base < end_) return true;
  RecordBatchView batch;
  for (StretchWalk walk(stretch); walk.next(batch);) {
    if (!ends_range(batch.header)) continue;
    range_end_ = batch.position;
    stretch.size = batch.position - stretch.begin;
    return stretch.size > 0;
  }
  return true;
}

void PartitionReader::go_on_from(Position position) {
  const bool at_end = stretches_ && stretches_->at_end() && position == stretches_->position();
  if (at_end || position == range_end_) {
    next_offset_ = stretches_next_;
    return close_segment();
  }
  while (reader_->position() < position) {
    const auto batch = reader_->next();
    if (!batch || !*batch) break;
    next_offset_ = (*batch)->header.next_offset();
  }
}

}  // namespace kseg
