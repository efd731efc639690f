#include "lib/active_segment.h"

namespace kseg {
namespace {

constexpr std::size_t kWriteBytes = std::size_t{1} << 20;

}  // namespace

ActiveSegment::ActiveSegment(FileSystem& files, Rollback& rollback, Options options, Content content,
                             bool is_new)
    : files_(files),
      rollback_(rollback),
      options_(std::move(options)),
      indexes_(std::move(content.indexes)),
      size_bytes_(content.end.value),
      first_batch_timestamp_ms_(content.first_batch_timestamp_ms) {
  if (is_new) {
    // The `.log` last: without it, the loader takes the others for orphans.
    create(SegmentFileKind::offset_index)->sync();
    create(SegmentFileKind::time_index)->sync();
    log_ = create(SegmentFileKind::log);
    files_.sync_directory(options_.folder);
    return;
  }
  rollback_.will_extend(path(SegmentFileKind::log));
  log_ = files_.open_to_append(path(SegmentFileKind::log));
  if (log_->info().size_bytes > size_bytes_) log_->truncate({size_bytes_});
}

Path ActiveSegment::path(SegmentFileKind kind) const {
  return options_.folder / to_string({.kind = kind, .offset = options_.base_offset});
}

std::unique_ptr<File> ActiveSegment::create(SegmentFileKind kind) {
  rollback_.will_replace(path(kind));
  if (files_.info(path(kind))) files_.remove(path(kind));  // an orphan of another segment
  auto file = files_.create(path(kind), options_.mode);
  if (options_.owner) files_.set_owner(path(kind), options_.owner->first, options_.owner->second);
  return file;
}

void ActiveSegment::append(const RecordBatchHeader& header, Bytes batch) {
  if (!first_batch_timestamp_ms_) first_batch_timestamp_ms_ = header.max_timestamp;
  indexes_.add(header, {size_bytes_});
  size_bytes_ += batch.size();
  if (pending_.size() + batch.size() > kWriteBytes) flush();
  if (batch.size() > kWriteBytes) {
    log_->append(batch);
  } else {
    kseg::append(pending_, batch);
  }
}

void ActiveSegment::append(const AbortedTxn& txn) {
  encode_aborted_txn(txn, pending_entries_);
}

void ActiveSegment::flush() {
  if (!pending_entries_.empty()) {
    if (!transaction_index_) {
      const Path index = path(SegmentFileKind::transaction_index);
      rollback_.will_extend(index);
      transaction_index_ =
          files_.info(index) ? files_.open_to_append(index) : create(SegmentFileKind::transaction_index);
    }
    transaction_index_->append(pending_entries_);
    pending_entries_.clear();
  }
  if (pending_.empty()) return;
  log_->append(pending_);
  pending_.clear();
}

void ActiveSegment::close() {
  flush();
  log_->sync();
  log_.reset();
  if (transaction_index_) transaction_index_->sync();
  transaction_index_.reset();
  indexes_.close();
  const std::pair<SegmentFileKind, Bytes> indexes[] = {
      {SegmentFileKind::offset_index, indexes_.offset_index()},
      {SegmentFileKind::time_index, indexes_.time_index()}};
  for (const auto& [kind, bytes] : indexes) {
    rollback_.will_replace(path(kind));
    replace_file(files_, path(kind), bytes);
  }
}

}  // namespace kseg
