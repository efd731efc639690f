#include "lib/segment_check.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <deque>
#include <limits>

#include "lib/ordered_work.h"
#include "lib/unless_missing.h"

namespace kseg {
namespace {

constexpr std::int64_t kMaxRelativeOffset = std::numeric_limits<std::int32_t>::max();
constexpr std::uint64_t kMaxFileBytes = std::numeric_limits<std::int32_t>::max();

constexpr std::size_t kIndexChunkBytes = std::size_t{3} << 16;  // whole entries of both kinds

// To its end, or as much as an index can hold.
ByteBuffer read_index(File& file, bool stop_at_zeros) {
  ByteBuffer bytes;
  while (bytes.size() <= kMaxFileBytes) {
    const std::size_t before = bytes.size();
    bytes.resize(before + kIndexChunkBytes);
    const std::size_t got = file.read_at({before}, std::span(bytes).subspan(before));
    bytes.resize(before + got);
    if (got < kIndexChunkBytes) break;
    // Brokers make the indexes of an active segment 10 MiB long, nearly all of it zeros.
    constexpr std::ptrdiff_t kEntry = TimeIndexEntry::kSize;
    if (stop_at_zeros &&
        std::all_of(bytes.end() - kEntry, bytes.end(), [](std::uint8_t byte) { return byte == 0; })) {
      break;
    }
  }
  return bytes;
}

// Nothing if the file is gone.
std::optional<ByteBuffer> read_index(FileSystem& files, const Path& path, bool stop_at_zeros) {
  return unless_missing([&] { return read_index(*files.open(path), stop_at_zeros); });
}

// Whether the file that had these sizes and times still stands under its name.
bool still_there(FileSystem& files, const Path& path, const FileInfo& then, bool active) {
  const auto now = files.info(path);
  if (!now) return false;
  if (active) return now->size_bytes >= then.size_bytes;
  return now->size_bytes == then.size_bytes && now->mtime_ns == then.mtime_ns;
}

}  // namespace

SegmentCheck::SegmentCheck(FileSystem& files, const Segment& segment, Options options, LogState& state,
                           VerifyReport& report, std::unique_ptr<File> log)
    : files_(files),
      segment_(segment),
      options_(options),
      state_(state),
      report_(report),
      log_(std::move(log)),
      reader_(*log_) {}

std::unique_ptr<SegmentCheck> SegmentCheck::open(FileSystem& files, const Segment& segment, Options options,
                                                 LogState& state, VerifyReport& report) {
  auto log = unless_missing([&] { return files.open(segment.log); });
  if (!log) return nullptr;
  const FileInfo info = (*log)->info();
  const bool as_listed = info.size_bytes == segment.size_bytes && info.mtime_ns == segment.mtime_ns;
  if (!options.active && !as_listed) return nullptr;

  IndexBytes indexes;
  const auto read = [&](const std::optional<Path>& path, bool stop_at_zeros,
                        std::optional<ByteBuffer>& bytes) {
    if (path) bytes = read_index(files, *path, stop_at_zeros);
    return !path || bytes;
  };
  if (options.side_indexes && !(read(segment.offset_index, true, indexes.offset_index) &&
                                read(segment.time_index, true, indexes.time_index))) {
    return nullptr;
  }
  if (!read(segment.transaction_index, false, indexes.transaction_index)) return nullptr;
  // Segments are replaced file by file: what was read in between is of one kind.
  if (!still_there(files, segment.log, info, options.active)) return nullptr;

  std::unique_ptr<SegmentCheck> check(
      new SegmentCheck(files, segment, options, state, report, std::move(*log)));
  check->judge_indexes(std::move(indexes));
  report.count_segment();
  return check;
}

void SegmentCheck::judge_indexes(IndexBytes bytes) {
  if (reader_.end().value > kMaxFileBytes) {
    report_.defect(segment_.log, {.code = DefectCode::segment_too_large,
                                  .position = {kMaxFileBytes},
                                  .expected = fmt::format("at most {} bytes", kMaxFileBytes),
                                  .found = fmt::format("{}", reader_.end())});
  }
  if (bytes.offset_index) {
    offset_index_.emplace(*segment_.offset_index, std::move(*bytes.offset_index), segment_.base_offset,
                          options_.active, report_);
  }
  if (bytes.time_index) {
    time_index_.emplace(*segment_.time_index, std::move(*bytes.time_index), segment_.base_offset,
                        options_.active, report_);
  }
  if (options_.side_indexes) {
    if (!segment_.offset_index) warn_missing(SegmentFileKind::offset_index);
    if (!segment_.time_index) warn_missing(SegmentFileKind::time_index);
  }
  judge_transaction_index(bytes.transaction_index.value_or(ByteBuffer{}));
}

// A broker makes it anew, from the `.log` or empty.
void SegmentCheck::warn_missing(SegmentFileKind kind) {
  const Path path =
      segment_.log.parent_path() / to_string(SegmentFileName{.kind = kind, .offset = segment_.base_offset});
  report_.warning(path, {.code = DefectCode::missing_file, .expected = "an index beside its .log"});
}

void SegmentCheck::judge_transaction_index(Bytes bytes) {
  const Path path = segment_.transaction_index.value_or(Path{});
  if (const std::size_t surplus = bytes.size() % AbortedTxn::kSize; surplus > 0) {
    const Position at{bytes.size() - surplus};
    if (options_.active) {
      report_.note(path, at, fmt::format("{} bytes of an entry that is not complete", surplus));
    } else {
      report_.defect(path, {.code = DefectCode::trailing_bytes,
                            .position = at,
                            .expected = fmt::format("entries of {} bytes", AbortedTxn::kSize),
                            .found = fmt::format("{} more bytes", surplus)});
    }
  }
  auto entries = decode_transaction_index(bytes, segment_.base_offset);
  std::function<std::vector<AbortedTxn>()> reread;
  if (options_.active) {
    const Path now =
        segment_.log.parent_path() / to_string(SegmentFileName{.kind = SegmentFileKind::transaction_index,
                                                               .offset = segment_.base_offset});
    // Once for what was appended to it, however many markers are without an entry.
    reread = [this, now, read_bytes = std::uint64_t{bytes.size()}]() mutable {
      const auto info = files_.info(now);
      if (!info || info->size_bytes <= read_bytes) return std::vector<AbortedTxn>{};
      const ByteBuffer grown = read_index(files_, now, false).value_or(ByteBuffer{});
      read_bytes = grown.size();
      auto again = decode_transaction_index(grown, segment_.base_offset);
      return again ? *again : std::vector<AbortedTxn>{};
    };
  }
  state_.transactions.begin_segment(path, entries ? *entries : std::vector<AbortedTxn>{}, std::move(reread));
  if (entries) return;
  report_.defect(path, entries.error());
  state_.transactions.index_unreadable();
}

std::optional<CheckedBatch> SegmentCheck::next() {
  while (true) {
    const Position at = reader_.position();
    const auto batch = reader_.next();
    if (!batch) {
      unreadable(batch.error(), at);
      continue;
    }
    if (!*batch) {
      finish();
      return std::nullopt;
    }
    check_place(**batch);
    const CheckedBatch checked = state_.batches.check(**batch, segment_.log);
    check_transactions(checked);
    return checked;
  }
}

// A stretch, and what is in its batches.
class SegmentCheck::Slot {
 public:
  struct Batch {
    CheckedBatch checked;  // without records
    std::uint64_t records = 0;
    bool sound = true;  // nothing is to be told of it
  };

  // `batches` tells `silent`.
  void prepare(BatchCheck& batches, const VerifyReport& silent, const Path& log) {
    batches_.clear();
    StretchWalk walk(stretch);
    for (RecordBatchView batch; walk.next(batch);) {
      const VerifyCounts before = silent.counts();
      CheckedBatch checked = batches.check(batch, log);
      checked.records = {};
      const VerifyCounts& after = silent.counts();
      batches_.push_back({.checked = checked,
                          .records = after.records - before.records,
                          .sound = after.defects == before.defects && after.warnings == before.warnings});
    }
    end_ = walk.position();
    whole_ = walk.at_end();
  }

  BatchStretch stretch;
  const std::vector<Batch>& batches() const { return batches_; }
  Position end() const { return end_; }
  bool whole() const { return whole_; }  // false: what is at the end, SegmentReader must judge

 private:
  std::vector<Batch> batches_;
  Position end_;
  bool whole_ = false;
};

namespace {

// Counts, so that the one who is told can tell whether there is something to tell.
class SilentReport : public VerifyReport {
  void on_defect(const Path&, const Defect&) override {}
  void on_warning(const Path&, const Defect&) override {}
  void on_note(const Path&, Position, const std::string&) override {}
};

struct Checker {
  SilentReport report;
  BatchCheck batches{report, kMaxBytesBeside};
};

}  // namespace

void SegmentCheck::to_end(const StretchOptions& stretches) {
  StretchReader reader(*log_, reader_.position(), reader_.end(), stretches);
  std::vector<Slot> slots(OrderedWork::slots_for(stretches.jobs));
  std::deque<Checker> checkers(stretches.jobs);
  Position done = reader.position();
  OrderedWork{
      .jobs = stretches.jobs,
      .slots = slots.size(),
      .take = [&](std::size_t slot) { return reader.next(slots[slot].stretch); },
      .prepare =
          [&](std::size_t slot, std::size_t worker) {
            Checker& checker = checkers[worker];
            slots[slot].prepare(checker.batches, checker.report, segment_.log);
          },
      .commit =
          [&](std::size_t slot) {
            for (const Slot::Batch& batch : slots[slot].batches()) {
              check_place(batch.checked.batch);
              if (batch.sound) report_.count_batch(batch.records);
              check_transactions(batch.sound ? batch.checked
                                             : state_.batches.check(batch.checked.batch, segment_.log));
            }
            done = slots[slot].end();
            return slots[slot].whole();
          },
  }
      .run();
  if (reader.at_end() && done == reader.position()) return finish();
  // Once more, so that the reader knows what it would know.
  while (reader_.position() < done) {
    const auto batch = reader_.next();
    if (!batch || !*batch) break;
  }
  while (next()) {
  }
}

void SegmentCheck::check_place(const RecordBatchView& batch) {
  check_order(batch);
  state_.leader_epochs.batch(batch.header, batch.position, segment_.log);
  last_offset_ = batch.header.last_offset();
  // Not the batch's own word: a base offset is not covered by the crc.
  if (state_.last_offset) state_.end_offset = std::max(state_.end_offset, *state_.last_offset + 1);
  if (offset_index_) offset_index_->batch(batch.header, batch.position);
  if (time_index_) time_index_->batch(batch.header);
}

void SegmentCheck::check_transactions(const CheckedBatch& batch) {
  if (batch.readable) {
    state_.transactions.batch(batch, segment_.log);
  } else {
    state_.transactions.unreadable();
  }
}

void SegmentCheck::unreadable(const Defect& defect, Position from) {
  if (offset_index_) offset_index_->unreadable(from, reader_.position());
  if (defect.code == DefectCode::torn_tail && options_.active) {
    return report_.note(segment_.log, defect.position, describe(defect));
  }
  if (time_index_) time_index_->unreadable();
  state_.transactions.unreadable();
  report_.defect(segment_.log, defect);
  if (defect.code != DefectCode::crc_mismatch) return;
  // Its header may be as wrong as the rest, but it is about one batch.
  std::array<std::uint8_t, RecordBatchHeader::kSize> bytes{};
  const std::size_t read = log_->read_at(from, bytes);
  const auto header = decode_record_batch_header(Bytes(bytes).first(read), from);
  const bool plausible = header && header->record_count >= 0 && header->record_count <= header->batch_length;
  report_.count_batch(plausible ? static_cast<std::uint64_t>(header->record_count) : 0);
}

void SegmentCheck::check_order(const RecordBatchView& batch) {
  const Offset first = batch.header.base_offset;
  const Offset last = batch.header.last_offset();
  const auto refuse = [&](DefectCode code, std::string expected, Offset found) {
    report_.defect(segment_.log, {.code = code,
                                  .position = batch.position,
                                  .offset = first,
                                  .expected = std::move(expected),
                                  .found = fmt::format("{}", found)});
  };
  // A base offset is not covered by the crc. One that cannot be here says nothing about the next.
  const Offset base = segment_.base_offset;
  const auto& next_base = options_.next_base;
  if (first < base || (next_base && first >= *next_base)) {
    return refuse(DefectCode::segment_range,
                  next_base ? fmt::format("a base offset in {}..{}", base, *next_base - 1)
                            : fmt::format("a base offset of at least {}", base),
                  first);
  }
  if (last - base > kMaxRelativeOffset) {
    return refuse(DefectCode::segment_range,
                  fmt::format("a last offset of at most {}", base + kMaxRelativeOffset), last);
  }
  if (next_base && last >= *next_base) {
    refuse(DefectCode::segment_overlap,
           fmt::format("a last offset below the next segment's base {}", *next_base), last);
  } else if (state_.last_offset && first <= *state_.last_offset) {
    refuse(DefectCode::offset_order, fmt::format("a base offset above {}", *state_.last_offset), first);
  }
  state_.last_offset = last;
}

void SegmentCheck::finish() {
  const SegmentEnd end{.last_offset = last_offset_, .position = reader_.end(), .active = options_.active};
  if (offset_index_) offset_index_->finish(end);
  if (time_index_) time_index_->finish(end);
  state_.transactions.finish_segment(end);
}

}  // namespace kseg
