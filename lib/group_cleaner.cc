#include "lib/group_cleaner.h"

#include <fmt/format.h>
#include <xxhash.h>

#include <algorithm>

#include "formats/offset_index.h"
#include "formats/time_index.h"

namespace kseg {
namespace {

// A digest of what was appended to a `.log`, to compare with what is read back.
class StreamDigest {
 public:
  StreamDigest() : state_(XXH3_createState()) { XXH3_64bits_reset(state_.get()); }
  void add(Bytes bytes) { XXH3_64bits_update(state_.get(), bytes.data(), bytes.size()); }
  std::uint64_t value() const { return XXH3_64bits_digest(state_.get()); }

 private:
  struct Free {
    void operator()(XXH3_state_t* state) const { XXH3_freeState(state); }
  };
  std::unique_ptr<XXH3_state_t, Free> state_;
};

bool holds(FileSystem& files, const std::optional<Path>& path, Bytes bytes) {
  return path && same_bytes(read_file(files, *path), bytes);
}

// Reads the written files back: every batch with its crc, all bytes as they were appended.
std::optional<LocatedDefect> check_written(FileSystem& files, const SegmentWriter& writer,
                                           std::uint64_t digest) {
  const Path log = writer.path(SegmentFileKind::log);
  const auto file = files.open(log);
  SegmentReader reader(*file);
  StreamDigest read_back;
  std::uint64_t size = 0;
  while (true) {
    const auto batch = reader.next();
    if (!batch) return LocatedDefect{log, batch.error()};
    if (!*batch) break;
    read_back.add((*batch)->bytes);
    size += (*batch)->bytes.size();
  }
  const auto differs = [](const Path& path) {
    return LocatedDefect{path,
                         {.code = DefectCode::crc_mismatch,
                          .position = {},
                          .expected = "the bytes that were written",
                          .found = "others"}};
  };
  if (size != writer.size_bytes() || read_back.value() != digest) return differs(log);
  const auto same = [&](SegmentFileKind kind, Bytes bytes) { return holds(files, writer.path(kind), bytes); };
  if (!same(SegmentFileKind::offset_index, writer.indexes().offset_index())) {
    return differs(writer.path(SegmentFileKind::offset_index));
  }
  if (!same(SegmentFileKind::time_index, writer.indexes().time_index())) {
    return differs(writer.path(SegmentFileKind::time_index));
  }
  if (!writer.transaction_index().empty() &&
      !same(SegmentFileKind::transaction_index, writer.transaction_index())) {
    return differs(writer.path(SegmentFileKind::transaction_index));
  }
  return std::nullopt;
}

// The segment that takes the place of a group: as a rule one.
class Outputs {
 public:
  Outputs(FileSystem& files, SegmentWriter::Options options, Split split)
      : files_(files), options_(std::move(options)), split_(split) {
    begin(options_.base_offset);
  }

  std::optional<Defect> append(const RecordBatchHeader& header, Bytes batch) {
    const SegmentWriter& last = *written_.back().writer;
    if (split_ == Split::if_needed && !last.fits(header, batch) && last.size_bytes() > 0)
      begin(header.base_offset);
    written_.back().digest.add(batch);
    return written_.back().writer->append(header, batch);
  }

  // To the output that holds the marker.
  void append(const AbortedTxn& txn) {
    auto output = written_.rbegin();
    while (output->writer->base_offset() > txn.last_offset && output + 1 != written_.rend()) ++output;
    output->writer->append(txn);
  }

  // A loader that completes this swap after a crash removes old files by the offsets the output
  // covers: none if it is empty. An empty `.txnindex` then takes the place of the old one.
  void replace_transaction_index() {
    SegmentWriter& first = *written_.front().writer;
    if (first.size_bytes() == 0) first.force_transaction_index();
  }

  std::optional<LocatedDefect> finish(std::int64_t mtime_ns) {
    for (const Written& output : written_) {
      output.writer->finish(mtime_ns);
      if (auto defect = check_written(files_, *output.writer, output.digest.value())) return defect;
    }
    return std::nullopt;
  }

  void keep(GroupResult& result) {
    for (const Written& output : written_) {
      output.writer->keep();
      result.outputs.push_back(output.writer->base_offset());
      result.log_bytes += output.writer->size_bytes();
    }
  }

 private:
  struct Written {
    std::unique_ptr<SegmentWriter> writer;
    StreamDigest digest;
  };

  void begin(Offset base_offset) {
    options_.base_offset = base_offset;
    written_.push_back({.writer = std::make_unique<SegmentWriter>(files_, options_), .digest = {}});
  }

  FileSystem& files_;
  SegmentWriter::Options options_;
  Split split_;
  std::vector<Written> written_;
};

}  // namespace

bool GroupCleaner::is_unchanged(const SegmentGroup& group) {
  if (group.size() > 1 || !plan_.segments[group.first].is_verbatim()) return false;
  const Segment& segment = log_.segments()[group.first];
  const ScannedSegment& scanned = scan_.segments[group.first];
  // Offsets that no index can say are split over several.
  if (scanned.next_offset - segment.base_offset > std::int64_t{1} << 31) return false;

  ByteBuffer transaction_index;
  for (const AbortedTxn& txn : scanned.kept_entries) encode_aborted_txn(txn, transaction_index);
  if (transaction_index.empty() ? segment.transaction_index.has_value()
                                : !holds(files_, segment.transaction_index, transaction_index)) {
    return false;
  }

  SegmentIndexes indexes(segment.base_offset, index_interval_bytes_);
  const auto file = files_.open(segment.log);
  SegmentReader reader(*file, {.payload = SegmentReader::Payload::skip});
  std::uint64_t size = 0;
  while (true) {
    const auto batch = reader.next();
    if (!batch) return false;
    if (!*batch) break;
    indexes.add((*batch)->header, (*batch)->position);
    size += (*batch)->header.size_bytes();
  }
  indexes.close();
  return size == segment.size_bytes && holds(files_, segment.offset_index, indexes.offset_index()) &&
         holds(files_, segment.time_index, indexes.time_index());
}

template <typename Sink>
std::optional<LocatedDefect> GroupCleaner::each_batch(const SegmentGroup& group, Sink&& sink) {
  for (std::size_t i = group.first; i <= group.last; ++i) {
    const Segment& segment = log_.segments()[i];
    const ScannedSegment& scanned = scan_.segments[i];
    SegmentPlan& plan = plan_.segments[i];
    const auto file = files_.open(segment.log);
    for (const BatchRun& run : scanned.runs) {
      const auto verdicts = std::span{plan.verdicts}.subspan(run.first_batch, run.batch_count);
      const bool all_dropped = std::all_of(verdicts.begin(), verdicts.end(), [](BatchVerdict verdict) {
        return verdict == BatchVerdict::drop;
      });
      if (all_dropped) continue;
      if (auto defect = chunk_.read(*file, run)) {
        return LocatedDefect{segment.log, *defect};
      }
      if (auto defect = copy_chunk(plan, run.first_batch, sink)) return LocatedDefect{segment.log, *defect};
    }
    check(plan.kept.empty(), "a plan's record bits are left over");
  }
  return std::nullopt;
}

template <typename Sink>
std::optional<Defect> GroupCleaner::copy_chunk(SegmentPlan& plan, std::size_t first_batch, Sink&& sink) {
  for (std::size_t i = 0; i < chunk_.batches().size(); ++i) {
    const RecordBatchView& batch = chunk_.batches()[i];
    const BatchVerdict verdict = plan.verdicts[first_batch + i];
    rebuilt_.clear();
    Bytes output = rebuilt_;
    switch (verdict) {
      case BatchVerdict::drop: continue;
      case BatchVerdict::verbatim: output = batch.bytes; break;
      case BatchVerdict::empty_header:
        encode_empty_batch(batch.header, rebuilt_);
        output = rebuilt_;
        break;
      case BatchVerdict::rebuild:
      case BatchVerdict::rebuild_with_horizon: {
        const bool new_horizon = verdict == BatchVerdict::rebuild_with_horizon;
        if (auto defect =
                rebuild(batch, new_horizon ? new_horizon_ms_ : batch.header.delete_horizon_ms(), plan.kept)) {
          return defect;
        }
        output = rebuilt_;
        break;
      }
    }
    const auto header = decode_record_batch_header(output);
    check(static_cast<bool>(header), "a batch that was just built");
    if (auto defect = sink(*header, output)) return defect;
  }
  return std::nullopt;
}

std::optional<Defect> GroupCleaner::rebuild(const RecordBatchView& batch,
                                            std::optional<std::int64_t> horizon_ms, std::vector<bool>& kept) {
  if (batch.header.is_legacy())
    return keeps_legacy_ ? rebuild_wrapper(batch, kept) : convert(batch, horizon_ms, kept);
  builder_.begin(batch.header, horizon_ms);
  if (auto defect = each_kept(batch, kept, [&](const RecordView& record) { builder_.add(record); }))
    return defect;
  return builder_.finish(compressor_, rebuilt_);
}

template <typename Take>
std::optional<Defect> GroupCleaner::each_kept(const RecordBatchView& batch, std::vector<bool>& kept,
                                              Take&& take) {
  const auto section = uncompressed_records(batch, decompressor_, scratch_);
  if (!section) return section.error();
  RecordReader reader(batch.header, section->bytes);
  for (RecordView record; reader.next(record);) {
    check(!kept.empty(), "a plan lacks record bits");
    if (kept.back()) take(record);
    kept.pop_back();
  }
  return reader.defect();
}

// A message of format 0 or 1 becomes a batch of format 2 that spans what is left in it.
std::optional<Defect> GroupCleaner::convert(const RecordBatchView& message,
                                            std::optional<std::int64_t> horizon_ms, std::vector<bool>& kept) {
  std::optional<Offset> first;
  auto defect = each_kept(message, kept, [&](const RecordView& record) {
    if (!first) {
      first = record.offset;
      builder_.begin({.base_offset = *first,
                      .attributes = message.header.attributes,
                      .max_timestamp = message.header.max_timestamp},
                     horizon_ms);
    }
    builder_.set_last_offset_delta(static_cast<std::int32_t>(record.offset - *first));
    builder_.add(record);
  });
  return defect ? defect : builder_.finish(compressor_, rebuilt_);
}

std::optional<Defect> GroupCleaner::rebuild_wrapper(const RecordBatchView& wrapper, std::vector<bool>& kept) {
  wrapper_builder_.begin(wrapper.header);
  if (auto defect =
          each_kept(wrapper, kept, [&](const RecordView& record) { wrapper_builder_.add(record); })) {
    return defect;
  }
  return wrapper_builder_.finish(compressor_, rebuilt_);
}

std::optional<LocatedDefect> GroupCleaner::copy(const SegmentGroup& group, SegmentWriter::Options options,
                                                Split split, GroupResult& result) {
  const auto sources = std::span{log_.segments()}.subspan(group.first, group.size());
  Outputs outputs(files_, std::move(options), split);
  auto defect = each_batch(
      group, [&](const RecordBatchHeader& header, Bytes bytes) { return outputs.append(header, bytes); });
  if (defect) return defect;
  for (std::size_t i = group.first; i <= group.last; ++i) {
    for (const AbortedTxn& txn : scan_.segments[i].kept_entries) outputs.append(txn);
  }
  if (sources.front().transaction_index) outputs.replace_transaction_index();
  constexpr std::int64_t kNsPerMs = 1'000'000;
  if (auto wrong = outputs.finish(sources.back().mtime_ms() * kNsPerMs)) return wrong;
  outputs.keep(result);
  return std::nullopt;
}

std::optional<LocatedDefect> GroupCleaner::measure(const SegmentGroup& group, GroupResult& result) {
  std::vector<std::vector<bool>> kept;
  for (std::size_t i = group.first; i <= group.last; ++i) kept.push_back(plan_.segments[i].kept);
  auto defect = each_batch(group, [&](const RecordBatchHeader&, Bytes bytes) -> std::optional<Defect> {
    result.log_bytes += bytes.size();
    return std::nullopt;
  });
  for (std::size_t i = group.first; i <= group.last; ++i)
    plan_.segments[i].kept = std::move(kept[i - group.first]);
  return defect;
}

}  // namespace kseg
