// The last record of each key that a reader gets, found as compaction finds it: from the newest batch to
// the oldest, so that a set of keys is all the memory it takes.
#pragma once

#include <memory>
#include <span>

#include "formats/record.h"
#include "lib/batch_walk.h"
#include "lib/key_set.h"
#include "lib/readable_log.h"

namespace kseg {

struct LatestRecord {
  RecordView record;
  KeyHash hash;          // of its key, if it has one
  bool in_state = true;  // has a key, lies in the reader's range
  bool latest = false;   // the last of its key, be it a tombstone
};

class LatestRecords {
 public:
  // Borrows all three. `seed`: see KeySet.
  LatestRecords(FileSystem& files, const ReadableLog& log, VerifyReport& report,
                std::uint64_t seed = KeySet::random_seed())
      : files_(files), log_(log), report_(report), keys_(seed), segments_left_(log.segments().size()) {}

  // Goes to the next older batch that holds something for the reader; false at the end. Defects: those of
  // decompression and RecordReader; records before one in a batch count. Throws IoError.
  bool next_batch();

  // Of that batch, in file order; valid until next_batch().
  std::span<const LatestRecord> records() const { return records_; }
  std::size_t segment() const { return segments_left_; }
  std::size_t batch() const { return walk_->index(); }

  std::uint64_t key_count() const { return keys_.size(); }
  std::uint64_t key_set_bytes() const { return keys_.memory_bytes(); }

 private:
  const RecordBatchView* next_in_segments();
  void read_records(const RecordBatchView& batch);
  void find_latest();

  FileSystem& files_;
  const ReadableLog& log_;
  VerifyReport& report_;
  KeySet keys_;
  std::size_t segments_left_;
  std::shared_ptr<File> file_;
  std::optional<BatchWalk> walk_;
  Decompressor decompressor_;
  ByteBuffer scratch_;
  std::vector<LatestRecord> records_;
};

}  // namespace kseg
