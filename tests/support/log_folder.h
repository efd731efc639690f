// A log model as the files of a partition folder, and back.
#pragma once

#include <map>
#include <set>
#include <string>

#include "formats/file_names.h"
#include "lib/file_system.h"
#include "tests/support/log_model.h"

namespace kseg {

// Bytes of the files of one folder, by name.
using FolderFiles = std::map<std::string, ByteBuffer>;

struct FolderOptions {
  std::int64_t index_interval_bytes = 4096;
  std::set<std::int64_t> expired_producers;  // left out of the snapshot
  Offset producers_from = {};                // as a broker replays them: from the log start on
  bool partition_metadata = false;
  bool snapshots_of_segments = false;  // a `.snapshot` at each later segment's base too
};

// `.index` and `.timeindex` of a closed segment: the per-batch rule of log-format.md 5.2 and 5.3.
struct IndexFiles {
  ByteBuffer offset_index;
  ByteBuffer time_index;
};
IndexFiles build_indexes(const SegmentModel& segment, std::int64_t index_interval_bytes);

// What a clean shutdown leaves: of each segment `.log`, `.index`, `.timeindex` and, if it has entries,
// `.txnindex`; the producers' `.snapshot` at the log end, and before if asked for; an empty
// leader-epoch-checkpoint.
FolderFiles to_files(const LogModel& log, const FolderOptions& options = {});

// Segments with their batches and transaction indexes; mtimes are 0. Errors are those of the formats;
// positions are those in the file.
Result<LogModel> from_files(const FolderFiles& files);

// On disk, with nothing of kseg's own file layer in between.
ByteBuffer read_whole_file(const Path& path);
void write_whole_file(const Path& path, Bytes bytes);
void set_mtime_ms(const Path& path, std::int64_t mtime_ms);
FolderFiles read_folder(const Path& folder);
void write_folder(const Path& folder, const FolderFiles& files);

// The entries of producer snapshots by id: they have no order. What is no snapshot stays as it is.
FolderFiles with_sorted_snapshots(FolderFiles files);

// The three main files of each segment take its mtime.
void set_mtimes(const Path& folder, const LogModel& log);

// What surrounds partition folders: meta.properties, the four checkpoint files (log end offsets as high
// watermarks and recovery points where not given), and the mark of a clean shutdown.
struct RootEntry {
  TopicPartition partition;
  Offset end_offset;
  std::optional<Offset> high_watermark = {};
  std::optional<Offset> first_dirty = {};  // none: no line in cleaner-offset-checkpoint
  std::optional<Offset> log_start = {};
};
void write_root(const Path& root, const std::vector<RootEntry>& partitions);

}  // namespace kseg
