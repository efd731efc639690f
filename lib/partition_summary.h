// What a partition folder holds, told from names and sizes, headers, the ends of indexes, the newest producer
// snapshot and checkpoints: no record is read.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "formats/uuid.h"
#include "lib/cleaning_candidate.h"
#include "lib/topic_settings.h"

namespace kseg {

// The one that counts most, of those that hold: a folder's name says more than what is in it.
enum class PartitionState {
  clean,            // nothing is wrong, as far as it was looked at
  needs_recovery,   // a broker that starts checks part of the log, and may cut it
  damaged,          // see PartitionSummary::defects
  unfinished_swap,  // a broker that starts finishes what its cleaner began
  future_replica,   // being moved here from another log directory
  stray,            // of no topic that the broker has here, by the folder's name or by the metadata
  deleted,          // a broker is about to remove it
};
std::string_view name(PartitionState state);  // "needs_recovery", of a future replica "future"

// What the folder's surroundings say. All of it is borrowed.
struct PartitionSurroundings {
  const LogDir* root = nullptr;  // none: a copied folder
  const LogDirCheckpoints& checkpoints;
  const TopicSettings& settings;
  bool in_use = false;  // by a broker: what is not yet flushed is nothing to worry about
  bool cleanly_shut_down = false;
};

struct PartitionSummary {
  struct Limits {
    std::int64_t now_ms = 0;
    // How much of the log may be looked at for open transactions, see LogOutline.
    std::uint64_t max_replay_bytes = std::uint64_t{1} << 20;
    std::uint64_t max_replay_bytes_if_compacted = max_replay_bytes;
  };

  // Reads again what changes meanwhile. Nothing if the folder has gone. Throws IoError.
  static std::optional<PartitionSummary> of(FileSystem& files, const Path& folder,
                                            const PartitionSurroundings& around, const Limits& limits);

  Path folder;
  std::optional<PartitionFolderName> folder_name;  // nothing: a copy under another name
  PartitionState state = PartitionState::clean;
  std::optional<Uuid> topic_id;
  // "compact", "delete", "compact,delete", "none", of the metadata log "snapshots"; nothing if not known.
  std::optional<std::string_view> policy;
  std::size_t segments = 0;
  std::uint64_t log_bytes = 0;  // of all `.log` files
  // Of a deleted one no offset and no time is read.
  std::optional<Offset> log_start;
  std::optional<Offset> log_end;  // nothing: the end is of a message format that is not read
  // The high watermark, or the first offset of an open transaction; the log end for the high watermark where
  // no checkpoint tells it. Nothing if that would have meant to read too much.
  std::optional<Offset> last_stable;
  // Of the first batch in the first file, whether or not the log start has passed it: when it was written.
  std::optional<std::int64_t> oldest_ms;
  // The largest of the time indexes' last entries and of the batches behind them.
  std::optional<std::int64_t> newest_ms;
  // What the cleaner would do; of a compacted one that is in use and sound, with the range.
  CleaningCandidate candidate;
  std::vector<LocatedDefect> defects;
  std::vector<std::string> notes;  // why it has that state, and what else is remarkable
};

}  // namespace kseg
