#include "lib/log_check.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>

#include "formats/broker_state.h"
#include "formats/checkpoint_file.h"
#include "formats/file_description.h"
#include "formats/meta_properties.h"
#include "formats/partition_metadata.h"
#include "formats/producer_snapshot.h"
#include "lib/log_dir.h"
#include "lib/producer_snapshot_file.h"
#include "lib/unless_missing.h"

namespace kseg {
namespace {

constexpr std::string_view kNobodysFile = "not a file of Kafka's: a broker does not look at it";
constexpr int kMaxChanged = 10;  // a folder that changes faster is not read

template <typename Decoded>
void tell(const Result<Decoded>& decoded, const Path& file, VerifyReport& report) {
  if (!decoded) report.defect(file, decoded.error());
}

bool ascend(const EpochEntry& before, const EpochEntry& entry) {
  return entry.epoch > before.epoch && entry.start_offset > before.start_offset;
}

void check_leader_epochs(Bytes bytes, const Path& file, VerifyReport& report) {
  const auto entries = decode_leader_epoch_checkpoint(bytes);
  if (!entries) return report.defect(file, entries.error());
  for (std::size_t i = 1; i < entries->size(); ++i) {
    const EpochEntry& before = (*entries)[i - 1];
    const EpochEntry& entry = (*entries)[i];
    if (ascend(before, entry)) continue;
    report.defect(file, {.code = DefectCode::index_order,
                         .offset = entry.start_offset,
                         .expected = fmt::format("an epoch above {} and an offset above {}", before.epoch,
                                                 before.start_offset),
                         .found = fmt::format("epoch {} from offset {}", entry.epoch, entry.start_offset)});
  }
}

// Metadata snapshots and bootstrap.checkpoint hold batches and nothing else.
void check_metadata_snapshot(FileSystem& files, const Path& path, VerifyReport& report) {
  const auto file = files.open(path);
  SegmentReader reader(*file);
  BatchCheck batches(report);
  while (true) {
    const auto batch = reader.next();
    if (!batch) {
      report.defect(path, batch.error());
    } else if (*batch) {
      batches.check(**batch, path);
    } else {
      return;
    }
  }
}

// An index, or a snapshot, whose `.log` is not there to compare it with.
void check_segment_file(FileSystem& files, const Path& path, const SegmentFileName& name,
                        VerifyReport& report) {
  const bool is_snapshot = name.kind == SegmentFileKind::producer_snapshot;
  const ByteBuffer bytes = is_snapshot ? read_producer_snapshot(files, path) : read_file(files, path);
  switch (name.kind) {
    case SegmentFileKind::log: return;
    case SegmentFileKind::offset_index: {
      if (const auto defect = OffsetIndexView(bytes, name.offset).check()) report.defect(path, *defect);
      return;
    }
    case SegmentFileKind::time_index: {
      if (const auto defect = TimeIndexView(bytes, name.offset).check()) report.defect(path, *defect);
      return;
    }
    case SegmentFileKind::transaction_index:
      return tell(decode_transaction_index(bytes, name.offset), path, report);
    case SegmentFileKind::producer_snapshot: return tell(decode_producer_snapshot(bytes), path, report);
  }
}

// None if the file is missing, or is wrong by itself, which is told elsewhere.
std::vector<EpochEntry> leader_epochs_of(FileSystem& files, const Path& folder) {
  const auto bytes = unless_missing([&] { return read_file(files, folder / kLeaderEpochCheckpoint); });
  if (!bytes) return {};
  const auto entries = decode_leader_epoch_checkpoint(*bytes);
  const auto out_of_order = [](const EpochEntry& before, const EpochEntry& entry) {
    return !ascend(before, entry);
  };
  if (!entries || std::adjacent_find(entries->begin(), entries->end(), out_of_order) != entries->end())
    return {};
  return *entries;
}

std::optional<Path> if_there(FileSystem& files, const Path& folder, SegmentFileName name,
                             SegmentFileKind kind) {
  name.kind = kind;
  const Path path = folder / to_string(name);
  if (!files.info(path)) return std::nullopt;
  return path;
}

}  // namespace

LogCheck::LogCheck(FileSystem& files, const Path& folder, Options options, VerifyReport& report)
    : files_(&files),
      options_(options),
      report_(&report),
      log_start_(log_start_of(files, folder)),
      state_(std::make_unique<LogState>(report, log_start_, [&files, folder, options] {
        return options.side_files ? leader_epochs_of(files, folder) : std::vector<EpochEntry>{};
      })) {}

LogCheck LogCheck::of_folder(FileSystem& files, const Path& folder, Options options, VerifyReport& report) {
  LogCheck check(files, folder, options, report);
  check.log_ = PartitionLog::open(files, folder);
  check.segments_ = check.log_->segments();
  if (!check.segments_.empty()) check.state_->end_offset = check.segments_.front().base_offset;
  if (options.side_files) check.tell_left_overs();
  return check;
}

LogCheck LogCheck::of_segment(FileSystem& files, const Path& file, VerifyReport& report) {
  const auto name = parse_segment_file_name(file.filename().native());
  check(name.has_value(), "a segment file without a segment file's name");
  const Path folder = file.has_parent_path() ? file.parent_path() : Path(".");
  Segment segment{.base_offset = name->offset, .log = file};
  if (name->kind != SegmentFileKind::log) {
    segment.log = folder / to_string(SegmentFileName{SegmentFileKind::log, name->offset, name->state});
  }
  segment.offset_index = if_there(files, folder, *name, SegmentFileKind::offset_index);
  segment.time_index = if_there(files, folder, *name, SegmentFileKind::time_index);
  segment.transaction_index = if_there(files, folder, *name, SegmentFileKind::transaction_index);
  const auto info = files.info(segment.log);
  if (!info) throw IoError(segment.log, "open", ENOENT);
  segment.size_bytes = info->size_bytes;
  segment.mtime_ns = info->mtime_ns;

  LogCheck check(files, folder, {}, report);
  check.state_->end_offset = segment.base_offset;
  const PartitionLog log = PartitionLog::open(files, folder);
  check.last_is_active_ = !log.segments().empty() && log.active().log.filename() == segment.log.filename();
  check.segments_ = {std::move(segment)};
  return check;
}

std::optional<Offset> LogCheck::first_base() const {
  if (segments_.empty()) return std::nullopt;
  return segments_.front().base_offset;
}

bool LogCheck::open_segment() {
  while (index_ < segments_.size()) {
    const Segment& segment = segments_[index_];
    SegmentCheck::Options options{.active = last_is_active_ && index_ + 1 == segments_.size(),
                                  .side_indexes = options_.side_files};
    if (index_ + 1 < segments_.size()) options.next_base = segments_[index_ + 1].base_offset;
    segment_ = SegmentCheck::open(*files_, segment, options, *state_, *report_);
    if (segment_) {
      changed_ = 0;
      state_->end_offset = std::max(state_->end_offset, segment.base_offset);
      return true;
    }
    if (!log_ || ++changed_ > kMaxChanged) throw IoError(segment.log, "read", ESTALE);
    log_ = PartitionLog::open(*files_, log_->folder());
    segments_ = log_->segments();
    index_ = segments_.empty() ? 0 : log_->floor_segment(state_->end_offset);
    state_->transactions.forget();
    state_->leader_epochs.forget();
    state_->last_offset.reset();
  }
  return false;
}

std::optional<CheckedBatch> LogCheck::next() {
  while (segment_ || open_segment()) {
    if (auto batch = segment_->next()) return batch;
    close_segment();
  }
  return std::nullopt;
}

void LogCheck::to_end(const StretchOptions& stretches) {
  while (segment_ || open_segment()) {
    segment_->to_end(stretches);
    close_segment();
  }
}

void LogCheck::close_segment() {
  segment_.reset();
  ++index_;
  if (index_ == segments_.size()) finish();
}

void LogCheck::tell_left_overs() {
  const auto tell = [&](const std::string& name, std::string_view text) {
    report_->note(log_->folder() / name, {}, std::string(text));
  };
  for (const auto& [from, to] : log_->load_plan().renamed) {
    tell(from, "unfinished_swap: stands for " + to + ", as a broker that starts takes it");
  }
  for (const std::string& name : log_->load_plan().removed)
    tell(name, "a left-over: a broker that starts removes it");
  for (const std::string& name : log_->other_files()) {
    if (breaks_loading(name)) {
      report_->defect(log_->folder() / name,
                      {.code = DefectCode::bad_text,
                       .expected = "a number in front of the suffix: no broker loads this folder"});
    } else if (!describe_file(name)) {
      tell(name, kNobodysFile);
    } else if (name.ends_with(".tmp")) {
      tell(name, "a left-over");
    }
  }
  for (const LocatedDefect& each : log_->not_files()) report_->defect(each.file, each.defect);
  if (segments_.empty()) {
    report_->warning(log_->folder(), {.code = DefectCode::missing_file, .expected = "a .log file"});
  }
}

void LogCheck::finish() {
  for (const auto& [producer, first] : state_->transactions.open_transactions()) {
    report_->note(segments_.back().log, {},
                  fmt::format("producer {} has had an open transaction since offset {}", producer, first));
  }
  if (!log_ || !options_.side_files) return;
  if (log_start_ > state_->end_offset) {
    report_->defect(log_->folder().parent_path() / kLogStartCheckpoint,
                    {.code = DefectCode::log_start,
                     .offset = log_start_,
                     .expected = fmt::format("a log start of {} of at most its end {}: a broker that starts "
                                             "removes the whole log",
                                             log_->folder().filename().string(), state_->end_offset),
                     .found = fmt::format("{}", log_start_)});
  }
  const auto check_file = [&](const Path& file) {
    // Snapshots and checkpoints are replaced and removed at any time.
    unless_missing([&] { return verify_side_file(*files_, file, *report_); });
  };
  for (const auto& [offset, snapshot] : log_->snapshots()) check_file(snapshot);
  for (const std::string& name : log_->other_files()) check_file(log_->folder() / name);
}

Offset log_start_of(FileSystem& files, const Path& folder) {
  const auto dir = LogDir::parent_of(files, folder);
  const Path named = folder.has_filename() ? folder : folder.parent_path();
  const auto name = parse_partition_folder_name(named.filename().string());
  if (!dir || !name) return {};
  const auto entries = dir->read_checkpoint(kLogStartCheckpoint);
  return entries ? find(*entries, name->partition).value_or(Offset{}) : Offset{};
}

void verify(LogCheck log, const StretchOptions& stretches) {
  log.to_end(stretches);
}

bool verify_side_file(FileSystem& files, const Path& file, VerifyReport& report) {
  const std::string name = file.filename().string();
  if (const auto segment_file = parse_segment_file_name(name)) {
    check_segment_file(files, file, *segment_file, report);
  } else if (is_offset_checkpoint(name)) {
    tell(decode_offset_checkpoint(read_file(files, file)), file, report);
  } else if (name == kLeaderEpochCheckpoint) {
    check_leader_epochs(read_file(files, file), file, report);
  } else if (name == kPartitionMetadata) {
    tell(decode_partition_metadata(read_file(files, file)), file, report);
  } else if (name == kMetaProperties) {
    tell(decode_meta_properties(read_file(files, file)), file, report);
  } else if (name == kQuorumState) {
    tell(decode_quorum_state(read_file(files, file)), file, report);
  } else if (const auto index = parse_remote_index_name(name)) {
    check_segment_file(files, file, {.kind = index->kind, .offset = index->start_offset}, report);
  } else if (name == kBootstrapCheckpoint) {
    check_metadata_snapshot(files, file, report);
  } else if (const auto snapshot = parse_metadata_snapshot_name(name);
             snapshot && snapshot->state != MetadataSnapshotName::State::part) {
    check_metadata_snapshot(files, file, report);
  } else {
    return false;
  }
  return true;
}

namespace {

// A broker makes anew what is wrong here.
void verify_remote_log_index_cache(FileSystem& files, const Path& folder, VerifyReport& report) {
  for (const DirectoryEntry& entry : files.list(folder)) {
    const Path path = folder / entry.name;
    const auto name = parse_remote_index_name(entry.name);
    if (!name) {
      report.note(path, {}, std::string(kNobodysFile));
    } else if (!name->left_over) {
      unless_missing([&] { return verify_side_file(files, path, report); });
    }
  }
}

}  // namespace

void verify_log_dir(FileSystem& files, const Path& folder, VerifyReport& report) {
  const auto entries = files.list(folder);
  if (const auto dir = LogDir::at(files, folder); dir && !dir->cleanly_shut_down()) {
    report.note(folder, {},
                "no .kafka_cleanshutdown: a broker is at work here, or was not shut down cleanly");
  }
  for (const DirectoryEntry& entry : entries) {
    const Path path = folder / entry.name;
    if (!entry.is_directory) {
      if (!describe_file(entry.name)) report.note(path, {}, std::string(kNobodysFile));
      unless_missing([&] { return verify_side_file(files, path, report); });
      continue;
    }
    if (entry.name == kRemoteLogIndexCache) {
      verify_remote_log_index_cache(files, path, report);
      continue;
    }
    const auto name = parse_partition_folder_name(entry.name);
    if (!name) {
      report.note(path, {}, "not a partition folder: no broker starts beside it");
    } else if (name->kind != PartitionFolderKind::current) {
      report.note(path, {}, fmt::format("left out: {}", *describe_folder(entry.name)));
    } else if (!unless_missing([&] { return verify(LogCheck::of_folder(files, path, {}, report)), true; })) {
      report.note(path, {}, "vanished while it was read");
    }
  }
}

}  // namespace kseg
