#include "lib/leader_epochs.h"

#include <algorithm>

namespace kseg {

bool LeaderEpochs::assign(std::int32_t epoch, Offset offset) {
  if (epoch < 0) return false;
  if (!entries_.empty() && entries_.back().epoch == epoch && offset >= entries_.back().start_offset) {
    return false;
  }
  while (!entries_.empty() && (entries_.back().epoch >= epoch || entries_.back().start_offset >= offset)) {
    entries_.pop_back();
  }
  entries_.push_back({.epoch = epoch, .start_offset = offset});
  return true;
}

void LeaderEpochs::truncate(Offset log_end) {
  while (!entries_.empty() && entries_.back().start_offset >= log_end) entries_.pop_back();
}

bool LeaderEpochs::begin_at(Offset log_start) {
  const auto above = std::find_if(entries_.begin(), entries_.end(),
                                  [&](const EpochEntry& entry) { return entry.start_offset > log_start; });
  if (above == entries_.begin()) return false;
  const EpochEntry first{.epoch = (above - 1)->epoch, .start_offset = log_start};
  if (entries_.front() == first) return false;
  entries_.erase(entries_.begin(), above - 1);
  entries_.front() = first;
  return true;
}

std::optional<std::int32_t> LeaderEpochs::latest() const {
  if (entries_.empty()) return std::nullopt;
  return entries_.back().epoch;
}

}  // namespace kseg
