#include "lib/group_output.h"

namespace kseg {
namespace {

std::optional<LocatedDefect> check_file(FileSystem& files, const Path& path, Bytes written) {
  if (same_bytes(read_file(files, path), written)) return std::nullopt;
  return LocatedDefect{path, not_as_written({})};
}

std::optional<LocatedDefect> check_indexes(FileSystem& files, const SegmentWriter& writer) {
  const auto check = [&](SegmentFileKind kind, Bytes written) {
    return check_file(files, writer.path(kind), written);
  };
  if (auto defect = check(SegmentFileKind::offset_index, writer.indexes().offset_index())) return defect;
  if (auto defect = check(SegmentFileKind::time_index, writer.indexes().time_index())) return defect;
  if (writer.transaction_index().empty()) return std::nullopt;
  return check(SegmentFileKind::transaction_index, writer.transaction_index());
}

}  // namespace

GroupOutput::GroupOutput(FileSystem& files, SegmentWriter::Options options, Split split)
    : files_(files), options_(std::move(options)), split_(split) {
  begin(options_.base_offset);
}

void GroupOutput::begin(Offset base_offset) {
  options_.base_offset = base_offset;
  written_.push_back({.writer = std::make_unique<SegmentWriter>(files_, options_), .check = {}});
}

std::optional<Defect> GroupOutput::append(std::span<const RecordBatchHeader> headers, Bytes batches) {
  while (!headers.empty()) {
    SegmentWriter& last = *written_.back().writer;
    std::size_t count = split_ == Split::if_needed ? last.fitting(headers) : headers.size();
    if (count == 0 && last.size_bytes() > 0) {
      begin(headers.front().base_offset);
      continue;
    }
    count = std::max<std::size_t>(count, 1);  // what does not fit alone is refused by name
    std::uint64_t bytes = 0;
    for (const RecordBatchHeader& header : headers.first(count)) bytes += header.size_bytes();
    if (auto defect = last.append(headers.first(count), batches.first(bytes))) return defect;
    written_.back().check.add(headers.first(count), batches.first(bytes));
    headers = headers.subspan(count);
    batches = batches.subspan(bytes);
  }
  return std::nullopt;
}

void GroupOutput::append(const AbortedTxn& txn) {
  auto output = written_.rbegin();
  while (output->writer->base_offset() > txn.last_offset && output + 1 != written_.rend()) ++output;
  output->writer->append(txn);
}

void GroupOutput::replace_transaction_index() {
  SegmentWriter& first = *written_.front().writer;
  if (first.size_bytes() == 0) first.force_transaction_index();
}

std::optional<LocatedDefect> GroupOutput::finish(std::int64_t mtime_ns, std::size_t jobs) {
  for (const Written& output : written_) {
    output.writer->flush();
    // While the disk writes.
    const Path log = output.writer->path(SegmentFileKind::log);
    if (auto defect = output.check.check(*files_.open(log), jobs)) return LocatedDefect{log, *defect};
    output.writer->finish(mtime_ns);
    if (auto defect = check_indexes(files_, *output.writer)) return defect;
  }
  return std::nullopt;
}

void GroupOutput::keep() {
  for (const Written& output : written_) {
    output.writer->keep();
    base_offsets_.push_back(output.writer->base_offset());
    log_bytes_ += output.writer->size_bytes();
  }
}

}  // namespace kseg
