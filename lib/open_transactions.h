// Where the transactions begin that are open at a place of the log.
#pragma once

#include <algorithm>
#include <cstdint>
#include <set>
#include <unordered_map>

#include "formats/offset.h"

namespace kseg {

class OpenTransactions {
 public:
  // Data of a producer: begins its transaction, if none is open.
  void add(std::int64_t producer_id, Offset base_offset) {
    if (first_.try_emplace(producer_id, base_offset).second) ascending_.insert(base_offset);
  }
  void end(std::int64_t producer_id) {
    const auto open = first_.find(producer_id);
    if (open == first_.end()) return;
    ascending_.erase(open->second);
    first_.erase(open);
  }
  void clear() {
    first_.clear();
    ascending_.clear();
  }

  // The highest that the last stable offset can have become with a marker of this producer that ends before
  // `behind`. It may have been lower: data of transactions that were open then can be gone.
  Offset highest_last_stable(std::int64_t producer_id, Offset behind) const {
    const auto own = first_.find(producer_id);
    auto lowest = ascending_.begin();
    if (own != first_.end() && own->second == *lowest) ++lowest;
    return lowest == ascending_.end() ? behind : std::min(behind, *lowest);
  }

 private:
  std::unordered_map<std::int64_t, Offset> first_;  // by producer id
  std::set<Offset> ascending_;
};

}  // namespace kseg
