#include "lib/loaded_producers.h"

#include <fmt/format.h>

#include <algorithm>

#include "formats/control_record.h"
#include "formats/offset_index.h"
#include "formats/producer_snapshot.h"
#include "lib/producer_snapshot_file.h"

namespace kseg {
namespace {

void sort_by_id(std::vector<ProducerStateEntry>& entries) {
  std::sort(entries.begin(), entries.end(), [](const ProducerStateEntry& a, const ProducerStateEntry& b) {
    return a.producer_id < b.producer_id;
  });
}

}  // namespace

SnapshotFiles::SnapshotFiles(FileSystem& files, std::map<Offset, Path> there)
    : files_(files), there_(std::move(there)) {
  for (const auto& [offset, path] : there_) now_[offset] = std::nullopt;
}

std::vector<Offset> SnapshotFiles::offsets() const {
  std::vector<Offset> offsets;
  for (const auto& [offset, written] : now_) offsets.push_back(offset);
  return offsets;
}

Result<std::vector<ProducerStateEntry>> SnapshotFiles::read(Offset offset) const {
  if (const Written& written = now_.at(offset)) return *written;
  return decode_producer_snapshot(read_producer_snapshot(files_, there_.at(offset)));
}

void SnapshotFiles::remove(Offset offset, Unneeded why) {
  now_.erase(offset);
  why_[offset] = why;
}

void SnapshotFiles::write(Offset offset, std::vector<ProducerStateEntry> entries) {
  sort_by_id(entries);
  if (const auto there = there_.find(offset); there != there_.end()) {
    auto old = decode_producer_snapshot(read_producer_snapshot(files_, there->second));
    if (old) sort_by_id(*old);
    if (old && *old == entries) {
      now_[offset] = std::nullopt;
      return;
    }
  }
  now_[offset] = std::move(entries);
}

std::map<Offset, SnapshotFiles::Unneeded> SnapshotFiles::removed() const {
  std::map<Offset, Unneeded> removed;
  for (const auto& [offset, path] : there_) {
    if (!now_.contains(offset)) removed[offset] = why_.at(offset);
  }
  return removed;
}

std::map<Offset, ByteBuffer> SnapshotFiles::written() const {
  std::map<Offset, ByteBuffer> written;
  for (const auto& [offset, entries] : now_) {
    if (entries) encode_producer_snapshot(*entries, written[offset]);
  }
  return written;
}

std::optional<LocatedDefect> LoadedProducers::rebuild(std::span<const LogPart> parts, const Range& range) {
  std::set<Offset> wanted{range.end};
  for (const LogPart& part : parts.last(std::min<std::size_t>(parts.size(), 2)))
    wanted.insert(part.base_offset);
  if (range.assume_none && snapshots_.offsets().empty()) {
    for (const Offset offset : wanted) {
      end_ = offset;
      take_snapshot();
    }
    return std::nullopt;
  }

  const bool nothing_to_read = state_.entries().empty() && end_ >= range.end;
  load(range);
  if (range.end > end_ && !nothing_to_read) {
    // From the part that holds where the snapshot ends; to the one that holds `end`, and no further.
    std::size_t index = 0;
    while (index + 1 < parts.size() && parts[index + 1].base_offset <= end_) ++index;
    for (; index < parts.size() && parts[index].base_offset < range.end; ++index) {
      const LogPart& part = parts[index];
      const bool last = index + 1 == parts.size() || parts[index + 1].base_offset > range.end;
      end_ = std::max({part.base_offset, end_, range.log_start});
      if (wanted.contains(part.base_offset)) take_snapshot();
      const Offset from = end_;

      const auto file = files_.open(part.log);
      const auto start = find_batch(*file, part, from);
      if (!start) return LocatedDefect{part.log, start.error()};
      const auto stop = last ? find_batch(*file, part, range.end) : Result(std::optional<Position>{});
      if (!stop) return LocatedDefect{part.log, stop.error()};
      if (!*start) continue;
      RecoveryReader reader(*file, RecoveryReader::Payload::skip, stop->value_or(part.end), **start);
      while (true) {
        const auto batch = reader.next();
        if (!batch) return LocatedDefect{part.log, batch.error()};
        if (!*batch) break;
        if (const auto applied = apply(**batch); !applied) return LocatedDefect{part.log, applied.error()};
      }
      end_ = from;
    }
  }
  end_ = range.end;
  take_snapshot();
  return std::nullopt;
}

// Where a broker begins to read `offset`: by the base offsets, which agree with the last ones unless offsets
// go back. Nothing if it finds no place.
Result<std::optional<Position>> LoadedProducers::find_batch(File& file, const LogPart& part, Offset offset) {
  ByteBuffer index;
  if (part.new_index == nullptr && part.offset_index) index = read_file(files_, *part.offset_index);
  const OffsetIndexView entries(part.new_index == nullptr ? index : *part.new_index, part.base_offset);
  RecoveryReader reader(file, RecoveryReader::Payload::skip, part.end, entries.lookup(offset).position);
  std::optional<Position> before;
  while (true) {
    const auto batch = reader.next();
    if (!batch) return batch.error();
    const bool passed = !*batch || (*batch)->header.base_offset > offset;
    if (passed && before) return before;
    if (!*batch) return std::optional<Position>{};
    if (passed || (*batch)->header.base_offset == offset) return std::optional((*batch)->position);
    before = (*batch)->header.last_offset() >= offset ? std::optional((*batch)->position) : std::nullopt;
  }
}

void LoadedProducers::load(const Range& range) {
  for (const Offset offset : snapshots_.offsets()) {
    if (offset > range.end || offset <= range.log_start) {
      snapshots_.remove(offset, SnapshotFiles::Unneeded::out_of_range);
    }
  }
  if (end_ == range.end) {
    end_ = std::max(end_, range.log_start);
    const auto left = snapshots_.offsets();
    last_snapshot_ = left.empty() ? range.log_start : left.back();
    return;
  }
  state_ = ProducerState();
  last_snapshot_ = end_ = range.log_start;
  const auto left = snapshots_.offsets();
  for (auto offset = left.rbegin(); offset != left.rend(); ++offset) {
    const auto entries = snapshots_.read(*offset);
    if (!entries) {
      snapshots_.remove(*offset, SnapshotFiles::Unneeded::damaged);
      continue;
    }
    state_ = ProducerState(*entries, expiry_.now_ms, expiry_.expiration_ms);
    last_snapshot_ = end_ = *offset;
    return;
  }
}

Result<std::optional<AbortedTxn>> LoadedProducers::apply(const RecordBatchView& batch) {
  const RecordBatchHeader& header = batch.header;
  std::optional<AbortedTxn> aborted;
  if (header.has_producer()) {
    std::optional<RecordView> marker;
    bool is_abort = false;
    if (header.is_control() && header.record_count != 0) {
      const auto record = first_record(batch);
      if (!record) return record.error();
      marker = *record;
      const auto type = decode_control_type(*marker);
      if (!type) return type.error();
      if (*type != ControlType::abort && *type != ControlType::commit) {
        return Defect{.code = DefectCode::bad_control_record,
                      .position = batch.position,
                      .offset = header.base_offset,
                      .expected = "ABORT or COMMIT of a batch with a producer id",
                      .found = std::string(name(*type))};
      }
      is_abort = *type == ControlType::abort;
    }
    const ProducerStateEntry* const producer = state_.find(header.producer_id);
    const Offset began = producer == nullptr ? Offset{-1} : producer->current_txn_first_offset;
    if (auto defect = state_.apply(batch, marker)) return std::move(*defect);
    if (is_abort && began.value >= 0) {
      aborted =
          AbortedTxn{.producer_id = header.producer_id,
                     .first_offset = began,
                     .last_offset = header.base_offset,
                     .last_stable_offset = state_.first_open_transaction().value_or(header.base_offset + 1)};
    }
  }
  end_ = header.next_offset();
  return aborted;
}

Result<std::optional<RecordView>> LoadedProducers::first_record(const RecordBatchView& batch) {
  const auto records = uncompressed_records(batch, decompressor_, scratch_);
  if (!records) return records.error();
  RecordReader reader(batch.header, records->bytes);
  RecordView first;
  const bool found = reader.next(first);
  // Who reads the last record of a batch sees what is left behind it.
  RecordView none;
  if (found && batch.header.record_count == 1) reader.next(none);
  if (found && !reader.defect()) return std::optional(first);
  if (reader.defect()) {
    Defect defect = *reader.defect();
    defect.position = batch.position;
    return defect;
  }
  return Defect{.code = DefectCode::record_count_mismatch,
                .position = batch.position,
                .offset = batch.header.base_offset,
                .expected = "a record",
                .found = fmt::format("a count of {}", batch.header.record_count)};
}

void LoadedProducers::take_snapshot() {
  if (end_ <= last_snapshot_) return;
  snapshots_.write(end_, state_.entries());
  last_snapshot_ = end_;
}

void LoadedProducers::remove_strays(std::span<const LogPart> parts) {
  std::set<Offset> bases;
  for (const LogPart& part : parts) bases.insert(part.base_offset);
  std::optional<Offset> last_stray;
  for (const Offset offset : snapshots_.offsets()) {
    if (bases.contains(offset)) continue;
    if (last_stray) snapshots_.remove(*last_stray, SnapshotFiles::Unneeded::stray);
    last_stray = offset;
  }
  if (last_stray && !bases.empty() && *last_stray < *bases.rbegin()) {
    snapshots_.remove(*last_stray, SnapshotFiles::Unneeded::stray);
  }
}

void LoadedProducers::start_at(Offset offset, const std::set<Offset>& known) {
  for (const Offset snapshot : known) {
    if (snapshots_.contains(snapshot)) snapshots_.remove(snapshot, SnapshotFiles::Unneeded::segment_gone);
  }
  state_ = ProducerState();
  last_snapshot_ = Offset{0};
  end_ = offset;
}

}  // namespace kseg
