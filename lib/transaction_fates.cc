#include "lib/transaction_fates.h"

#include <algorithm>

namespace kseg {

bool TransactionFates::follow(const RecordBatchHeader& batch, std::optional<ControlType> control_type) {
  if (!batch.is_control()) {
    if (batch.is_transactional()) open_.try_emplace(batch.producer_id, batch.base_offset);
    return false;
  }
  if (control_type != ControlType::abort && control_type != ControlType::commit) return false;
  const auto open = open_.find(batch.producer_id);
  if (open == open_.end()) return false;
  if (control_type == ControlType::abort) {
    aborted_[batch.producer_id].push_back({.first = open->second, .marker = batch.base_offset});
  }
  open_.erase(open);
  return true;
}

TransactionFate TransactionFates::of(const RecordBatchHeader& batch) const {
  if (!batch.is_transactional()) return TransactionFate::committed;
  if (const auto open = open_.find(batch.producer_id);
      open != open_.end() && batch.base_offset >= open->second) {
    return TransactionFate::undecided;
  }
  const auto found = aborted_.find(batch.producer_id);
  if (found == aborted_.end()) return TransactionFate::committed;
  const auto next =
      std::lower_bound(found->second.begin(), found->second.end(), batch.base_offset,
                       [](const Aborted& transaction, Offset offset) { return transaction.marker < offset; });
  const bool inside = next != found->second.end() && next->first <= batch.base_offset;
  return inside ? TransactionFate::aborted : TransactionFate::committed;
}

}  // namespace kseg
