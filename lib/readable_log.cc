#include "lib/readable_log.h"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>

#include "lib/log_check.h"
#include "lib/transaction_tracker.h"
#include "lib/unless_missing.h"

namespace kseg {
namespace {

constexpr int kMaxAttempts = 10;            // a folder that changes faster is not read
constexpr std::size_t kMaxOpenFiles = 256;  // of one log; a process may open 1024
constexpr Offset kNoBound{std::numeric_limits<std::int64_t>::max()};

// The segments that `target` means, and whether the last of them is the one a broker appends to.
struct Listing {
  Path folder;
  std::vector<Segment> segments;
  bool ends_active = true;
  std::vector<LocatedDefect> not_files = {};

  static Listing of(FileSystem& files, const Path& target) {
    const auto info = files.info(target);
    if (info && info->is_directory) {
      const PartitionLog log = PartitionLog::open(files, target);
      return {.folder = target, .segments = log.segments(), .not_files = log.not_files()};
    }
    const Path folder = target.has_parent_path() ? target.parent_path() : Path(".");
    const auto name = parse_segment_file_name(target.filename().native());
    Segment segment{.base_offset = name ? name->offset : Offset{0}, .log = target};
    if (name) {
      const SegmentFileName index_name{SegmentFileKind::transaction_index, name->offset, name->state};
      const Path index = folder / to_string(index_name);
      if (files.info(index)) segment.transaction_index = index;
    }
    const PartitionLog log = PartitionLog::open(files, folder);
    const bool active = !log.segments().empty() && log.active().log.filename() == target.filename();
    return {.folder = folder, .segments = {segment}, .ends_active = active};
  }
};

}  // namespace

class ReadableLog::Scan {
 public:
  Scan(FileSystem& files, const Path& target, const Request& request, VerifyReport& report)
      : files_(files),
        request_(request),
        listing_(Listing::of(files, target)),
        report_(report),
        limit_(request.at_offset.value_or(kNoBound)),
        log_start_(log_start_of(files, listing_.folder)),
        tracker_(read_transaction_indexes(), log_start_) {}

  ReadableLog run() {
    for (const LocatedDefect& each : listing_.not_files) report_.defect(each.file, each.defect);
    for (std::size_t i = 0; i < listing_.segments.size() && !at_end_; ++i) scan_segment(i);
    Offset end = std::min(limit_, next_offset_);
    if (committed_only()) {
      for (const auto& [producer, first_offset] : open_) end = std::min(end, first_offset);
    }
    log_.range_ = {.begin = std::min(log_start_, end), .end = end};
    return std::move(log_);
  }

 private:
  bool committed_only() const { return request_.isolation == Isolation::read_committed; }

  std::vector<AbortedTxn> read_transaction_indexes() {
    std::vector<AbortedTxn> all;
    if (!committed_only()) return all;
    for (const Segment& segment : listing_.segments) {
      if (!segment.transaction_index) continue;
      const ByteBuffer bytes = read_file(files_, *segment.transaction_index);
      const auto entries = decode_transaction_index(bytes, segment.base_offset);
      if (entries) {
        all.insert(all.end(), entries->begin(), entries->end());
      } else {
        report_.defect(*segment.transaction_index, entries.error());
      }
    }
    return all;
  }

  void scan_segment(std::size_t index) {
    const Segment& segment = listing_.segments[index];
    if (segment.base_offset >= limit_) {
      at_end_ = true;
      return;
    }
    const bool is_last = index + 1 == listing_.segments.size();
    next_base_ = is_last ? kNoBound : listing_.segments[index + 1].base_offset;
    next_offset_ = std::max(next_offset_, segment.base_offset);
    const std::shared_ptr<File> file = files_.open(segment.log);
    log_.segments_.push_back({.log = segment.log});
    if (listing_.segments.size() <= kMaxOpenFiles) log_.segments_.back().file = file;
    SegmentReader reader(*file);
    while (!at_end_) {
      const auto batch = reader.next();
      if (!batch) {
        tell(batch.error(), segment, is_last && listing_.ends_active);
        continue;
      }
      if (!*batch) return;
      scan_batch(**batch, segment);
    }
  }

  void tell(const Defect& defect, const Segment& segment, bool active) {
    if (defect.code == DefectCode::torn_tail && active)
      report_.note(segment.log, defect.position, describe(defect));
    else
      report_.defect(segment.log, defect);
  }

  void scan_batch(const RecordBatchView& batch, const Segment& segment) {
    const RecordBatchHeader& header = batch.header;
    const auto misplaced = check_place(batch, segment);
    if (misplaced) report_.defect(segment.log, *misplaced);
    if (request_.at_time_ms && !misplaced) look_for_time(batch);
    // The crc does not cover a base offset: one that cannot stand here ends nothing.
    if (header.base_offset >= limit_ && !misplaced) {
      at_end_ = true;
      return;
    }
    next_offset_ = header.next_offset();

    ReadableSegment& into = log_.segments_.back();
    append_to_runs(header.size_bytes(), batch.position, into.runs);
    into.aborted.push_back(false);
    if (!committed_only()) return;
    const auto control_type = control_type_of(batch);
    follow_undecided(header, control_type);
    const auto verdict = tracker_.next(batch, control_type);
    if (!verdict)
      report_.defect(segment.log, verdict.error());
    else if (!header.is_control())
      into.aborted.back() = verdict->discardable;
  }

  std::optional<Defect> check_place(const RecordBatchView& batch, const Segment& segment) const {
    const RecordBatchHeader& header = batch.header;
    constexpr std::int64_t kMaxRelativeOffset = std::numeric_limits<std::int32_t>::max();
    const Offset highest = std::min(segment.base_offset + kMaxRelativeOffset, next_base_ - 1);
    const auto defect = [&](DefectCode code, std::string expected, std::string found) {
      return Defect{.code = code,
                    .position = batch.position,
                    .offset = header.base_offset,
                    .expected = std::move(expected),
                    .found = std::move(found)};
    };
    if (header.base_offset < segment.base_offset || header.last_offset() > highest) {
      return defect(DefectCode::segment_range, fmt::format("offsets in {}..{}", segment.base_offset, highest),
                    fmt::format("{}..{}", header.base_offset, header.last_offset()));
    }
    if (header.base_offset < next_offset_) {
      return defect(DefectCode::offset_order, fmt::format("an offset of at least {}", next_offset_),
                    fmt::format("{}", header.base_offset));
    }
    return std::nullopt;
  }

  // Of the first record of a control batch. What is wrong with it, is left to verify.
  std::optional<ControlType> control_type_of(const RecordBatchView& batch) {
    if (!batch.header.is_control() || batch.header.record_count == 0) return std::nullopt;
    const auto records = uncompressed_records(batch, decompressor_, scratch_);
    if (!records) return std::nullopt;
    RecordReader reader(batch.header, records->bytes);
    RecordView first;
    if (!reader.next(first)) return std::nullopt;
    const auto type = decode_control_type(first);
    return type ? std::optional(*type) : std::nullopt;
  }

  void follow_undecided(const RecordBatchHeader& header, std::optional<ControlType> control_type) {
    if (!header.has_producer() || !header.is_transactional()) return;
    if (!header.is_control()) {
      open_.try_emplace(header.producer_id, header.base_offset);
    } else if (control_type == ControlType::abort || control_type == ControlType::commit) {
      open_.erase(header.producer_id);
    }
  }

  // Lowers the limit to the first record with a later time than asked for.
  void look_for_time(const RecordBatchView& batch) {
    if (batch.header.record_count == 0 || batch.header.max_timestamp <= *request_.at_time_ms) return;
    const auto records = uncompressed_records(batch, decompressor_, scratch_);
    if (!records) return;
    RecordReader reader(batch.header, records->bytes);
    for (RecordView record; reader.next(record);) {
      if (record.timestamp_ms <= *request_.at_time_ms) continue;
      limit_ = std::min(limit_, record.offset);
      return;
    }
  }

  FileSystem& files_;
  Request request_;
  Listing listing_;
  VerifyReport& report_;
  Offset limit_;
  Offset log_start_;
  TransactionTracker tracker_;
  std::unordered_map<std::int64_t, Offset> open_;  // first offset of each producer's transaction
  Decompressor decompressor_;
  ByteBuffer scratch_;
  ReadableLog log_;

  // Where the scan stands.
  Offset next_base_ = kNoBound;  // of the segment behind
  Offset next_offset_;           // behind the last batch
  bool at_end_ = false;          // of what was asked for
};

std::shared_ptr<File> ReadableLog::file(FileSystem& files, std::size_t segment) const {
  const ReadableSegment& of = segments_[segment];
  return of.file ? of.file : files.open(of.log);
}

ReadableLog ReadableLog::open(FileSystem& files, const Path& target, const Request& request,
                              VerifyReport& report) {
  for (int attempt = 1; attempt < kMaxAttempts; ++attempt) {
    if (auto log = unless_missing([&] { return Scan(files, target, request, report).run(); })) return *log;
    if (!files.info(target)) break;
  }
  return Scan(files, target, request, report).run();
}

}  // namespace kseg
