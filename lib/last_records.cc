#include "lib/last_records.h"

#include <xxhash.h>

namespace kseg {
namespace {

constexpr std::size_t kFirstSlots = std::size_t{1} << 10;
constexpr std::size_t kMaxWaiting = 256;

}  // namespace

LastRecords::LastRecords(std::uint64_t seed) : seed_(seed), slots_(kFirstSlots) {
  waiting_.reserve(kMaxWaiting);
}

void LastRecords::add(Bytes key, const RecordFate& fate) {
  const XXH128_hash_t hash = XXH3_128bits_withSeed(key.data(), key.size(), seed_);
  __builtin_prefetch(&slots_[hash.high64 & (slots_.size() - 1)]);
  waiting_.push_back({.hash_high = hash.high64, .hash_low = hash.low64 & ~Slot::kFlags, .fate = fate});
  if (waiting_.size() == kMaxWaiting) flush();
}

void LastRecords::flush() {
  for (const Waiting& waiting : waiting_) apply(waiting);
  waiting_.clear();
}

void LastRecords::apply(const Waiting& waiting) {
  if ((used_ + 1) * 4 > slots_.size() * 3) grow();
  Slot& slot = find(waiting.hash_high, waiting.hash_low);
  if (!slot.used()) {
    slot = {.hash_high = waiting.hash_high, .hash_low_and_flags = waiting.hash_low | Slot::kUsed};
    ++used_;
  }
  const RecordFate& fate = waiting.fate;
  std::uint64_t& bits = slot.hash_low_and_flags;
  if (fate.aborted) {
    if (fate.left) bits |= Slot::kNewerLeft;
    return;
  }
  const bool older_left = (bits & (Slot::kLeft | Slot::kOlderLeft | Slot::kNewerLeft)) != 0;
  bits = waiting.hash_low | Slot::kUsed | (fate.tombstone ? Slot::kTombstone : 0) |
         (fate.left ? Slot::kLeft : 0) | (fate.due ? Slot::kDue : 0) | (older_left ? Slot::kOlderLeft : 0);
  slot.offset = fate.offset.value;
}

LastRecords::Slot& LastRecords::find(std::uint64_t hash_high, std::uint64_t hash_low) {
  const std::size_t mask = slots_.size() - 1;
  std::size_t at = hash_high & mask;
  while (slots_[at].used() &&
         (slots_[at].hash_high != hash_high || (slots_[at].hash_low_and_flags & ~Slot::kFlags) != hash_low)) {
    at = (at + 1) & mask;
  }
  return slots_[at];
}

void LastRecords::grow() {
  std::vector<Slot> old(slots_.size() * 2);
  old.swap(slots_);
  for (const Slot& slot : old) {
    if (slot.used()) find(slot.hash_high, slot.hash_low_and_flags & ~Slot::kFlags) = slot;
  }
}

LastRecords::Last LastRecords::Slot::last() const {
  const auto has = [&](std::uint64_t flag) { return (hash_low_and_flags & flag) != 0; };
  return {.fate = {.offset = {offset}, .tombstone = has(kTombstone), .left = has(kLeft), .due = has(kDue)},
          .older_left = has(kOlderLeft)};
}

}  // namespace kseg
