// Recovery of one partition: what a broker does first when it loads the folder (log-format.md §6.2–6.5,
// compaction.md §16), decided before anything is done, and then done so that whoever comes after a crash
// half-way, a broker or another recovery, arrives at the same folder.
//
// Bytes of `.log` files that it cuts off or takes away because of damage are kept under another name: beside
// the log, or in a quarantine folder. What the protocols of a broker's own cleaning leave over is removed as
// the broker does it.
//
// Root checkpoints are not written. A broker that starts recovers once more, finds nothing to do, and writes
// them itself; until then a recovery point that is too low costs time and nothing else. A mark of a clean
// shutdown is never made; one that is there is put away while files change.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "lib/refusal.h"

namespace kseg {

struct RecoveryRequest {
  Path partition;
  Offset recovery_point;           // its line in recovery-point-offset-checkpoint, or 0
  Offset log_start;                // its line in log-start-offset-checkpoint, or 0
  bool cleanly_shut_down = false;  // the directory: then no data is scanned, as no broker would
  std::uint64_t index_interval_bytes = 4096;
  std::uint64_t segment_index_bytes = 10'485'760;
  std::int64_t now_ms = 0;
  std::int64_t producer_expiration_ms = 86'400'000;
  // Where cut-off bytes go, in a folder with the partition's name; made if missing. Else they stay in the
  // partition folder.
  std::optional<Path> quarantine = {};
};

struct RecoveryStep {
  enum class Kind {
    remove,  // `file`
    rename,  // `file` to `to`, which it replaces
    keep,    // what `file` holds from `position` on is copied to `to`, which is not there
    cut,     // what `file` holds from `position` on
    write,   // `file` gets `bytes` for content
  };
  enum class Reason {
    deleted,          // a broker was about to remove it: `.deleted`
    incomplete_swap,  // `.swap` of a cleaning that had not written all of its `.cleaned` files
    cleaned,          // `.cleaned`: not finished
    replaced,         // by the segment of a finished cleaning
    finished_swap,    // that segment gets its name
    orphan_index,     // without a `.log`
    damage,           // `defect` tells
    behind_damage,    // a segment behind one that is cut: a broker ends the log there
    below_log_start,  // all of the log is
    unneeded_snapshot,
    damaged_snapshot,
    snapshot,  // of the producers at this offset
    index,     // missing, or not what the log asks for
    leader_epochs,
    new_segment,  // a log must have one
  };

  Kind kind;
  Reason reason;
  Path file;
  Path to = {};
  Position position = {};
  std::uint64_t size_bytes = 0;       // removed, renamed, kept, cut or written
  std::optional<Offset> offset = {};  // the first that is lost, where offsets are lost
  std::optional<Defect> defect = {};  // where there is damage
  ByteBuffer bytes = {};
};

// Stable, lower case: part of what scripts read.
std::string_view name(RecoveryStep::Kind kind);
std::string_view name(RecoveryStep::Reason reason);

class Recovery {
 public:
  // Reads, and writes nothing. Refuses what no broker loads, what only a broker recovers (messages of formats
  // 0 and 1, offsets that need a segment to be split, the metadata log), a folder marked for deletion, and a
  // quarantine inside of a log directory. Throws IoError.
  //
  // Whoever calls holds the directory's lock until carry_out() has returned. Memory: the bytes to be written,
  // which is indexes that are not what they should be, and snapshots.
  static std::variant<Recovery, Refusal> plan(FileSystem& files, const RecoveryRequest& request);

  // In the order in which they are done. None if the folder is as a broker's load leaves it.
  const std::vector<RecoveryStep>& steps() const { return steps_; }

  Offset log_start() const { return log_start_; }
  Offset log_end() const { return log_end_; }                // when it is done
  Offset recovery_point() const { return recovery_point_; }  // a broker's, likewise

  std::uint64_t segments_scanned() const { return segments_scanned_; }
  std::uint64_t bytes_lost() const;  // of `.log` files, cut off or taken away because of damage, zeros too

  // Does it, durably. Throws IoError, and then the folder is on its way: plan again.
  void carry_out();

 private:
  friend class RecoveryPlanner;
  Recovery(FileSystem& files, Path folder) : files_(&files), folder_(std::move(folder)) {}

  void take(const RecoveryStep& step);
  void keep(const RecoveryStep& step);

  FileSystem* files_;
  Path folder_;
  std::vector<RecoveryStep> steps_;
  Offset log_start_;
  Offset log_end_;
  Offset recovery_point_;
  std::uint64_t segments_scanned_ = 0;
};

}  // namespace kseg
