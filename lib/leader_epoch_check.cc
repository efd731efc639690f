#include "lib/leader_epoch_check.h"

#include <fmt/format.h>

#include <algorithm>

namespace kseg {

LeaderEpochCheck::LeaderEpochCheck(VerifyReport& report, Entries read)
    : report_(report), read_(std::move(read)), entries_(read_()) {}

const EpochEntry* LeaderEpochCheck::entry_for(Offset offset) const {
  const auto behind =
      std::upper_bound(entries_.begin(), entries_.end(), offset,
                       [](Offset wanted, const EpochEntry& entry) { return wanted < entry.start_offset; });
  return behind == entries_.begin() ? nullptr : &*std::prev(behind);
}

void LeaderEpochCheck::batch(const RecordBatchHeader& header, Position position, const Path& log) {
  const std::int32_t epoch = header.partition_leader_epoch;
  if (header.is_legacy() || epoch == -1) return;
  const auto warn = [&](std::string expected) {
    report_.warning(log, {.code = DefectCode::leader_epoch,
                          .position = position,
                          .offset = header.base_offset,
                          .expected = std::move(expected),
                          .found = fmt::format("{}", epoch)});
  };

  const EpochEntry* entry = entry_for(header.base_offset);
  if (entry != nullptr && entry->epoch != epoch) {
    const Told now{.entry = *entry, .found = epoch};
    if (told_ == now) return;
    entries_ = read_();
    entry = entry_for(header.base_offset);
    if (entry != nullptr && entry->epoch != epoch) {
      told_ = Told{.entry = *entry, .found = epoch};
      return warn(fmt::format("{}, which is the leader epoch from offset {} on by {}", entry->epoch,
                              entry->start_offset, kLeaderEpochCheckpoint));
    }
  }
  if (entry == nullptr && (epoch < 0 || (last_ && epoch < *last_))) {
    return warn(fmt::format("a leader epoch of at least {}", last_.value_or(0)));
  }
  last_ = epoch;
}

void LeaderEpochCheck::forget() {
  last_.reset();
}

}  // namespace kseg
