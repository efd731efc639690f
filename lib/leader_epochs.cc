#include "lib/leader_epochs.h"

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

std::optional<std::int32_t> LeaderEpochs::latest() const {
  if (entries_.empty()) return std::nullopt;
  return entries_.back().epoch;
}

}  // namespace kseg
