#include "lib/segment_writer.h"

#include <fmt/format.h>

#include <limits>

namespace kseg {
namespace {

constexpr std::size_t kWriteBytes = std::size_t{1} << 20;
constexpr std::size_t kDirectBytes = std::size_t{1} << 17;  // from here on not worth collecting
constexpr std::int64_t kMaxRelativeOffset = std::numeric_limits<std::int32_t>::max();

}  // namespace

SegmentWriter::SegmentWriter(FileSystem& files, Options options, NothingWritten)
    : files_(files),
      options_(std::move(options)),
      indexes_(options_.base_offset, options_.index_interval_bytes) {}

// Delegates, so that the destructor runs if this throws.
SegmentWriter::SegmentWriter(FileSystem& files, Options options)
    : SegmentWriter(files, std::move(options), NothingWritten{}) {
  discard();
  log_ = create(SegmentFileKind::log);
}

SegmentWriter::~SegmentWriter() {
  if (kept_) return;
  try {
    discard();
  } catch (...) {
    // What made the writing fail is under way as an exception of its own; the left-over `.cleaned`
    // files are harmless and go with the next run.
  }
}

Path SegmentWriter::path(SegmentFileKind kind) const {
  return options_.folder / to_string({.kind = kind, .offset = options_.base_offset, .state = options_.state});
}

// Why the batch does not go behind `size_bytes` bytes.
std::optional<Defect> SegmentWriter::misfit(const RecordBatchHeader& header, std::uint64_t size_bytes) const {
  const std::int64_t relative_offset = header.last_offset() - options_.base_offset;
  if (relative_offset < 0 || relative_offset > kMaxRelativeOffset) {
    return Defect{.code = DefectCode::segment_range,
                  .position = {size_bytes},
                  .offset = header.base_offset,
                  .expected = fmt::format("a last offset in {}..{}", options_.base_offset,
                                          options_.base_offset + kMaxRelativeOffset),
                  .found = fmt::format("{}", header.last_offset())};
  }
  if (size_bytes + header.size_bytes() > options_.max_bytes) {
    return Defect{.code = DefectCode::segment_too_large,
                  .position = {size_bytes},
                  .offset = header.base_offset,
                  .expected = fmt::format("at most {} bytes", options_.max_bytes),
                  .found = fmt::format("{} bytes", size_bytes + header.size_bytes())};
  }
  return std::nullopt;
}

std::size_t SegmentWriter::fitting(std::span<const RecordBatchHeader> headers) const {
  std::uint64_t size_bytes = size_bytes_;
  std::size_t count = 0;
  for (; count < headers.size() && !misfit(headers[count], size_bytes); ++count)
    size_bytes += headers[count].size_bytes();
  return count;
}

std::optional<Defect> SegmentWriter::append(std::span<const RecordBatchHeader> headers, Bytes batches) {
  for (const RecordBatchHeader& header : headers) {
    if (auto defect = misfit(header, size_bytes_)) return defect;
    indexes_.add(header, {size_bytes_});
    size_bytes_ += header.size_bytes();
  }
  if (pending_.size() + batches.size() > kWriteBytes) flush();
  if (batches.size() >= kDirectBytes) {
    flush();
    log_->append(batches);
  } else {
    kseg::append(pending_, batches);
  }
  return std::nullopt;
}

void SegmentWriter::append(const AbortedTxn& txn) {
  encode_aborted_txn(txn, transaction_index_);
}

void SegmentWriter::finish(std::int64_t mtime_ns) {
  flush();
  indexes_.close();
  // Times before the syncs: they are to be on the disk as the bytes are.
  files_.set_mtime(path(SegmentFileKind::log), mtime_ns);
  log_->sync();
  log_.reset();
  write_whole(SegmentFileKind::offset_index, indexes_.offset_index(), mtime_ns);
  write_whole(SegmentFileKind::time_index, indexes_.time_index(), mtime_ns);
  if (force_transaction_index_ || !transaction_index_.empty()) {
    write_whole(SegmentFileKind::transaction_index, transaction_index_, std::nullopt);
  }
}

void SegmentWriter::discard() {
  log_.reset();
  for (const auto kind : {SegmentFileKind::offset_index, SegmentFileKind::time_index,
                          SegmentFileKind::transaction_index, SegmentFileKind::log}) {
    if (files_.info(path(kind))) files_.remove(path(kind));
  }
}

std::unique_ptr<File> SegmentWriter::create(SegmentFileKind kind) {
  auto file = files_.create(path(kind), options_.mode);
  if (options_.owner) files_.set_owner(path(kind), options_.owner->first, options_.owner->second);
  return file;
}

void SegmentWriter::write_whole(SegmentFileKind kind, Bytes bytes, std::optional<std::int64_t> mtime_ns) {
  const auto file = create(kind);
  if (!bytes.empty()) file->append(bytes);
  if (mtime_ns) files_.set_mtime(path(kind), *mtime_ns);
  file->sync();
}

void SegmentWriter::flush() {
  if (pending_.empty()) return;
  log_->append(pending_);
  pending_.clear();
}

}  // namespace kseg
