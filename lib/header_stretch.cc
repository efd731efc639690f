#include "lib/header_stretch.h"

#include "formats/offset_index.h"
#include "lib/segment_reader.h"

namespace kseg {

std::vector<Position> stretch_bounds(FileSystem& files, const Segment& segment) {
  constexpr std::uint64_t kStretchBytes = std::uint64_t{1} << 20;
  const Position end{segment.size_bytes};
  std::vector<Position> bounds = {{}};
  if (segment.offset_index && segment.size_bytes > kStretchBytes) {
    const ByteBuffer bytes = read_file(files, *segment.offset_index);
    const OffsetIndexView index(bytes, segment.base_offset);
    for (std::size_t i = 0; i < index.size(); ++i) {
      const Position position = index[i].position;
      if (position >= end) break;
      if (position >= bounds.back() + kStretchBytes) bounds.push_back(position);
    }
  }
  bounds.push_back(end);
  return bounds;
}

bool HeaderStretch::read(File& file, Position begin, Position end) {
  batches_.clear();
  control_batches_.clear();
  control_bytes_.clear();
  SegmentReader reader(file, {.payload = SegmentReader::Payload::skip, .begin = begin, .end = end});
  while (true) {
    if (reader.next_usual(batches_.emplace_back())) {
      batches_.back().bytes = {};
      continue;
    }
    const auto batch = reader.next();
    if (!batch) return false;
    if (!*batch) break;
    batches_.back() = **batch;
    batches_.back().bytes = {};
    if (!(*batch)->header.is_control()) continue;
    control_batches_.push_back(batches_.size() - 1);
    append(control_bytes_, (*batch)->bytes);
  }
  batches_.pop_back();  // there was nothing for it
  Bytes rest = control_bytes_;
  for (const std::size_t index : control_batches_) {
    batches_[index].bytes = rest.first(batches_[index].header.size_bytes());
    rest = rest.subspan(batches_[index].bytes.size());
  }
  return reader.position() == end;
}

}  // namespace kseg
