#include "formats/offset_index.h"

#include <fmt/format.h>

#include <limits>

#include "formats/byte_writer.h"
#include "formats/cursor.h"
#include "formats/index_entries.h"

namespace kseg {
namespace {

constexpr std::uint64_t kMaxPosition = std::numeric_limits<std::int32_t>::max();

std::string text(const OffsetIndexEntry& entry) {
  return fmt::format("offset {} at position {}", entry.offset, entry.position);
}

}  // namespace

OffsetIndexView::OffsetIndexView(Bytes file, Offset base_offset)
    : file_(file),
      base_offset_(base_offset),
      count_(entries_before_padding(file, OffsetIndexEntry::kSize)),
      padded_(count_ < file.size() / OffsetIndexEntry::kSize) {}

OffsetIndexEntry OffsetIndexView::operator[](std::size_t i) const {
  kseg::check(i < count_, "an offset index entry behind the last");
  Cursor in(file_.subspan(i * OffsetIndexEntry::kSize, OffsetIndexEntry::kSize));
  return {.offset = base_offset_ + in.i32(), .position = {in.u32()}};
}

OffsetIndexEntry OffsetIndexView::lookup(Offset offset) const {
  const std::size_t found =
      count_not_above(count_, [&](std::size_t i) { return (*this)[i].offset <= offset; });
  if (found == 0) return {.offset = base_offset_, .position = {}};
  return (*this)[found - 1];
}

std::optional<Defect> OffsetIndexView::check() const {
  OffsetIndexEntry previous{.offset = base_offset_, .position = {}};
  for (std::size_t i = 0; i < count_; ++i) {
    const OffsetIndexEntry entry = (*this)[i];
    const auto refuse = [&](DefectCode code, std::string expected) {
      return Defect{.code = code,
                    .position = {i * OffsetIndexEntry::kSize},
                    .offset = entry.offset,
                    .expected = std::move(expected),
                    .found = text(entry)};
    };
    if (entry.offset <= base_offset_) {
      return refuse(DefectCode::index_offset, fmt::format("an offset above the base {}", base_offset_));
    }
    if (entry.position.value > kMaxPosition) {
      return refuse(DefectCode::index_position, "a position below 2^31");
    }
    if (entry.offset <= previous.offset || entry.position <= previous.position) {
      return refuse(DefectCode::index_order, "offset and position above " + text(previous));
    }
    previous = entry;
  }
  const std::size_t surplus = file_.size() % OffsetIndexEntry::kSize;
  if (surplus == 0 || padded_) return std::nullopt;
  return Defect{.code = DefectCode::trailing_bytes,
                .position = {used_bytes()},
                .expected = fmt::format("entries of {} bytes", OffsetIndexEntry::kSize),
                .found = fmt::format("{} more bytes", surplus)};
}

void encode_offset_index_entry(const OffsetIndexEntry& entry, Offset base_offset, ByteBuffer& out) {
  const std::int64_t relative_offset = entry.offset - base_offset;
  check(relative_offset == static_cast<std::int32_t>(relative_offset),
        "an offset that its index cannot hold");
  check(entry.position.value <= std::numeric_limits<std::uint32_t>::max(),
        "a position that an index cannot hold");
  ByteWriter to(out);
  to.i32(static_cast<std::int32_t>(relative_offset));
  to.u32(static_cast<std::uint32_t>(entry.position.value));
}

}  // namespace kseg
