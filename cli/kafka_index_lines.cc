#include "cli/kafka_index_lines.h"

#include <algorithm>
#include <limits>

#include "cli/kafka_line.h"
#include "formats/cursor.h"
#include "formats/offset_index.h"
#include "formats/time_index.h"
#include "lib/kafka_batch_list.h"
#include "lib/kafka_index_search.h"
#include "lib/kafka_records.h"

namespace kseg {
namespace {

constexpr std::size_t kChunkBytes = std::size_t{1} << 16;

// Entries as they lie there: padding counts, a position may be negative.
class OffsetEntries {
 public:
  struct Entry {
    Offset offset;
    std::int32_t position = 0;
  };

  OffsetEntries(ByteBuffer bytes, Offset base) : bytes_(std::move(bytes)), base_(base) {}

  std::size_t size() const { return bytes_.size() / OffsetIndexEntry::kSize; }
  std::size_t left_over() const { return bytes_.size() % OffsetIndexEntry::kSize; }
  Offset base() const { return base_; }

  Entry operator[](std::size_t slot) const {
    Cursor in(Bytes(bytes_).subspan(slot * OffsetIndexEntry::kSize));
    return {.offset = base_ + in.i32(), .position = in.i32()};
  }

  // Where a broker begins to look for the offset.
  std::int32_t lookup(Offset wanted) const {
    const auto slot = kafka_index_slot(size(), OffsetIndexEntry::kSize, wanted,
                                       [this](std::size_t i) { return (*this)[i].offset; });
    return slot ? (*this)[*slot].position : 0;
  }

 private:
  ByteBuffer bytes_;
  Offset base_;
};

class TimeEntries {
 public:
  TimeEntries(ByteBuffer bytes, Offset base) : bytes_(std::move(bytes)), base_(base) {}

  std::size_t size() const { return bytes_.size() / TimeIndexEntry::kSize; }
  std::size_t left_over() const { return bytes_.size() % TimeIndexEntry::kSize; }
  Offset base() const { return base_; }

  TimeIndexEntry operator[](std::size_t slot) const {
    Cursor in(Bytes(bytes_).subspan(slot * TimeIndexEntry::kSize));
    return {.timestamp_ms = in.i64(), .offset = base_ + in.i32()};
  }

 private:
  ByteBuffer bytes_;
  Offset base_;
};

// What an index is looked up in.
class Log {
 public:
  Log(FileSystem& files, Path path)
      : path_(std::move(path)), file_(files.open(path_)), size_bytes_(file_->info().size_bytes) {}

  const Path& path() const { return path_; }
  File& file() { return *file_; }
  std::uint64_t size_bytes() const { return size_bytes_; }

  // Whether Kafka reads on from there at all.
  bool has(std::int32_t position) const {
    return position >= 0 && static_cast<std::uint64_t>(position) <= size_bytes_;
  }

 private:
  Path path_;
  std::unique_ptr<File> file_;
  std::uint64_t size_bytes_;
};

Defect no_batch(std::size_t at, Offset offset, std::int32_t position) {
  return {.code = DefectCode::index_position,
          .position = {at},
          .offset = offset,
          .expected = "the position of a batch",
          .found = fmt::format("{}", position)};
}

Defect not_sane(DefectCode code, std::size_t at, std::string expected, std::string found) {
  return {.code = code, .position = {at}, .expected = std::move(expected), .found = std::move(found)};
}

template <typename Entries>
std::optional<Defect> offsets_not_sane(const Entries& entries, std::size_t entry_bytes) {
  if (const auto last = entries.size() - 1; entries.size() > 0 && entries[last].offset < entries.base()) {
    return not_sane(DefectCode::index_offset, last * entry_bytes,
                    fmt::format("an offset of at least the base {}", entries.base()),
                    fmt::format("{}", entries[last].offset));
  }
  if (entries.left_over() > 0) {
    return not_sane(DefectCode::trailing_bytes, entries.size() * entry_bytes,
                    fmt::format("entries of {} bytes", entry_bytes),
                    fmt::format("{} more bytes", entries.left_over()));
  }
  return std::nullopt;
}

std::optional<Defect> not_sane(const TimeEntries& entries) {
  if (const auto last = entries.size() - 1;
      entries.size() > 0 && entries[last].timestamp_ms < entries[0].timestamp_ms) {
    return not_sane(DefectCode::index_order, last * TimeIndexEntry::kSize,
                    fmt::format("a timestamp of at least the first one's {}", entries[0].timestamp_ms),
                    fmt::format("{}", entries[last].timestamp_ms));
  }
  return offsets_not_sane(entries, TimeIndexEntry::kSize);
}

class TimeIndexCheck {
 public:
  TimeIndexCheck(Log& log, const OffsetEntries& index, const KafkaFileName& file, KafkaFindings& findings)
      : log_(log),
        index_(index),
        file_(file),
        findings_(findings),
        batches_(log.file(), log.size_bytes()),
        chunk_(log.file(), kChunkBytes) {}

  // The entry at position `at` of the index.
  std::optional<LocatedDefect> check(const TimeIndexEntry& entry, std::size_t at) {
    const std::int32_t begin = index_.lookup(entry.offset);
    if (!log_.has(begin)) return LocatedDefect{file_.path(), no_batch(at, entry.offset, begin)};
    const auto batches = batches_.from({static_cast<std::uint64_t>(begin)});
    if (!batches) return LocatedDefect{log_.path(), batches.error()};
    const auto batch = std::find_if(batches->begin(), batches->end(), [&](const auto& candidate) {
      return !candidate.last_offset || *candidate.last_offset >= entry.offset;
    });
    if (batch == batches->end()) {
      findings_.offset_not_found(file_, entry.offset, Offset{-1});
    } else if (!batch->last_offset) {
      return LocatedDefect{log_.path(), torn_header(batch->position)};
    } else if (*batch->last_offset != entry.offset) {
      findings_.offset_not_found(file_, entry.offset, *batch->last_offset);
    } else {
      if (auto defect = greatest_timestamp(batch->position)) return LocatedDefect{log_.path(), *defect};
      if (greatest_ms_ != entry.timestamp_ms)
        findings_.timestamp_mismatch(file_, entry.timestamp_ms, greatest_ms_);
      if (before_ms_ >= entry.timestamp_ms) findings_.out_of_order(file_, entry.timestamp_ms, before_ms_);
    }
    before_ms_ = entry.timestamp_ms;
    return std::nullopt;
  }

 private:
  Defect torn_header(Position position) const {
    return {.code = DefectCode::truncated,
            .position = position,
            .expected = fmt::format("a header of {} bytes", RecordBatchHeader::kSize),
            .found = fmt::format("{} bytes to the end of the file", log_.size_bytes() - position.value)};
  }

  // Of the records of the batch there.
  std::optional<Defect> greatest_timestamp(Position position) {
    greatest_ms_ = kNoTimestamp;
    KafkaLogWalk walk(chunk_, {.begin = position, .end = {log_.size_bytes()}}, KafkaLogWalk::Payload::read);
    const auto batch = walk.next();
    if (!batch) return batch.error();
    if (*batch == nullptr) return torn_header(position);
    const auto header = (*batch)->header();
    if (!header) return header.error();
    records_.open({.header = *header, .position = position, .bytes = (*batch)->whole()});
    for (RecordView record; records_.next(record);)
      greatest_ms_ = std::max(greatest_ms_, record.timestamp_ms);
    return records_.defect();
  }

  Log& log_;
  const OffsetEntries& index_;
  const KafkaFileName& file_;
  KafkaFindings& findings_;
  KafkaBatchList batches_;
  FileChunk chunk_;
  KafkaRecords records_;
  std::int64_t greatest_ms_ = kNoTimestamp;
  std::int64_t before_ms_ = kNoTimestamp;  // of the entry before
};

}  // namespace

std::optional<LocatedDefect> kafka_offset_index_lines(FileSystem& files, const KafkaFileName& file,
                                                      const KafkaDumpOptions& options,
                                                      KafkaFindings& findings, Output& output) {
  const auto base = file.base_offset();
  if (!base) return LocatedDefect{file.path(), file.not_a_number()};
  Log log(files, file.companion(".log"));
  const OffsetEntries entries(read_file(files, file.path()), *base);
  KafkaLine line(output);
  if (entries.size() == 0) {
    line.text(file.path()).text(" is empty.").end();
    return std::nullopt;
  }
  if (options.index_sanity_check) {
    if (auto defect = offsets_not_sane(entries, OffsetIndexEntry::kSize))
      return LocatedDefect{file.path(), *defect};
    line.text(file.path()).text(" passed sanity check.").end();
    return std::nullopt;
  }
  FileChunk chunk(log.file(), kChunkBytes);
  for (std::size_t i = 0; i < entries.size(); ++i) {
    const auto entry = entries[i];
    if (i > 0 && entry.offset == entries.base()) break;
    const std::size_t at = i * OffsetIndexEntry::kSize;
    if (!log.has(entry.position))
      return LocatedDefect{file.path(), no_batch(at, entry.offset, entry.position)};
    const Position begin{static_cast<std::uint64_t>(entry.position)};
    const Position end{
        std::min(begin.value + static_cast<std::uint64_t>(options.max_message_size), log.size_bytes())};
    KafkaLogWalk walk(chunk, {.begin = begin, .end = end}, KafkaLogWalk::Payload::skip);
    const auto batch = walk.next();
    if (!batch) return LocatedDefect{log.path(), batch.error()};
    if (*batch == nullptr) return LocatedDefect{file.path(), no_batch(at, entry.offset, entry.position)};
    const auto last_offset = (*batch)->last_offset();
    if (!last_offset) return LocatedDefect{log.path(), last_offset.error()};
    if (*last_offset != entry.offset) findings.index_mismatch(file, entry.offset, *last_offset);
    if (!options.verify_index_only)
      line.text("offset: ", entry.offset).text(" position: ", entry.position).end();
  }
  return std::nullopt;
}

std::optional<LocatedDefect> kafka_time_index_lines(FileSystem& files, const KafkaFileName& file,
                                                    const KafkaDumpOptions& options, KafkaFindings& findings,
                                                    Output& output) {
  const auto base = file.base_offset();
  if (!base) return LocatedDefect{file.path(), file.not_a_number()};
  Log log(files, file.companion(".log"));
  const OffsetEntries index(read_file(files, file.companion(".index")), *base);
  const TimeEntries entries(read_file(files, file.path()), *base);
  KafkaLine line(output);
  if (options.index_sanity_check) {
    if (auto defect = not_sane(entries)) return LocatedDefect{file.path(), *defect};
    line.text(file.path()).text(" passed sanity check.").end();
    return std::nullopt;
  }
  TimeIndexCheck check(log, index, file, findings);
  for (std::size_t i = 0; i < entries.size(); ++i) {
    const TimeIndexEntry entry = entries[i];
    if (i > 0 && entry.offset == entries.base()) break;
    if (auto defect = check.check(entry, i * TimeIndexEntry::kSize)) return defect;
    if (!options.verify_index_only)
      line.text("timestamp: ", entry.timestamp_ms).text(" offset: ", entry.offset).end();
  }
  return std::nullopt;
}

}  // namespace kseg
