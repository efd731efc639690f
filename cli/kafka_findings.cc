#include "cli/kafka_findings.h"

#include <algorithm>
#include <iterator>

namespace kseg {
namespace {

// As a TreeMap has them: by their first number, and of those with the same one the last.
void sort_by_first(std::vector<std::pair<std::int64_t, std::int64_t>>& pairs) {
  std::stable_sort(pairs.begin(), pairs.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  const auto same = [](const auto& a, const auto& b) { return a.first == b.first; };
  const auto kept = std::unique(pairs.rbegin(), pairs.rend(), same);
  pairs.erase(pairs.begin(), kept.base());
}

}  // namespace

void KafkaFindings::index_mismatch(const KafkaFileName& file, Offset indexed, Offset in_log) {
  index_mismatches_[file.absolute()].emplace_back(indexed.value, in_log.value);
}

void KafkaFindings::timestamp_mismatch(const KafkaFileName& file, std::int64_t indexed_ms,
                                       std::int64_t in_log_ms) {
  timestamp_mismatches_[file.absolute()].emplace_back(indexed_ms, in_log_ms);
}

void KafkaFindings::out_of_order(const KafkaFileName& file, std::int64_t indexed_ms, std::int64_t before_ms) {
  out_of_order_[file.absolute()].emplace_back(indexed_ms, before_ms);
}

void KafkaFindings::offset_not_found(const KafkaFileName& file, Offset indexed, Offset in_log) {
  not_found_[file.absolute()].emplace_back(indexed.value, in_log.value);
}

void KafkaFindings::not_consecutive(const KafkaFileName& file, Offset offset, Offset next) {
  not_consecutive_[file.absolute()].emplace_back(offset.value, next.value);
}

bool KafkaFindings::any_damage() const {
  return damage_ || !index_mismatches_.empty() || !timestamp_mismatches_.empty() || !out_of_order_.empty() ||
         !not_found_.empty();
}

void KafkaFindings::tell(const PairsOfFiles& files, const Words& words, Output& output) {
  for (const auto* file : files.in_order()) {
    Pairs pairs = file->value;
    if (words.order != Order::as_met) sort_by_first(pairs);
    if (words.order == Order::descending) std::reverse(pairs.begin(), pairs.end());
    std::string text = fmt::format("{}{}", words.title, file->key);
    for (const auto& [first, second] : pairs) {
      fmt::format_to(std::back_inserter(text), "\n{}{}{}{}", words.first, first, words.second, second);
    }
    output.remark(text);
  }
}

void KafkaFindings::tell(Output& output) const {
  tell(index_mismatches_,
       {.title = "Mismatches in :",
        .first = "  Index offset: ",
        .second = ", log offset: ",
        .order = Order::descending},
       output);
  tell(timestamp_mismatches_,
       {.title = "Found timestamp mismatch in :",
        .first = "  Index timestamp: ",
        .second = ", log timestamp: "},
       output);
  tell(out_of_order_,
       {.title = "Found out of order timestamp in :",
        .first = "  Index timestamp: ",
        .second = ", Previously indexed timestamp: "},
       output);
  tell(not_found_,
       {.title = "The following indexed offsets are not found in :",
        .first = "Indexed offset: ",
        .second = ", found log offset: "},
       output);
  tell(not_consecutive_,
       {.title = "Non-consecutive offsets in ",
        .first = "  ",
        .second = " is followed by ",
        .order = Order::ascending},
       output);
}

}  // namespace kseg
