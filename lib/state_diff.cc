#include "lib/state_diff.h"

#include <algorithm>

#include "formats/canonical_record.h"
#include "lib/digest.h"
#include "lib/latest_records.h"

namespace kseg {
namespace {

// The last value of each key of the left side.
class StateTable {
 public:
  struct Slot {
    KeyHash key;  // a remainder of 0: empty
    Digest content;
    Offset offset;  // below 0: the right side has the key, too

    bool used() const { return key.remainder != 0; }
    bool met() const { return offset.value < 0; }
    void meet() { offset = {~offset.value}; }
  };

  void insert(const Slot& slot) {
    if ((used_ + 1) * 4 > slots_.size() * 3) grow();
    *find(slot.key) = slot;
    ++used_;
  }

  // The slot of `key`, or the empty one where it would be.
  Slot* find(const KeyHash& key) {
    const std::size_t mask = slots_.size() - 1;
    std::size_t at = key.remainder & mask;
    while (slots_[at].used() &&
           (slots_[at].key.remainder != key.remainder || slots_[at].key.shard_bits != key.shard_bits)) {
      at = (at + 1) & mask;
    }
    return &slots_[at];
  }
  void prefetch(const KeyHash& key) const {
    __builtin_prefetch(&slots_[key.remainder & (slots_.size() - 1)]);
  }

  const std::vector<Slot>& slots() const { return slots_; }
  std::uint64_t size() const { return used_; }

 private:
  void grow() {
    std::vector<Slot> old(slots_.size() * 2);
    old.swap(slots_);
    for (const Slot& slot : old) {
      if (slot.used()) *find(slot.key) = slot;
    }
  }

  std::vector<Slot> slots_ = std::vector<Slot>(std::size_t{1} << 10);  // a power of two
  std::uint64_t used_ = 0;
};

class StateComparer {
 public:
  StateComparer(FileSystem& files, std::size_t listed, VerifyReport& report)
      : files_(files), listed_(listed), report_(report) {}

  void read_left(const ReadableLog& log) {
    LatestRecords latest(files_, log, report_, seed_);
    while (latest.next_batch()) {
      for (const LatestRecord& each : latest.records()) {
        if (!each.latest || !each.record.value) continue;
        table_.insert({.key = each.hash, .content = content_of(each.record), .offset = each.record.offset});
      }
    }
    result_.counts.left = table_.size();
  }

  void read_right(const ReadableLog& log) {
    LatestRecords latest(files_, log, report_, seed_);
    while (latest.next_batch()) {
      for (const LatestRecord& each : latest.records()) {
        if (each.latest && each.record.value) table_.prefetch(each.hash);
      }
      for (const LatestRecord& each : latest.records()) {
        if (each.latest && each.record.value) compare(each);
      }
    }
  }

  StateDifferences finish() {
    for (const StateTable::Slot& slot : table_.slots()) {
      if (!slot.used() || slot.met()) continue;
      ++result_.counts.only_left;
      list({.left = slot.offset, .right = std::nullopt});
    }
    std::sort_heap(result_.first.begin(), result_.first.end(), before);
    return std::move(result_);
  }

 private:
  Digest content_of(const RecordView& record) {
    scratch_.clear();
    append_canonical_content(record, scratch_);
    return Digest::of(scratch_);
  }

  void compare(const LatestRecord& right) {
    ++result_.counts.right;
    StateTable::Slot& left = *table_.find(right.hash);
    if (!left.used()) {
      ++result_.counts.only_right;
      return list({.left = std::nullopt, .right = right.record.offset});
    }
    const Offset left_offset = left.offset;
    left.meet();
    if (left.content == content_of(right.record)) return;
    ++result_.counts.changed;
    list({.left = left_offset, .right = right.record.offset});
  }

  static bool before(const KeyDifference& a, const KeyDifference& b) {
    if (a.left && b.left) return *a.left < *b.left;
    if (a.left || b.left) return a.left.has_value();
    return *a.right < *b.right;
  }

  // Keeps the first ones, the last of them on top of a heap.
  void list(const KeyDifference& difference) {
    auto& kept = result_.first;
    if (listed_ == 0) return;
    if (kept.size() == listed_) {
      if (!before(difference, kept.front())) return;
      std::pop_heap(kept.begin(), kept.end(), before);
      kept.pop_back();
    }
    kept.push_back(difference);
    std::push_heap(kept.begin(), kept.end(), before);
  }

  FileSystem& files_;
  std::size_t listed_;
  VerifyReport& report_;
  std::uint64_t seed_ = KeySet::random_seed();
  StateTable table_;
  StateDifferences result_;
  ByteBuffer scratch_;
};

}  // namespace

StateDifferences compare_states(FileSystem& files, const ReadableLog& left, const ReadableLog& right,
                                std::size_t listed, VerifyReport& report) {
  StateComparer comparer(files, listed, report);
  comparer.read_left(left);
  comparer.read_right(right);
  return comparer.finish();
}

}  // namespace kseg
