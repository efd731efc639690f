// What became of the last record of each key, told in the order of offsets.
//
// Keys are known by 122 bits of a 128-bit XXH3 hash with a random seed. Two different keys are taken for
// one with a chance of n^2 / 2^123 for n keys, 1e-19 for 10^9; then a lost value may go unseen, or be
// reported that is not lost. A key takes 24 bytes in a table that is never more than 3/4 full, and
// doubles: 32 to 64 bytes a key, half as much again while it grows.
#pragma once

#include <cstdint>
#include <vector>

#include "formats/bytes.h"
#include "formats/offset.h"

namespace kseg {

// A record of the original, with what is known of it.
struct RecordFate {
  Offset offset;
  bool aborted = false;  // belongs to an aborted transaction: never the last of its key
  bool tombstone = false;
  bool left = false;  // is in the cleaned log
  bool due = false;   // had a delete horizon (that has passed)
};

class LastRecords {
 public:
  explicit LastRecords(std::uint64_t seed);

  // Offsets ascend. Takes effect with flush() at the latest: table lines are fetched while it waits.
  void add(Bytes key, const RecordFate& fate);
  void flush();

  // The last record of a key that is not aborted.
  struct Last {
    RecordFate fate;
    bool older_left = false;  // an older record of the key, aborted or not, is in the cleaned log
  };
  // Calls `visit(const Last&)` for each key that has one, in no order. After flush().
  template <typename Visit>
  void for_each(Visit visit) const {
    for (const Slot& slot : slots_) {
      if (slot.used() && slot.offset >= 0) visit(slot.last());
    }
  }

  std::uint64_t key_count() const { return used_; }

 private:
  struct Slot {
    static constexpr std::uint64_t kUsed = 1;
    static constexpr std::uint64_t kTombstone = 2;
    static constexpr std::uint64_t kLeft = 4;
    static constexpr std::uint64_t kDue = 8;
    static constexpr std::uint64_t kOlderLeft = 16;
    static constexpr std::uint64_t kNewerLeft = 32;  // an aborted record behind the last one
    static constexpr std::uint64_t kFlags = 63;

    std::uint64_t hash_high = 0;
    std::uint64_t hash_low_and_flags = 0;
    std::int64_t offset = -1;  // of the last record that is not aborted

    bool used() const { return (hash_low_and_flags & kUsed) != 0; }
    Last last() const;
  };
  struct Waiting {
    std::uint64_t hash_high;
    std::uint64_t hash_low;
    RecordFate fate;
  };

  Slot& find(std::uint64_t hash_high, std::uint64_t hash_low);
  void apply(const Waiting& waiting);
  void grow();

  std::uint64_t seed_;
  std::vector<Slot> slots_;  // a power of two
  std::uint64_t used_ = 0;
  std::vector<Waiting> waiting_;
};

}  // namespace kseg
