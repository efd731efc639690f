#include "lib/group_cleaner.h"

#include <algorithm>

#include "formats/offset_index.h"
#include "formats/time_index.h"
#include "lib/batch_rewriter.h"
#include "lib/ordered_work.h"

namespace kseg {
namespace {

bool holds(FileSystem& files, const std::optional<Path>& path, Bytes bytes) {
  return path && same_bytes(read_file(files, *path), bytes);
}

bool all_are(std::span<const BatchVerdict> verdicts, BatchVerdict wanted) {
  return std::all_of(verdicts.begin(), verdicts.end(),
                     [wanted](BatchVerdict verdict) { return verdict == wanted; });
}

// A run on its way from the source to the output.
struct RunCopy {
  std::shared_ptr<File> file;
  std::size_t segment = 0;
  std::size_t run_index = 0;
  BatchChunk chunk;
  ByteBuffer rebuilt;
  std::vector<RecordBatchHeader> headers;  // of the batches that stay
  Bytes batches;                           // borrowed from `chunk` or from `rebuilt`
  std::optional<Defect> defect;

  void make(const BatchRun& run, const SegmentPlan& plan, BatchRewriter& rewriter);
};

void RunCopy::make(const BatchRun& run, const SegmentPlan& plan, BatchRewriter& rewriter) {
  headers.clear();
  rebuilt.clear();
  defect = chunk.read(*file, run);
  file.reset();
  if (defect) return;
  const auto verdicts = std::span{plan.verdicts}.subspan(run.first_batch, run.batch_count);
  if (all_are(verdicts, BatchVerdict::verbatim)) {
    for (const RecordBatchView& batch : chunk.batches()) headers.push_back(batch.header);
    batches = chunk.bytes();
    return;
  }
  KeptBits kept(plan.kept, plan.kept_ends[run_index]);
  for (std::size_t i = 0; i < verdicts.size(); ++i) {
    const std::size_t start = rebuilt.size();
    defect = rewriter.append(chunk.batches()[i], verdicts[i], kept, rebuilt);
    if (defect) return;
    if (rebuilt.size() == start) continue;
    if (verdicts[i] == BatchVerdict::verbatim) {
      headers.push_back(chunk.batches()[i].header);
      continue;
    }
    const auto header = decode_record_batch_header(Bytes{rebuilt}.subspan(start));
    check(static_cast<bool>(header), "a batch that was just built");
    headers.push_back(*header);
  }
  batches = rebuilt;
}

}  // namespace

bool GroupCleaner::is_unchanged(const SegmentGroup& group) const {
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

std::optional<LocatedDefect> GroupCleaner::each_run(const SegmentGroup& group, const Sink& sink) const {
  std::vector<BatchRewriter> rewriters;
  for (std::size_t i = 0; i < jobs_; ++i) rewriters.emplace_back(new_horizon_ms_, keeps_legacy_);
  std::vector<RunCopy> copies(OrderedWork::slots_for(jobs_));
  std::size_t segment = group.first;
  std::size_t run_index = 0;
  std::shared_ptr<File> file;
  std::optional<LocatedDefect> defect;

  // The next run of which anything stays.
  const auto take = [&](std::size_t slot) {
    for (; segment <= group.last; ++segment, run_index = 0, file.reset()) {
      const auto& runs = scan_.segments[segment].runs;
      for (; run_index < runs.size(); ++run_index) {
        const auto verdicts = std::span{plan_.segments[segment].verdicts}.subspan(
            runs[run_index].first_batch, runs[run_index].batch_count);
        if (all_are(verdicts, BatchVerdict::drop)) continue;
        if (!file) file = files_.open(log_.segments()[segment].log);
        copies[slot].file = file;
        copies[slot].segment = segment;
        copies[slot].run_index = run_index++;
        return true;
      }
    }
    return false;
  };
  const auto make = [&](std::size_t slot, std::size_t worker) {
    RunCopy& copy = copies[slot];
    copy.make(scan_.segments[copy.segment].runs[copy.run_index], plan_.segments[copy.segment],
              rewriters[worker]);
  };
  const auto pass_on = [&](std::size_t slot) {
    const RunCopy& copy = copies[slot];
    const auto wrong = copy.defect ? copy.defect : sink(copy.headers, copy.batches);
    if (wrong) defect = {log_.segments()[copy.segment].log, *wrong};
    return !wrong;
  };
  OrderedWork{.jobs = jobs_, .slots = copies.size(), .take = take, .prepare = make, .commit = pass_on}.run();
  return defect;
}

std::optional<LocatedDefect> GroupCleaner::copy(const SegmentGroup& group, SegmentWriter::Options options,
                                                Split split, GroupResult& result) const {
  const auto sources = std::span{log_.segments()}.subspan(group.first, group.size());
  GroupOutput output(files_, std::move(options), split);
  auto defect = each_run(group, [&](std::span<const RecordBatchHeader> headers, Bytes batches) {
    return output.append(headers, batches);
  });
  if (defect) return defect;
  for (std::size_t i = group.first; i <= group.last; ++i) {
    for (const AbortedTxn& txn : scan_.segments[i].kept_entries) output.append(txn);
  }
  if (sources.front().transaction_index) output.replace_transaction_index();
  constexpr std::int64_t kNsPerMs = 1'000'000;
  if (auto wrong = output.finish(sources.back().mtime_ms() * kNsPerMs, jobs_)) return wrong;
  output.keep();
  result.outputs = output.base_offsets();
  result.log_bytes = output.log_bytes();
  return std::nullopt;
}

std::optional<LocatedDefect> GroupCleaner::measure(const SegmentGroup& group, GroupResult& result) const {
  return each_run(group, [&](std::span<const RecordBatchHeader>, Bytes batches) -> std::optional<Defect> {
    result.log_bytes += batches.size();
    return std::nullopt;
  });
}

}  // namespace kseg
