// The producers of a partition, and their snapshot files, as a broker that loads it makes them
// (log-format.md §6.5): what it would read, write and remove, without doing it.
#pragma once

#include <map>
#include <set>
#include <span>
#include <vector>

#include "formats/transaction_index.h"
#include "lib/located_defect.h"
#include "lib/producer_state.h"
#include "lib/recovery_reader.h"

namespace kseg {

// The `.snapshot` files of a folder: those that are there, less those that would be removed, and those
// that would be written.
class SnapshotFiles {
 public:
  enum class Unneeded {
    stray,         // no segment begins there
    out_of_range,  // at or below the log start, or behind what is loaded; written again if need be
    damaged,
    segment_gone,  // so is the segment that begins there
  };

  // Borrows `files`. `there`: offset → where the file is now.
  SnapshotFiles(FileSystem& files, std::map<Offset, Path> there);

  std::vector<Offset> offsets() const;  // ascending
  bool contains(Offset offset) const { return now_.contains(offset); }
  Result<std::vector<ProducerStateEntry>> read(Offset offset) const;
  void remove(Offset offset, Unneeded why);
  void write(Offset offset, std::vector<ProducerStateEntry> entries);

  // What would have changed in the end. A file that would be written as it is does not change.
  std::map<Offset, Unneeded> removed() const;
  std::map<Offset, ByteBuffer> written() const;  // the files' bytes

 private:
  using Written = std::optional<std::vector<ProducerStateEntry>>;  // nothing: the file that is there

  FileSystem& files_;
  std::map<Offset, Path> there_;
  std::map<Offset, Written> now_;
  std::map<Offset, Unneeded> why_;
};

// A segment, as far as it will be read. A broker begins where the offset index sends it.
struct LogPart {
  Offset base_offset;
  Path log;
  Position end;
  std::optional<Path> offset_index = {};  // as it is
  const ByteBuffer* new_index = nullptr;  // as it will be, if there will be another
};

class LoadedProducers {
 public:
  struct Expiry {
    std::int64_t now_ms = 0;
    std::int64_t expiration_ms = 0;
  };

  // No producer yet. Borrows both.
  LoadedProducers(FileSystem& files, SnapshotFiles& snapshots, Expiry expiry)
      : files_(files), snapshots_(snapshots), expiry_(expiry) {}

  // The state at `end`: from the newest sound snapshot behind `log_start` and not behind `end`, all others
  // of which are removed if out of that range, and the batches from there on. Snapshots are written at the
  // bases of the last two parts, as far as they are met, and at `end`. With `assume_none`, the absence of
  // any snapshot is believed: there are no producers. Damage that stops a broker is returned.
  struct Range {
    Offset log_start;
    Offset end;
    bool assume_none = false;
  };
  std::optional<LocatedDefect> rebuild(std::span<const LogPart> parts, const Range& range);

  // A batch of the log, in order; of a control batch with a producer all bytes are needed. If it aborts a
  // transaction that has data, yields the entry of the transaction index. Errors: producer_state,
  // bad_control_record, and those of records.
  Result<std::optional<AbortedTxn>> apply(const RecordBatchView& batch);

  // Unless there is one at this offset, or was one behind it.
  void take_snapshot();

  // Removes the snapshots that no segment begins at, but not the last one of them if it lies behind all
  // segments.
  void remove_strays(std::span<const LogPart> parts);

  // There is no log before `offset`; of the snapshots `known` are removed.
  void start_at(Offset offset, const std::set<Offset>& known);

 private:
  void load(const Range& range);
  Result<std::optional<Position>> find_batch(File& file, const LogPart& part, Offset offset);
  Result<std::optional<RecordView>> first_record(const RecordBatchView& batch);

  FileSystem& files_;
  SnapshotFiles& snapshots_;
  Expiry expiry_;
  ProducerState state_;
  Offset end_{0};            // of what was applied
  Offset last_snapshot_{0};  // none is written at it or before it
  Decompressor decompressor_;
  ByteBuffer scratch_;
};

}  // namespace kseg
