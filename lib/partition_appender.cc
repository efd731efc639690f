#include "lib/partition_appender.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <algorithm>
#include <limits>

#include "formats/check.h"
#include "formats/control_record.h"
#include "formats/offset_index.h"
#include "formats/partition_metadata.h"
#include "formats/producer_snapshot.h"
#include "formats/time_index.h"
#include "lib/cluster_metadata.h"

namespace kseg {
namespace {

constexpr std::int64_t kMaxRelativeOffset = std::numeric_limits<std::int32_t>::max();

Path parent_of(const Path& folder) {
  return folder.has_parent_path() ? folder.parent_path() : Path(".");
}

bool is_of_type(const std::optional<RecordView>& control_record, ControlType type) {
  if (!control_record) return false;
  const auto found = decode_control_type(*control_record);
  return found && *found == type;
}

Defect too_large(std::string_view setting, std::uint64_t limit, const RecordBatchHeader& header) {
  return {.code = DefectCode::bad_length,
          .position = {},
          .offset = header.base_offset,
          .expected = fmt::format("a batch of at most {} bytes ({})", limit, setting),
          .found = fmt::format("{} bytes", header.size_bytes())};
}

}  // namespace

std::variant<std::unique_ptr<PartitionAppender>, Refusal> PartitionAppender::open(
    FileSystem& files, const AppendRequest& request) {
  std::unique_ptr<PartitionAppender> appender(new PartitionAppender(files, request));
  if (auto refusal = appender->prepare()) return std::move(*refusal);
  return appender;
}

PartitionAppender::PartitionAppender(FileSystem& files, const AppendRequest& request)
    : files_(files),
      request_(request),
      root_(LogDir::parent_of(files, request.partition)),
      lock_(root_ ? root_->lock() : nullptr),
      rollback_(files) {}

PartitionAppender::~PartitionAppender() {
  if (committed_) return;
  try {
    roll_back();
  } catch (...) {
    // The exception that brought us here says more. The directory keeps no mark of a clean shutdown,
    // so that a broker recovers the log.
  }
}

std::optional<Refusal> PartitionAppender::prepare() {
  if (root_ && !lock_) return refuse_running_broker(*root_, "stop the broker first");
  if (root_ && !root_->cleanly_shut_down()) {
    Refusal refusal =
        refuse_unclean(*root_,
                       "start and stop the broker once so that it recovers the log; --recover appends behind "
                       "the last whole batch and leaves the recovery to the broker's next start");
    if (!request_.recover) return refusal;
    report_.warnings.push_back(refusal.reason + ": a broker that starts recovers the log first");
  }
  const auto folder = files_.info(request_.partition);
  if (folder && !folder->is_directory) {
    return Refusal{.reason = fmt::format("{}: not a partition folder", request_.partition.string())};
  }
  if (folder) {
    log_ = PartitionLog::open(files_, request_.partition);
    if (auto refusal = refuse_listing(log_)) return refusal;
  }
  const auto parsed = parse_partition_folder_name(request_.partition.filename().string());
  if (root_ && (!parsed || parsed->kind != PartitionFolderKind::current)) {
    return refuse_folder_name(request_.partition);
  }
  if (parsed) name_ = parsed->partition;
  if (root_ && name_->topic == kClusterMetadataTopic) {
    return Refusal{
        .reason = fmt::format("{}: the metadata log is the controllers' own", request_.partition.string())};
  }
  if (auto refusal = check_replicas()) return refusal;
  const auto owner = folder ? folder : files_.info(parent_of(request_.partition));
  segment_options_ = {.folder = request_.partition};
  if (geteuid() == 0 && owner) segment_options_.owner = {owner->user_id, owner->group_id};
  return log_.segments().empty() ? prepare_new() : prepare_old();
}

// What only one replica has, a new leader cuts off again.
std::optional<Refusal> PartitionAppender::check_replicas() {
  if (!root_) return std::nullopt;
  std::optional<Uuid> topic_id = request_.topic_id;
  const Path metadata = request_.partition / kPartitionMetadata;
  if (files_.info(metadata)) {
    const auto decoded = decode_partition_metadata(read_file(files_, metadata));
    if (!decoded) {
      return Refusal{.reason = "the partition's metadata is damaged",
                     .defects = {{metadata, decoded.error()}}};
    }
    topic_id = decoded->topic_id;
  }
  if (!topic_id) return std::nullopt;
  const auto cluster_folder = find_cluster_metadata(files_, root_->path());
  if (!cluster_folder) return std::nullopt;
  const ClusterMetadata cluster = ClusterMetadata::read(files_, *cluster_folder);
  const ClusterMetadata::Partition* const known = cluster.partition(*topic_id, name_->partition);
  const bool has_others = known != nullptr && known->replicas.size() > 1;
  const bool may_have_others = !cluster.defects().empty();
  if (!has_others && !may_have_others) return std::nullopt;
  has_other_replicas_ = true;
  const std::string reason =
      has_others ? fmt::format("{}: has {} replicas, on brokers {}", request_.partition.string(),
                               known->replicas.size(), fmt::join(known->replicas, ", "))
                 : fmt::format("{}: may have other replicas, the cluster's metadata is damaged",
                               request_.partition.string());
  if (!request_.force) {
    return Refusal{.reason = reason,
                   .hint =
                       "another replica that becomes leader silently cuts off what only this one has; "
                       "--force appends all the same",
                   .defects = has_others ? std::vector<LocatedDefect>{} : cluster.defects()};
  }
  report_.warnings.push_back(reason + ": one that becomes leader cuts off what only this one has");
  return std::nullopt;
}

std::optional<Refusal> PartitionAppender::prepare_new() {
  if (!request_.create) {
    return refuse_no_segment(request_.partition, "--create makes a new partition");
  }
  report_.created = true;
  const Path metadata = request_.partition / kPartitionMetadata;
  std::optional<Uuid> topic_id = request_.topic_id;
  if (!files_.info(metadata)) {
    if (topic_id) {
      const std::string text = encode_partition_metadata({.version = 0, .topic_id = *topic_id});
      partition_metadata_.emplace(text.begin(), text.end());
    } else if (root_) {
      return Refusal{.reason = fmt::format("{}: the topic's id is not known", metadata.string()),
                     .hint =
                         "--topic-id gives it; a broker that starts sets aside a folder that does not say "
                         "which topic it belongs to"};
    } else {
      report_.warnings.push_back(
          fmt::format("{} is not written: give its topic's id with --topic-id", metadata.string()));
    }
  }
  log_end_ = request_.log_start.value_or(Offset{0});
  newest_snapshot_ = log_end_;
  report_.log_start = report_.log_end_before = log_end_;
  return std::nullopt;
}

std::optional<Refusal> PartitionAppender::prepare_old() {
  LogEnd::Inputs inputs{.log_start = log_.segments().front().base_offset,
                        .index_interval_bytes = request_.config.index_interval_bytes,
                        .now_ms = request_.now_ms,
                        .producer_expiration_ms = request_.config.producer_id_expiration_ms};
  if (root_) {
    const auto starts = root_->read_checkpoint(kLogStartCheckpoint);
    if (!starts) return refuse_checkpoint(root_->path() / kLogStartCheckpoint, starts.error());
    inputs.log_start = std::max(inputs.log_start, find(*starts, *name_).value_or(Offset{0}));
  }
  found_ = LogEnd::of(files_, log_, inputs);
  auto& warnings = report_.warnings;
  warnings.insert(warnings.end(), found_->notes.begin(), found_->notes.end());
  if (!found_->defects.empty()) {
    return Refusal{.reason = "the end of the log is damaged, nothing was changed",
                   .hint = "verify shows all of it",
                   .defects = std::move(found_->defects)};
  }
  if (found_->torn_tail && !request_.recover) {
    return Refusal{.reason = "the last batch of the log is torn, nothing was changed",
                   .hint = "--recover cuts it off, as a broker's recovery does",
                   .defects = {*found_->torn_tail}};
  }
  if (found_->torn_tail) {
    warnings.push_back(fmt::format("{}: position {}: the torn tail is cut off",
                                   found_->torn_tail->file.string(), found_->end));
  }
  producers_ = std::move(found_->producers);
  epochs_ = std::move(found_->epochs);
  epochs_changed_ = !found_->epochs_written;
  log_end_ = found_->next_offset;
  newest_snapshot_ = std::max(inputs.log_start, found_->newest_snapshot.value_or(inputs.log_start));
  report_.log_start = inputs.log_start;
  report_.log_end_before = log_end_;
  return std::nullopt;
}

std::optional<Defect> PartitionAppender::check_begin(const RecordBatchHeader& header) const {
  if (header.base_offset < log_end_) {
    return Defect{.code = DefectCode::offset_order,
                  .position = {},
                  .offset = header.base_offset,
                  .expected = fmt::format("an offset of at least {}, the log's end", log_end_),
                  .found = fmt::format("{}", header.base_offset)};
  }
  if (request_.preserve_offsets || !header.has_producer()) return std::nullopt;
  return producers_.check_append(header);
}

bool PartitionAppender::must_roll(const RecordBatchHeader& header, std::uint64_t size_bytes) const {
  const TopicConfig& config = request_.config;
  if (header.last_offset() - segment_->base_offset() > kMaxRelativeOffset) return true;
  if (segment_->size_bytes() == 0) return false;
  const std::int64_t first_ms = segment_->first_batch_timestamp_ms().value_or(kNoTimestamp);
  const std::int64_t allowed_ms =
      config.compact ? std::min(config.segment_ms, config.max_compaction_lag_ms) : config.segment_ms;
  const SegmentIndexes& indexes = segment_->indexes();
  const std::uint64_t offset_entries = config.segment_index_bytes / OffsetIndexEntry::kSize;
  const std::uint64_t time_entries = config.segment_index_bytes / TimeIndexEntry::kSize;
  return segment_->size_bytes() > config.segment_bytes - size_bytes ||
         (first_ms >= 0 && header.max_timestamp > first_ms && header.max_timestamp - first_ms > allowed_ms) ||
         indexes.offset_index().size() / OffsetIndexEntry::kSize >= offset_entries ||
         indexes.time_index().size() / TimeIndexEntry::kSize + 1 >= time_entries;
}

std::optional<Defect> PartitionAppender::append(const RecordBatchView& batch,
                                                const std::optional<RecordView>& marker) {
  const RecordBatchHeader& header = batch.header;
  const TopicConfig& config = request_.config;
  if (auto defect = check_begin(header)) return defect;
  if (!request_.preserve_offsets && batch.bytes.size() > config.max_message_bytes) {
    return too_large("max.message.bytes", config.max_message_bytes, header);
  }
  if (batch.bytes.size() > config.segment_bytes) {
    return too_large("segment.bytes", config.segment_bytes, header);
  }
  const bool is_abort = is_of_type(marker, ControlType::abort);
  const bool changes_producer = !header.is_control() || is_abort || is_of_type(marker, ControlType::commit);
  if (changes_producer) {
    if (auto defect = producers_.check(batch, marker)) return defect;
  }

  if (!writing_) begin_writing(header.base_offset);
  if (must_roll(header, batch.bytes.size())) {
    const Offset base = std::max(header.base_offset, log_end_);
    close_segment();
    take_snapshot(base);
    open_segment({.indexes = SegmentIndexes(base, config.index_interval_bytes)}, base, true);
  }
  epochs_changed_ |= epochs_.assign(header.partition_leader_epoch, header.base_offset);
  if (changes_producer) {
    const Offset began = transaction_of(header.producer_id);
    check(!producers_.apply(batch, marker), "a batch that check() passed");
    if (is_abort && began.value >= 0) {
      segment_->append(AbortedTxn{
          .producer_id = header.producer_id,
          .first_offset = began,
          .last_offset = header.last_offset(),
          .last_stable_offset = producers_.first_open_transaction().value_or(header.next_offset())});
      ++report_.transactions_aborted;
    }
  }
  segment_->append(header, batch.bytes);
  log_end_ = header.next_offset();
  ++report_.batches;
  report_.records += static_cast<std::uint64_t>(header.record_count);
  report_.bytes += batch.bytes.size();
  return std::nullopt;
}

Offset PartitionAppender::transaction_of(std::int64_t producer_id) const {
  const ProducerStateEntry* const producer = producers_.find(producer_id);
  return producer == nullptr ? Offset{-1} : producer->current_txn_first_offset;
}

// What is on disk from here on is a broker's to recover, until commit() puts the mark of a clean
// shutdown back.
void PartitionAppender::begin_writing(Offset first_offset) {
  writing_ = true;
  if (root_ && root_->cleanly_shut_down()) {
    const Path mark = root_->path() / kCleanShutdownFile;
    clean_shutdown_ = read_file(files_, mark);
    rollback_.will_replace(mark);
    files_.remove(mark);
    files_.sync_directory(root_->path());
  }
  if (!found_) {
    const Offset base = request_.preserve_offsets && !request_.log_start ? first_offset : log_end_;
    log_end_ = newest_snapshot_ = report_.log_start = report_.log_end_before = base;
    make_folder();
    return open_segment({.indexes = SegmentIndexes(base, request_.config.index_interval_bytes)}, base, true);
  }
  const Segment& active = log_.active();
  if (const auto info = files_.info(active.log)) segment_options_.mode = info->mode;
  // Of a longer log that was cut short once; a broker's next start would take them for ours.
  for (const auto& [offset, path] : log_.snapshots()) {
    if (offset <= log_end_) continue;
    rollback_.will_replace(path);
    files_.remove(path);
  }
  drop_surplus_transactions();
  open_segment({.indexes = std::move(*found_->indexes),
                .end = found_->end,
                .first_batch_timestamp_ms = found_->first_batch_timestamp_ms},
               active.base_offset, false);
}

// Entries of markers that a process which died never wrote.
void PartitionAppender::drop_surplus_transactions() {
  const Segment& active = log_.active();
  if (!active.transaction_index) return;
  const auto entries =
      decode_transaction_index(read_file(files_, *active.transaction_index), active.base_offset);
  if (!entries || entries->empty() || entries->back().last_offset < log_end_) return;
  ByteBuffer kept;
  for (const AbortedTxn& txn : *entries) {
    if (txn.last_offset < log_end_) encode_aborted_txn(txn, kept);
  }
  replace(*active.transaction_index, kept);
}

void PartitionAppender::make_folder() {
  const Path& folder = request_.partition;
  if (!files_.info(folder)) {
    rollback_.will_make_directory(folder);
    files_.make_directory(folder, 0755);
    if (segment_options_.owner) {
      files_.set_owner(folder, segment_options_.owner->first, segment_options_.owner->second);
    }
    files_.sync_directory(parent_of(folder));
  }
  if (partition_metadata_) replace(folder / kPartitionMetadata, *partition_metadata_);
  epochs_changed_ = true;  // the file is there even if nothing stands in it
}

void PartitionAppender::replace(const Path& path, Bytes bytes) {
  rollback_.will_replace(path);
  replace_file(files_, path, bytes);
}

void PartitionAppender::open_segment(ActiveSegment::Content content, Offset base_offset, bool is_new) {
  segment_options_.base_offset = base_offset;
  segment_.emplace(files_, rollback_, segment_options_, std::move(content), is_new);
  if (is_new) ++report_.segments_created;
}

void PartitionAppender::close_segment() {
  segment_->close();
  segment_.reset();
  if (!epochs_changed_) return;
  replace(request_.partition / kLeaderEpochCheckpoint,
          as_bytes(encode_leader_epoch_checkpoint(epochs_.entries())));
  epochs_changed_ = false;
}

void PartitionAppender::take_snapshot(Offset offset) {
  if (offset <= newest_snapshot_) return;
  auto entries = producers_.entries();
  std::sort(entries.begin(), entries.end(), [](const ProducerStateEntry& a, const ProducerStateEntry& b) {
    return a.producer_id < b.producer_id;
  });
  ByteBuffer bytes;
  encode_producer_snapshot(entries, bytes);
  replace(request_.partition / to_string({.kind = SegmentFileKind::producer_snapshot, .offset = offset}),
          bytes);
  newest_snapshot_ = offset;
}

AppendReport PartitionAppender::commit() {
  if (!writing_ && report_.created) begin_writing(log_end_);
  if (writing_) {
    close_segment();
    take_snapshot(log_end_);
    files_.sync_directory(request_.partition);
    if (root_) write_root_checkpoints();
    if (clean_shutdown_) replace(root_->path() / kCleanShutdownFile, *clean_shutdown_);
  }
  committed_ = true;
  report_.log_end = log_end_;
  return report_;
}

// Everything is on disk; and where there is no other replica, everything is replicated.
void PartitionAppender::write_root_checkpoints() {
  for (const std::string_view name : {kRecoveryPointCheckpoint, kReplicationCheckpoint}) {
    if (name == kReplicationCheckpoint && has_other_replicas_) continue;
    const Path path = root_->path() / name;
    if (!root_->read_checkpoint(name)) {
      report_.warnings.push_back(fmt::format("{}: damaged, left as it is", path.string()));
      continue;
    }
    rollback_.will_replace(path);
    root_->write_checkpoint(name, *name_, log_end_);
  }
}

void PartitionAppender::roll_back() {
  segment_.reset();
  rollback_.run();
  committed_ = true;
}

}  // namespace kseg
