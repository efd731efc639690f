#include "formats/time_index.h"

#include <fmt/format.h>

#include "formats/byte_writer.h"
#include "formats/cursor.h"
#include "formats/index_entries.h"

namespace kseg {
namespace {

std::string text(const TimeIndexEntry& entry) {
  return fmt::format("timestamp {} with offset {}", entry.timestamp_ms, entry.offset);
}

}  // namespace

TimeIndexView::TimeIndexView(Bytes file, Offset base_offset)
    : file_(file),
      base_offset_(base_offset),
      count_(file.size() == TimeIndexEntry::kSize ? 1 : entries_before_padding(file, TimeIndexEntry::kSize)),
      padded_(count_ < file.size() / TimeIndexEntry::kSize) {}

TimeIndexEntry TimeIndexView::operator[](std::size_t i) const {
  kseg::check(i < count_, "a time index entry behind the last");
  Cursor in(file_.subspan(i * TimeIndexEntry::kSize, TimeIndexEntry::kSize));
  return {.timestamp_ms = in.i64(), .offset = base_offset_ + in.i32()};
}

TimeIndexEntry TimeIndexView::lookup(std::int64_t timestamp_ms) const {
  const std::size_t found =
      count_not_above(count_, [&](std::size_t i) { return (*this)[i].timestamp_ms <= timestamp_ms; });
  if (found == 0) return {.timestamp_ms = -1, .offset = base_offset_};
  return (*this)[found - 1];
}

std::optional<Defect> TimeIndexView::check() const {
  TimeIndexEntry previous{.timestamp_ms = -1, .offset = base_offset_};
  for (std::size_t i = 0; i < count_; ++i) {
    const TimeIndexEntry entry = (*this)[i];
    const auto refuse = [&](DefectCode code, std::string expected) {
      return Defect{.code = code,
                    .position = {i * TimeIndexEntry::kSize},
                    .offset = entry.offset,
                    .expected = std::move(expected),
                    .found = text(entry)};
    };
    if (entry.offset < base_offset_) {
      return refuse(DefectCode::index_offset, fmt::format("an offset of at least the base {}", base_offset_));
    }
    if (entry.timestamp_ms <= previous.timestamp_ms || entry.offset < previous.offset) {
      return refuse(DefectCode::index_order,
                    "a timestamp above, an offset not below that of " + text(previous));
    }
    previous = entry;
  }
  const std::size_t surplus = file_.size() % TimeIndexEntry::kSize;
  if (surplus == 0 || padded_) return std::nullopt;
  return Defect{.code = DefectCode::trailing_bytes,
                .position = {used_bytes()},
                .expected = fmt::format("entries of {} bytes", TimeIndexEntry::kSize),
                .found = fmt::format("{} more bytes", surplus)};
}

void encode_time_index_entry(const TimeIndexEntry& entry, Offset base_offset, ByteBuffer& out) {
  const std::int64_t relative_offset = entry.offset - base_offset;
  check(relative_offset == static_cast<std::int32_t>(relative_offset),
        "an offset that its index cannot hold");
  ByteWriter to(out);
  to.i64(entry.timestamp_ms);
  to.i32(static_cast<std::int32_t>(relative_offset));
}

}  // namespace kseg
