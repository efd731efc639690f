#include "lib/transaction_tracker.h"

#include <doctest/doctest.h>

namespace kseg {
namespace {

constexpr std::int64_t kProducer = 7;

// Hands a tracker the batches of a log, one offset each.
class Feed {
 public:
  explicit Feed(std::vector<AbortedTxn> aborted, Offset log_start = {0})
      : tracker_(std::move(aborted), log_start) {}

  Result<TransactionTracker::Verdict> data(std::int64_t offset, std::int64_t producer_id = kProducer) {
    return next(offset, producer_id, RecordBatchHeader::kTransactionalBit, std::nullopt);
  }
  Result<TransactionTracker::Verdict> plain(std::int64_t offset) {
    return next(offset, kProducer, 0, std::nullopt);
  }
  Result<TransactionTracker::Verdict> marker(std::int64_t offset, std::optional<ControlType> type,
                                             std::int64_t producer_id = kProducer) {
    return next(offset, producer_id, RecordBatchHeader::kTransactionalBit | RecordBatchHeader::kControlBit,
                type);
  }
  std::vector<AbortedTxn> without_marker() const { return tracker_.without_marker(); }

 private:
  Result<TransactionTracker::Verdict> next(std::int64_t offset, std::int64_t producer_id, int attributes,
                                           std::optional<ControlType> type) {
    RecordBatchView batch;
    batch.header.base_offset = Offset{offset};
    batch.header.producer_id = producer_id;
    batch.header.attributes = static_cast<std::int16_t>(attributes);
    return tracker_.next(batch, type);
  }

  TransactionTracker tracker_;
};

AbortedTxn aborted(std::int64_t first, std::int64_t last, std::int64_t producer_id = kProducer) {
  return {.producer_id = producer_id,
          .first_offset = {first},
          .last_offset = {last},
          .last_stable_offset = {last + 1}};
}

TEST_CASE("data of an aborted transaction is discardable, its marker stays with its index entry") {
  AbortedTxn entry = aborted(1, 3);
  entry.last_stable_offset = Offset{2};  // where that of producer 8 is open
  Feed log({entry});
  CHECK_FALSE(log.plain(0)->discardable);
  CHECK(log.data(1)->discardable);
  CHECK_FALSE(log.data(2, 8)->discardable);
  const auto marker = log.marker(3, ControlType::abort);
  REQUIRE(marker);
  CHECK_FALSE(marker->discardable);
  CHECK(marker->kept_entry == entry);
  CHECK_FALSE(log.data(4)->discardable);
}

TEST_CASE("the marker of an aborted transaction without data is discardable and its entry goes") {
  Feed log({aborted(1, 3)});
  const auto marker = log.marker(3, ControlType::abort);
  REQUIRE(marker);
  CHECK(marker->discardable);
  CHECK_FALSE(marker->kept_entry);
}

TEST_CASE("a commit marker is discardable once no data of its transaction is left") {
  Feed log({});
  CHECK_FALSE(log.data(0)->discardable);
  CHECK_FALSE(log.marker(1, ControlType::commit)->discardable);
  CHECK(log.marker(2, ControlType::commit)->discardable);
}

TEST_CASE("an empty control batch is discardable, control batches of other types never are") {
  Feed log({});
  CHECK(log.marker(0, std::nullopt)->discardable);
  CHECK_FALSE(log.marker(1, ControlType::leader_change)->discardable);
  CHECK_FALSE(log.marker(2, static_cast<ControlType>(99))->discardable);
}

TEST_CASE("an entry that ends below the log start is ignored, and so is its marker") {
  Feed log({aborted(0, 1)}, Offset{2});
  CHECK_FALSE(log.data(0)->discardable);
  CHECK(log.marker(1, ControlType::abort)->discardable);
}

TEST_CASE("a marker below the log start without entry leaves its transaction open, as Kafka does") {
  Feed log({aborted(0, 1)}, Offset{5});
  REQUIRE(log.data(0));
  CHECK(log.marker(1, ControlType::abort)->discardable);
  CHECK_FALSE(log.marker(6, ControlType::commit)->discardable);  // has the data at 0, Kafka thinks
  CHECK(log.marker(7, ControlType::commit)->discardable);
}

TEST_CASE("data whose own marker lies below the log start is not data of a later ABORT marker") {
  Feed log({aborted(0, 1)}, Offset{5});
  REQUIRE(log.data(0));
  REQUIRE(log.marker(1, ControlType::abort));
  const auto later = log.marker(6, ControlType::abort);
  REQUIRE(later);
  CHECK(later->discardable);
}

TEST_CASE("an ABORT marker with data but no index entry is a mismatch") {
  Feed log({});
  CHECK_FALSE(log.data(0)->discardable);
  const auto marker = log.marker(1, ControlType::abort);
  REQUIRE_FALSE(marker);
  CHECK((marker.error().code == DefectCode::transaction_mismatch));
  CHECK(marker.error().offset == Offset{1});
}

TEST_CASE("a COMMIT marker where the index says aborted is a mismatch") {
  Feed log({aborted(0, 1)});
  CHECK(log.data(0)->discardable);
  CHECK_FALSE(log.marker(1, ControlType::commit));
}

TEST_CASE("an ABORT marker elsewhere than the index says is a mismatch") {
  Feed log({aborted(0, 5)});
  CHECK(log.data(0)->discardable);
  CHECK_FALSE(log.marker(1, ControlType::abort));
}

TEST_CASE("data that only the index calls aborted is told at the end, if any is left") {
  Feed log({aborted(1, 2, 8), aborted(3, 4, 9), aborted(5, 7)});
  CHECK(log.data(1, 8)->discardable);
  CHECK(log.marker(2, ControlType::abort, 8));
  CHECK(log.marker(4, ControlType::abort, 9));
  CHECK(log.without_marker().empty());
  CHECK(log.data(5)->discardable);
  CHECK(log.plain(8));
  CHECK(log.without_marker() == std::vector{aborted(5, 7)});
}

}  // namespace
}  // namespace kseg
