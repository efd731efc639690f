// The state of a partition: the last record of each key, known by one bit a record that belongs to it.
#pragma once

#include "lib/latest_records.h"
#include "lib/record_stream.h"

namespace kseg {

struct StateCounts {
  std::uint64_t keys = 0;        // with a value
  std::uint64_t tombstones = 0;  // keys whose last record says that they are deleted
  std::uint64_t records = 0;     // of data, that a reader gets
  std::uint64_t keyless = 0;     // of these, without key: no state
  std::uint64_t key_set_bytes = 0;
};

class LatestState {
 public:
  struct Options {
    bool tombstones = false;  // belong to it
  };

  // Reads the log's batches, newest first. Borrows `files` and `log`; see LatestRecords for what `report`
  // is told.
  static LatestState of(FileSystem& files, const ReadableLog& log, Options options, VerifyReport& report);

  const StateCounts& counts() const { return counts_; }

  // Its records in the order of offsets, batch by batch. Once.
  RecordStream records(VerifyReport& report) { return {*files_, *log_, report, {.selection = &selection_}}; }

 private:
  LatestState(FileSystem& files, const ReadableLog& log) : files_(&files), log_(&log) {}

  FileSystem* files_;
  const ReadableLog* log_;
  StateCounts counts_;
  RecordSelection selection_;
};

}  // namespace kseg
