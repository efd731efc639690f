#include "tests/support/log_folder.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <algorithm>

#include <fstream>
#include <iterator>

#include "formats/checkpoint_file.h"
#include "formats/offset_index.h"
#include "formats/time_index.h"

namespace kseg {
namespace {

constexpr SegmentFileKind kMainFiles[] = {SegmentFileKind::log, SegmentFileKind::offset_index,
                                          SegmentFileKind::time_index};

std::string file_name(SegmentFileKind kind, Offset offset) {
  return to_string(SegmentFileName{kind, offset});
}

Result<std::vector<BatchModel>> decode_batches(Bytes log) {
  std::vector<BatchModel> batches;
  for (std::size_t at = 0; at < log.size();) {
    auto batch = decode_batch(log.subspan(at), {at});
    if (!batch) return batch.error();
    at += batch->bytes.size();
    batches.push_back(std::move(*batch));
  }
  return batches;
}

void write_text(const Path& path, std::string_view text) {
  write_whole_file(path, as_bytes(text));
}

// Replaces what is there: at the log end a segment may have begun.
void add_snapshot(const LogModel& log, Offset at, const FolderOptions& options, FolderFiles& files) {
  std::vector<ProducerStateEntry> producers = replay_producers(log, options.producers_from);
  std::erase_if(producers, [&](const auto& producer) {
    return options.expired_producers.contains(producer.producer_id);
  });
  ByteBuffer& file = files[file_name(SegmentFileKind::producer_snapshot, at)];
  file.clear();
  encode_producer_snapshot(producers, file);
}

}  // namespace

IndexFiles build_indexes(const SegmentModel& segment, std::int64_t index_interval_bytes) {
  IndexFiles indexes;
  Position position;
  std::int64_t bytes_since_entry = 0;
  TimeIndexEntry largest{.timestamp_ms = kNoTimestamp, .offset = segment.base};
  std::int64_t indexed_timestamp = kNoTimestamp;
  const auto add_time_entry = [&] {
    if (largest.timestamp_ms <= indexed_timestamp) return;
    encode_time_index_entry(largest, segment.base, indexes.time_index);
    indexed_timestamp = largest.timestamp_ms;
  };

  for (const BatchModel& batch : segment.batches) {
    const Offset last = batch.header.last_offset();
    if (batch.header.max_timestamp > largest.timestamp_ms) largest = {batch.header.max_timestamp, last};
    if (bytes_since_entry > index_interval_bytes) {
      encode_offset_index_entry({.offset = last, .position = position}, segment.base, indexes.offset_index);
      add_time_entry();
      bytes_since_entry = 0;
    }
    bytes_since_entry += static_cast<std::int64_t>(batch.bytes.size());
    position = position + batch.bytes.size();
  }
  add_time_entry();
  return indexes;
}

FolderFiles to_files(const LogModel& log, const FolderOptions& options) {
  FolderFiles files;
  for (const SegmentModel& segment : log.segments) {
    ByteBuffer& batches = files[file_name(SegmentFileKind::log, segment.base)];
    for (const BatchModel& batch : segment.batches) append(batches, batch.bytes);
    IndexFiles indexes = build_indexes(segment, options.index_interval_bytes);
    files[file_name(SegmentFileKind::offset_index, segment.base)] = std::move(indexes.offset_index);
    files[file_name(SegmentFileKind::time_index, segment.base)] = std::move(indexes.time_index);
    for (const AbortedTxn& txn : segment.aborted) {
      encode_aborted_txn(txn, files[file_name(SegmentFileKind::transaction_index, segment.base)]);
    }
  }

  add_snapshot(log, log.end_offset(), options, files);
  for (std::size_t i = 1; options.snapshots_of_segments && i < log.segments.size(); ++i) {
    const LogModel older{
        .segments = {log.segments.begin(), log.segments.begin() + static_cast<std::ptrdiff_t>(i)}};
    add_snapshot(older, log.segments[i].base, options, files);
  }
  files[std::string(kLeaderEpochCheckpoint)] = {};
  if (options.partition_metadata) {
    append(files[std::string(kPartitionMetadata)], as_bytes("version: 0\ntopic_id: ASNFZ4mrze_-3LqYdlQyEA"));
  }
  return files;
}

Result<LogModel> from_files(const FolderFiles& files) {
  LogModel log;
  for (const auto& [name, bytes] : files) {
    const auto file = parse_segment_file_name(name);
    if (!file || file->kind != SegmentFileKind::log || file->state != FileState::current) continue;
    auto batches = decode_batches(bytes);
    if (!batches) return batches.error();
    SegmentModel segment{.base = file->offset, .batches = std::move(*batches)};
    if (const auto index = files.find(file_name(SegmentFileKind::transaction_index, segment.base));
        index != files.end()) {
      auto aborted = decode_transaction_index(index->second, segment.base);
      if (!aborted) return aborted.error();
      segment.aborted = std::move(*aborted);
    }
    log.segments.push_back(std::move(segment));
  }
  return log;
}

ByteBuffer read_whole_file(const Path& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) throw std::runtime_error(fmt::format("cannot read {}", path.string()));
  return {std::istreambuf_iterator<char>(in), {}};
}

void write_whole_file(const Path& path, Bytes bytes) {
  std::ofstream out(path, std::ios::binary | std::ios::trunc);
  out.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  out.close();
  if (!out) throw std::runtime_error(fmt::format("cannot write {}", path.string()));
}

void set_mtime_ms(const Path& path, std::int64_t mtime_ms) {
  const timespec times[2] = {{.tv_sec = 0, .tv_nsec = UTIME_OMIT},
                             {.tv_sec = mtime_ms / 1000, .tv_nsec = mtime_ms % 1000 * 1'000'000}};
  if (utimensat(AT_FDCWD, path.c_str(), times, 0) != 0) {
    throw std::runtime_error(fmt::format("cannot set the time of {}", path.string()));
  }
}

FolderFiles read_folder(const Path& folder) {
  FolderFiles files;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.is_regular_file()) files[entry.path().filename().string()] = read_whole_file(entry.path());
  }
  return files;
}

void write_folder(const Path& folder, const FolderFiles& files) {
  std::filesystem::create_directories(folder);
  for (const auto& [name, bytes] : files) write_whole_file(folder / name, bytes);
}

void set_mtimes(const Path& folder, const LogModel& log) {
  for (const SegmentModel& segment : log.segments) {
    for (const SegmentFileKind kind : kMainFiles) {
      set_mtime_ms(folder / file_name(kind, segment.base), segment.mtime_ms);
    }
  }
}

void write_root(const Path& root, const std::vector<RootEntry>& partitions) {
  std::vector<PartitionOffset> recovery_points, high_watermarks, cleaned, log_starts;
  for (const RootEntry& entry : partitions) {
    recovery_points.push_back({entry.partition, entry.end_offset});
    high_watermarks.push_back({entry.partition, entry.high_watermark.value_or(entry.end_offset)});
    if (entry.first_dirty) cleaned.push_back({entry.partition, *entry.first_dirty});
    if (entry.log_start) log_starts.push_back({entry.partition, *entry.log_start});
  }
  std::filesystem::create_directories(root);
  write_text(root / kMetaProperties,
             "#\n#Sun Nov 22 09:57:25 UTC 2026\nnode.id=1\ndirectory.id=ASNFZ4mrze_-3LqYdlQyEA\nversion=1\n"
             "cluster.id=mkU3OEVBNTcwNTJENDM2Qk\n");
  write_text(root / kRecoveryPointCheckpoint, encode_offset_checkpoint(recovery_points));
  write_text(root / kReplicationCheckpoint, encode_offset_checkpoint(high_watermarks));
  write_text(root / kCleanerCheckpoint, encode_offset_checkpoint(cleaned));
  write_text(root / kLogStartCheckpoint, encode_offset_checkpoint(log_starts));
  write_text(root / kCleanShutdownFile, R"({"version":0,"brokerEpoch":12})");
}

FolderFiles with_sorted_snapshots(FolderFiles files) {
  for (auto& [name, bytes] : files) {
    if (!name.ends_with(".snapshot")) continue;
    auto entries = decode_producer_snapshot(bytes);
    if (!entries) continue;
    std::sort(entries->begin(), entries->end(), [](const ProducerStateEntry& a, const ProducerStateEntry& b) {
      return a.producer_id < b.producer_id;
    });
    bytes.clear();
    encode_producer_snapshot(*entries, bytes);
  }
  return files;
}

}  // namespace kseg
