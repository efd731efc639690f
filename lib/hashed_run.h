// A run of batches, read and checked, with the keys of its records hashed: what a plan decides on. Everything
// that needs neither the order of the log nor what other runs hold, so that several can be made at once.
#pragma once

#include <span>
#include <utility>
#include <vector>

#include "formats/record.h"
#include "lib/batch_chunk.h"
#include "lib/key_set.h"

namespace kseg {

struct HashedRecord {
  bool has_key;
  bool tombstone;
  bool illegal_timestamp;  // below -1
  bool superseded = false;
};

class HashedRun {
 public:
  struct Batch {
    std::uint32_t first_record = 0;  // of those that were hashed
    std::uint32_t record_count = 0;
    bool mixes_formats = false;  // a wrapper that holds messages of another format than its own
    bool is_damaged = false;
  };
  // What decompression and reading need; one a thread.
  struct Scratch {
    Decompressor decompressor;
    ByteBuffer bytes;
  };

  // Reads the run and checks the crc of each batch. The defect of a batch is its own; a run that is not what
  // an earlier pass found has no batches.
  void read(File& file, const BatchRun& run);
  const std::optional<Defect>& defect() const { return defect_; }

  // In file order, and what is known of each.
  const std::vector<RecordBatchView>& batches() const { return chunk_.batches(); }
  const Batch& batch(std::size_t index) const { return batches_[index]; }
  const Defect& defect_of(std::size_t index) const;  // of a damaged one

  // Reads the records of a batch that has no defect; batches in file order, each once.
  void check_records(std::size_t index, Scratch& scratch);
  // The same, and hashes their keys.
  void hash_records(std::size_t index, const KeySet& keys, Offset first_dirty, Scratch& scratch);
  // Behind the last batch.
  void end_hashing();

  // The hashes of all keys, from the newest record to the oldest: of the records at or above the first dirty
  // offset, which enter the set of keys, and of those below, which only ask it.
  std::span<const KeyHash> entering() const { return std::span(hashes_).first(entering_); }
  std::span<const KeyHash> asking() const { return std::span(hashes_).subspan(entering_); }
  // What the set said of each, in this order: whether it was there.
  void supersede(std::span<const std::uint8_t> found);

  // Of a batch that was hashed, in the order of the file.
  std::span<const HashedRecord> records(const Batch& batch) const {
    return std::span(records_).subspan(batch.first_record, batch.record_count);
  }

 private:
  template <typename Take>
  void read_records(std::size_t index, Scratch& scratch, Take&& take);
  void add_defect(std::size_t index, Defect defect);

  BatchChunk chunk_;
  std::optional<Defect> defect_;
  std::vector<Batch> batches_;
  std::vector<std::pair<std::size_t, Defect>> defects_;  // of batches, by index
  std::vector<HashedRecord> records_;
  std::vector<KeyHash> hashes_;
  std::size_t entering_ = 0;
};

}  // namespace kseg
