// What stays of a batch and of its records: the rules of the cleaner (compaction.md §8 and §9) and
// nothing else. It is told facts and answers; it reads nothing.
#pragma once

#include <cstdint>
#include <optional>

#include "formats/record_batch.h"

namespace kseg {

// What must be known of a batch before its records are looked at.
struct BatchFacts {
  bool is_control = false;
  bool discardable = false;  // data of an aborted transaction; a marker whose transaction has no data left
  bool last_of_producer = false;  // its header must stay for the sake of the producer's sequence
  bool ends_round = false;        // its header must stay for the sake of the end offset
  std::optional<std::int64_t> delete_horizon_ms;  // as stored
  bool is_legacy = false;                         // of message format 0 or 1
  bool legacy_tombstones_due = false;             // by the file time of its segment

  bool keeps_header() const { return last_of_producer || ends_round; }
};

struct RecordFacts {
  bool has_key = false;
  bool superseded = false;  // a newer record of the same key is in the dirty section
  bool tombstone = false;   // null value
};

enum class RecordFate { keep, drop_superseded, drop_tombstone, drop_keyless };

class RetentionPolicy {
 public:
  struct Rules {
    std::int64_t now_ms = 0;
    std::int64_t delete_retention_ms = 86'400'000;
    bool keep_tombstones = false;  // never drop one that is due
    bool keep_markers = false;
    bool keeps_legacy = false;  // as Compat says
  };

  explicit RetentionPolicy(Rules rules) : rules_(rules) {}

  // Whether all records go at once, unread: aborted data, and markers that are due.
  bool drops_all_records(const BatchFacts& batch) const {
    if (!batch.discardable) return false;
    return !batch.is_control || (is_due(batch.delete_horizon_ms) && !rules_.keep_markers);
  }

  // A record of a data batch that is not dropped as a whole. Control records are kept.
  RecordFate decide(const BatchFacts& batch, const RecordFacts& record) const {
    if (!record.has_key) return RecordFate::drop_keyless;
    if (record.superseded) return RecordFate::drop_superseded;
    const bool due = batch.is_legacy ? batch.legacy_tombstones_due : is_due(batch.delete_horizon_ms);
    if (record.tombstone && due && !rules_.keep_tombstones) {
      return RecordFate::drop_tombstone;
    }
    return RecordFate::keep;
  }

  // Whether a batch that keeps all its records may stay byte for byte: a message of format 0 or 1 only if its
  // format stays, and that of all messages inside it is the same.
  bool may_stay_as_it_is(const BatchFacts& batch, bool mixes_formats) const {
    return !batch.is_legacy || (rules_.keeps_legacy && !mixes_formats);
  }

  // Whether a batch with records left gets a delete horizon now: a tombstone stays in it, or it is a
  // marker without data, and it has none yet.
  bool needs_horizon(const BatchFacts& batch, bool keeps_tombstone) const {
    if (batch.is_legacy && rules_.keeps_legacy) return false;
    return !batch.delete_horizon_ms && (keeps_tombstone || (batch.is_control && batch.discardable));
  }

  // now + delete.retention.ms, wrapping as Java's long does; a negative one is no horizon (C7).
  std::int64_t new_horizon_ms() const {
    return static_cast<std::int64_t>(static_cast<std::uint64_t>(rules_.now_ms) +
                                     static_cast<std::uint64_t>(rules_.delete_retention_ms));
  }

 private:
  bool is_due(std::optional<std::int64_t> horizon_ms) const {
    return horizon_ms && *horizon_ms <= rules_.now_ms;
  }

  Rules rules_;
};

}  // namespace kseg
