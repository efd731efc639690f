#include "lib/kafka_batch_list.h"

#include <algorithm>

namespace kseg {
namespace {

constexpr std::size_t kChunkBytes = std::size_t{1} << 16;

}  // namespace

KafkaBatchList::KafkaBatchList(File& file, std::uint64_t file_bytes)
    : chunk_(file, kChunkBytes), end_{file_bytes} {}

Result<std::span<const KafkaBatchList::Entry>> KafkaBatchList::from(Position begin) {
  const auto known =
      std::lower_bound(batches_.begin(), batches_.end(), begin,
                       [](const Entry& entry, Position position) { return entry.position < position; });
  if (known != batches_.end() && known->position == begin)
    return std::span<const Entry>(known, batches_.end());
  batches_.clear();
  KafkaLogWalk walk(chunk_, {.begin = begin, .end = end_}, KafkaLogWalk::Payload::skip);
  while (true) {
    const auto batch = walk.next();
    if (!batch) {
      batches_.clear();
      return batch.error();
    }
    if (*batch == nullptr) return std::span<const Entry>(batches_);
    const auto last_offset = (*batch)->last_offset();
    batches_.push_back({.position = (*batch)->position,
                        .last_offset = last_offset ? std::optional(*last_offset) : std::nullopt});
  }
}

}  // namespace kseg
