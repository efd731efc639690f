#include "lib/segment_start.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "formats/index_entries.h"
#include "formats/offset_index.h"
#include "formats/time_index.h"
#include "lib/unless_missing.h"

namespace kseg {
namespace {

constexpr std::size_t kWalkBytes = std::size_t{4} << 10;

// An index file of which only the entries that are asked for are read. Zeros are no entry: behind the
// entries of an active segment's index there is nothing else.
template <typename View, typename Entry>
class IndexFile {
 public:
  struct Found {
    Entry entry;
    Position position;
  };

  IndexFile(FileSystem& files, const Path& path, Offset base_offset)
      : file_(files.open(path)), base_offset_(base_offset), slots_(file_->info().size_bytes / Entry::kSize) {}

  const Path& path() const { return file_->path(); }

  std::optional<Entry> at(std::size_t slot) {
    std::array<std::uint8_t, Entry::kSize> bytes{};
    const bool whole = slot < slots_ && file_->read_at({slot * Entry::kSize}, bytes) == bytes.size();
    const bool zeros = std::all_of(bytes.begin(), bytes.end(), [](std::uint8_t byte) { return byte == 0; });
    if (!whole || zeros) return std::nullopt;
    return View(bytes, base_offset_)[0];
  }

  // The last entry that is not above what is looked for, if entries ascend. It is often the very last one.
  template <typename NotAbove>
  std::optional<Found> last(NotAbove not_above) {
    if (slots_ == 0) return std::nullopt;
    if (const auto entry = at(slots_ - 1); entry && not_above(*entry))
      return Found{*entry, {(slots_ - 1) * Entry::kSize}};
    const std::size_t count = count_not_above(slots_ - 1, [&](std::size_t slot) {
      const auto entry = at(slot);
      return entry && not_above(*entry);
    });
    const auto entry = count == 0 ? std::nullopt : at(count - 1);
    if (!entry) return std::nullopt;
    return Found{*entry, {(count - 1) * Entry::kSize}};
  }

 private:
  std::unique_ptr<File> file_;
  Offset base_offset_;
  std::size_t slots_;
};

using OffsetIndexFile = IndexFile<OffsetIndexView, OffsetIndexEntry>;
using TimeIndexFile = IndexFile<TimeIndexView, TimeIndexEntry>;

// Nothing if there is none, or it has gone.
template <typename Index>
std::optional<Index> open_index(FileSystem& files, const std::optional<Path>& path, Offset base_offset) {
  if (!path) return std::nullopt;
  return unless_missing([&] { return Index(files, *path, base_offset); });
}

// The batch there may be one before that of the entry's offset: an index of an older broker points
// to the start of what was appended at once.
bool leads_to_batch(File& log, const Segment& segment, const OffsetIndexEntry& entry) {
  std::array<std::uint8_t, RecordBatchHeader::kSize> bytes{};
  const std::size_t read = log.read_at(entry.position, bytes);
  const auto header = decode_record_batch_header(Bytes(bytes).first(read), entry.position);
  return header && header->base_offset >= segment.base_offset && header->base_offset <= entry.offset;
}

class StartFinder {
 public:
  StartFinder(FileSystem& files, const Segment& segment, File& log)
      : files_(files), segment_(segment), log_(log) {}

  SegmentStart run(const WantedFrom& wanted) {
    const bool has_earlier_offsets = wanted.offset > segment_.base_offset;
    const bool has_earlier_times = wanted.time_ms > 0;  // no entry is
    if (has_earlier_offsets || has_earlier_times)
      offsets_ = open_index<OffsetIndexFile>(files_, segment_.offset_index, segment_.base_offset);
    if (has_earlier_times)
      times_ = open_index<TimeIndexFile>(files_, segment_.time_index, segment_.base_offset);
    const Position by_offset = at_offset(wanted.offset);
    start_.position = std::max(by_offset, behind_time(wanted.time_ms));
    return std::move(start_);
  }

 private:
  template <typename Index>
  void doubt(const Index& index, Position position, std::string reason) {
    start_.doubts.push_back({index.path(), position, std::move(reason)});
  }

  // Where a batch starts in front of which all offsets are below `offset`.
  Position at_offset(Offset offset) {
    if (!offsets_ || offset <= segment_.base_offset) return {};
    const auto found = offsets_->last([&](const OffsetIndexEntry& entry) { return entry.offset <= offset; });
    if (!found) return {};
    if (leads_to_batch(log_, segment_, found->entry)) return found->entry.position;
    doubt(*offsets_, found->position,
          fmt::format("no batch at position {} with offsets up to {}: the index is not used",
                      found->entry.position, found->entry.offset));
    return {};
  }

  // Where a batch starts, or the log ends, in front of which all timestamps are below `time_ms`.
  Position behind_time(std::int64_t time_ms) {
    if (!offsets_ || !times_) return {};
    const auto found =
        times_->last([&](const TimeIndexEntry& entry) { return entry.timestamp_ms < time_ms; });
    if (!found) return {};
    const auto first_time = times_->at(0);
    const auto first_offset = offsets_->at(0);
    if (first_time && first_offset && first_time->offset > first_offset->offset) {
      doubt(*times_, {},
            fmt::format(
                "begins at offset {}, the offset index at {}: it was lost once, or there are no timestamps "
                "before; it is not used",
                first_time->offset, first_offset->offset));
      return {};
    }
    if (const auto behind = behind_batch_of(found->entry)) return *behind;
    doubt(*times_, found->position,
          fmt::format("no batch with timestamp {} at offset {}: the index is not used",
                      found->entry.timestamp_ms, found->entry.offset));
    return {};
  }

  std::optional<Position> behind_batch_of(const TimeIndexEntry& entry) {
    SegmentReader reader(log_, {.payload = SegmentReader::Payload::skip,
                                .begin = at_offset(entry.offset),
                                .first_chunk_bytes = kWalkBytes});
    while (true) {
      const auto batch = reader.next();
      if (!batch || !*batch) return std::nullopt;
      const RecordBatchHeader& header = (*batch)->header;
      if (header.last_offset() < entry.offset) continue;
      if (header.base_offset > entry.offset || header.max_timestamp != entry.timestamp_ms)
        return std::nullopt;
      return reader.position();
    }
  }

  FileSystem& files_;
  const Segment& segment_;
  File& log_;
  std::optional<OffsetIndexFile> offsets_;
  std::optional<TimeIndexFile> times_;
  SegmentStart start_;
};

}  // namespace

SegmentStart find_start(FileSystem& files, const Segment& segment, File& log, const WantedFrom& wanted) {
  return StartFinder(files, segment, log).run(wanted);
}

Position last_indexed_start(FileSystem& files, const Segment& segment, File& log, Position limit) {
  auto index = open_index<OffsetIndexFile>(files, segment.offset_index, segment.base_offset);
  if (!index) return {};
  const auto found = index->last([&](const OffsetIndexEntry& entry) { return entry.position <= limit; });
  return found && leads_to_batch(log, segment, found->entry) ? found->entry.position : Position{};
}

std::optional<std::int64_t> last_indexed_timestamp_ms(FileSystem& files, const Segment& segment) {
  auto index = open_index<TimeIndexFile>(files, segment.time_index, segment.base_offset);
  const auto found = index ? index->last([](const TimeIndexEntry&) { return true; }) : std::nullopt;
  if (!found) return std::nullopt;
  return found->entry.timestamp_ms;
}

}  // namespace kseg
