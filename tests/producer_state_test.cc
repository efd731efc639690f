#include "lib/producer_state.h"

#include <doctest/doctest.h>

#include "formats/byte_writer.h"

namespace kseg {
namespace {

constexpr std::int64_t kProducer = 5;
constexpr std::int64_t kDay = 86'400'000;

RecordBatchView batch(std::int64_t base, std::int32_t last_delta, int attributes = 0,
                      std::int16_t epoch = 0) {
  RecordBatchView view;
  view.header.base_offset = Offset{base};
  view.header.last_offset_delta = last_delta;
  view.header.attributes = static_cast<std::int16_t>(attributes);
  view.header.producer_id = kProducer;
  view.header.producer_epoch = epoch;
  view.header.base_sequence = 0;
  view.header.max_timestamp = 100;
  return view;
}

constexpr int kTransactional = RecordBatchHeader::kTransactionalBit;
constexpr int kMarker = RecordBatchHeader::kTransactionalBit | RecordBatchHeader::kControlBit;

struct Marker {
  Marker() {
    encode_control_key(ControlType::commit, key);
    encode_end_transaction_marker({.coordinator_epoch = 9}, value);
    record = RecordView{.offset = {}, .timestamp_ms = 200, .key = Bytes{key}, .value = Bytes{value}};
  }
  ByteBuffer key;
  ByteBuffer value;
  RecordView record;
};

TEST_CASE("the last data batch of a producer is known by its last offset") {
  ProducerState state;
  CHECK_FALSE(state.apply(batch(0, 2), std::nullopt));
  CHECK(state.is_last_of_producer(batch(0, 2).header));
  CHECK_FALSE(state.apply(batch(3, 0), std::nullopt));
  CHECK_FALSE(state.is_last_of_producer(batch(0, 2).header));
  CHECK(state.is_last_of_producer(batch(3, 0).header));
}

TEST_CASE("batches without a producer id change nothing") {
  ProducerState state;
  RecordBatchView anonymous = batch(0, 0);
  anonymous.header.producer_id = kNoProducerId;
  CHECK_FALSE(state.apply(anonymous, std::nullopt));
  CHECK(state.entries().empty());
  CHECK_FALSE(state.is_last_of_producer(anonymous.header));
}

TEST_CASE("a transaction is open from its first batch to its marker") {
  ProducerState state;
  const Marker marker;
  CHECK_FALSE(state.apply(batch(4, 0, kTransactional), std::nullopt));
  CHECK_FALSE(state.apply(batch(5, 0, kTransactional), std::nullopt));
  CHECK(state.first_open_transaction() == Offset{4});
  CHECK_FALSE(state.apply(batch(6, 0, kMarker), marker.record));
  CHECK_FALSE(state.first_open_transaction());
  CHECK(state.is_last_of_producer(batch(5, 0).header));
  CHECK(state.entries().front().coordinator_epoch == 9);
}

TEST_CASE("a marker with a new epoch forgets the data, and protects markers of that epoch") {
  ProducerState state;
  const Marker marker;
  CHECK_FALSE(state.apply(batch(4, 0, kTransactional), std::nullopt));
  CHECK_FALSE(state.apply(batch(5, 0, kMarker, 1), marker.record));
  CHECK_FALSE(state.is_last_of_producer(batch(4, 0, kTransactional).header));
  CHECK(state.is_last_of_producer(batch(5, 0, kMarker, 1).header));
  CHECK_FALSE(state.is_last_of_producer(batch(3, 0, kMarker, 0).header));
}

TEST_CASE("an empty control batch makes its producer known, and changes nothing else") {
  ProducerState state;
  CHECK_FALSE(state.apply(batch(4, 0, kMarker), std::nullopt));
  REQUIRE(state.entries().size() == 1);
  CHECK(state.entries()[0] == ProducerStateEntry{.producer_id = kProducer});
  CHECK_FALSE(state.check_append(batch(5, 0).header));
  CHECK_FALSE(state.apply(batch(5, 0), std::nullopt));
  const auto known = state.entries();
  CHECK_FALSE(state.apply(batch(6, 0, kMarker), std::nullopt));
  CHECK(state.entries() == known);
}

TEST_CASE("data outside of its producer's open transaction is a defect: no broker loads it") {
  ProducerState state;
  CHECK_FALSE(state.apply(batch(4, 0, kTransactional), std::nullopt));
  const auto defect = state.apply(batch(5, 0), std::nullopt);
  REQUIRE(defect);
  CHECK((defect->code == DefectCode::producer_state));
}

TEST_CASE(
    "a producer expires when it was idle for as long as the setting says, unless a transaction is open") {
  const std::vector<ProducerStateEntry> snapshot{{.producer_id = kProducer,
                                                  .producer_epoch = 0,
                                                  .last_sequence = 0,
                                                  .last_offset = {3},
                                                  .timestamp_ms = 1000}};
  CHECK(ProducerState(snapshot, 1000 + kDay - 1, kDay).entries().size() == 1);
  CHECK(ProducerState(snapshot, 1000 + kDay, kDay).entries().empty());
  ProducerState later(snapshot, 1000, kDay);
  later.expire(1000 + kDay, kDay);
  CHECK(later.entries().empty());

  auto open = snapshot;
  open.front().current_txn_first_offset = Offset{3};
  CHECK(ProducerState(open, 1000 + kDay, kDay).entries().size() == 1);
}

TEST_CASE("the oldest open transaction is known while others begin and end") {
  ProducerState state({{.producer_id = 1, .current_txn_first_offset = Offset{70}}}, 0, kDay);
  CHECK(state.first_open_transaction() == Offset{70});
  CHECK_FALSE(state.apply(batch(100, 0, kTransactional), std::nullopt));
  CHECK(state.first_open_transaction() == Offset{70});
  const Marker marker;
  RecordBatchView of_older = batch(101, 0, kMarker);
  of_older.header.producer_id = 1;
  CHECK_FALSE(state.apply(of_older, marker.record));
  CHECK(state.first_open_transaction() == Offset{100});
  state.expire(2 * kDay, kDay);
  CHECK(state.first_open_transaction() == Offset{100});
  CHECK_FALSE(state.apply(batch(102, 0, kMarker), marker.record));
  CHECK_FALSE(state.first_open_transaction());
}

}  // namespace
}  // namespace kseg
