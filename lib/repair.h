// The answer to a damaged log: keeps every batch that can be proven sound, takes out the bytes between them,
// and makes anew what is derived from a log, by a broker's own recovery (recovery.h), which then finds
// nothing to cut. That alone would end the log at the first damage.
//
// Bytes that are taken out are kept as `cut-NAME-POSITION`, in the partition folder or in a quarantine
// folder.
#pragma once

#include <map>

#include "lib/recovery.h"
#include "lib/refusal.h"
#include "lib/sound_batches.h"

namespace kseg {

struct RepairRequest {
  Path partition;
  std::optional<Path> output;      // a new folder; else in place
  std::optional<Path> quarantine;  // for the bytes that are taken out; made if missing
  bool salvage = false;            // keep records of damaged batches that nothing proves: batch_salvage.h
  Offset log_start;                // its line in log-start-offset-checkpoint, or 0
  std::uint64_t index_interval_bytes = 4096;
  std::uint64_t segment_index_bytes = 10'485'760;
  std::int64_t now_ms = 0;
  std::int64_t producer_expiration_ms = 86'400'000;

  bool in_place() const { return !output; }
};

class Repair {
 public:
  struct Cut {
    Path file;
    DamagedRange range;
    bool zeros = false;                     // nothing but zeros, of which nobody keeps a copy
    std::uint32_t salvageable_records = 0;  // of the batch that begins there
  };

  // Reads all of the partition, writes nothing. Refuses a folder with a swap that is not finished, one
  // without segments, a segment whose name is wrong (SoundBatches), the metadata log, and an output that is
  // there or lies in a log directory. Throws IoError.
  //
  // In place, whoever calls holds the directory's lock until carry_out() has returned.
  static std::variant<Repair, Refusal> plan(FileSystem& files, RepairRequest request);

  const std::vector<Cut>& cuts() const { return cuts_; }
  // A leader-epoch-checkpoint that cannot be read: it is taken out, too.
  const std::optional<LocatedDefect>& bad_epochs() const { return bad_epochs_; }
  std::uint64_t segments() const { return log_.segments().size(); }
  std::uint64_t batches() const { return batches_; }  // sound ones
  std::uint64_t records() const { return records_; }
  std::uint64_t bytes_cut() const;

  // Does it, durably. In place one damaged segment after the other is swapped by a broker's own protocol:
  // after a crash each is the old one or the new one, and what was derived is as a crash leaves it. A refusal
  // is that of Recovery; an output then does not come into being. Throws IoError.
  std::optional<Refusal> carry_out();

  // After carry_out(): where the bytes of each of cuts() are, empty if they are zeros; and the files that
  // were derived anew.
  const std::vector<Path>& kept() const { return kept_; }
  const std::vector<RecoveryStep>& derived() const { return derived_; }

 private:
  struct Damaged {
    std::vector<BatchRun> runs;
    std::size_t first_cut = 0;  // in cuts_
    std::size_t cut_count = 0;
  };

  Repair(FileSystem& files, RepairRequest request) : files_(&files), request_(std::move(request)) {}

  std::optional<Refusal> look();
  std::optional<Refusal> check_folders() const;
  std::optional<Refusal> look_at(std::size_t segment);
  std::optional<Refusal> carry_out_in_place();
  std::optional<Refusal> carry_out_to_output();
  Path make_aside(const Path& folder);
  void set_bad_epochs_aside(const Path& to_folder);
  void keep(const Cut& cut, const Path& folder);
  std::vector<Offset> write(std::size_t segment, const Path& folder, FileState state);
  std::optional<Refusal> derive(const Path& folder);
  Path unused_name(const Path& folder, const std::string& name, Position position) const;

  FileSystem* files_;
  RepairRequest request_;
  PartitionLog log_;
  std::map<std::size_t, Damaged> damaged_;  // by segment
  std::vector<Cut> cuts_;
  std::optional<LocatedDefect> bad_epochs_;
  std::uint64_t batches_ = 0;
  std::uint64_t records_ = 0;
  std::vector<Path> kept_;
  std::vector<RecoveryStep> derived_;
};

}  // namespace kseg
