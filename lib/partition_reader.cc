#include "lib/partition_reader.h"

#include <algorithm>
#include <array>
#include <cerrno>

#include "formats/offset_index.h"
#include "lib/unless_missing.h"

namespace kseg {
namespace {

constexpr int kMaxVanished = 10;  // a folder that changes faster is not read

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
  const auto name = parse_segment_file_name(file.filename().native());
  Segment segment{.base_offset = name ? name->offset : Offset{0}, .log = file};
  if (name) {
    const SegmentFileName index_name{SegmentFileKind::offset_index, name->offset, name->state};
    const Path index = file.parent_path() / to_string(index_name);
    if (files.info(index)) segment.offset_index = index;
  }
  reader.segments_ = {segment};
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

Position PartitionReader::start_in(const Segment& segment) {
  if (begin_ <= segment.base_offset || !segment.offset_index) return {};
  const auto index = unless_missing([&] { return read_file(*files_, *segment.offset_index); });
  if (!index) return {};
  const OffsetIndexEntry entry = OffsetIndexView(*index, segment.base_offset).lookup(begin_);
  std::array<std::uint8_t, RecordBatchHeader::kSize> bytes{};
  const std::size_t read = file_->read_at(entry.position, bytes);
  const auto header = decode_record_batch_header(Bytes(bytes).first(read), entry.position);
  // The batch there may be one before that of the entry's offset: an index of an older broker
  // points to the start of what was appended at once.
  if (!header || header->base_offset < segment.base_offset || header->base_offset > entry.offset) return {};
  return entry.position;
}

bool PartitionReader::open_segment() {
  if (begin_ >= end_) return false;
  while (index_ < segments_.size() && segments_[index_].base_offset < end_) {
    const Segment& segment = segments_[index_];
    if (auto file = unless_missing([&] { return files_->open(segment.log); })) {
      vanished_ = 0;
      file_ = std::move(*file);
      reader_.emplace(*file_, SegmentReader::Options{.payload = payload_, .begin = start_in(segment)});
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
  while (reader_ || open_segment()) {
    auto batch = reader_->next();
    if (!batch) return batch;
    if (!*batch || ends_range((*batch)->header)) {
      reader_.reset();
      ++index_;
      continue;
    }
    const RecordBatchHeader& header = (*batch)->header;
    if (header.last_offset() < begin_ || header.base_offset >= end_) continue;
    next_offset_ = header.next_offset();
    return batch;
  }
  return std::optional<RecordBatchView>{};
}

}  // namespace kseg
