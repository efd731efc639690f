#include "lib/tombstone_report.h"

#include <doctest/doctest.h>

#include "tests/support/log_builder.h"
#include "tests/support/notation.h"
#include "tests/support/random_log.h"

namespace kseg {
namespace {

TombstoneReport report_of(LogBuilder& log, std::int64_t now_ms = 1000) {
  return find_tombstones(posix_file_system(), {.target = log.path(), .now_ms = now_ms});
}

// "offset state hidden/bytes →comes_back", a tombstone.
std::string in_short(const TombstoneReport& report) {
  std::string text;
  for (const Tombstone& tombstone : report.tombstones) {
    text += fmt::format("{} {} {}/{}", tombstone.offset, name(tombstone.state), tombstone.shadowed_values,
                        tombstone.shadowed_bytes);
    if (tombstone.comes_back) text += fmt::format(" ->{}", *tombstone.comes_back);
    text += "; ";
  }
  return text;
}

std::string in_short(std::string_view notation, std::int64_t now_ms = 1000) {
  LogBuilder log = LogBuilder::from_notation(notation);
  return in_short(report_of(log, now_ms));
}

TEST_CASE("a tombstone is due, pending or waiting, as its horizon says") {
  CHECK(in_short("{0} a=~^1000 b=~^1001 c=~") == "0 due 0/0; 1 pending 0/0; 2 waiting 0/0; ");
}

TEST_CASE("a tombstone hides the older values of its key, and the last one would come back") {
  CHECK(in_short("{0} a=1 b=9 a=22#h:x {3} a=~ a=3") == "3 superseded 2/9; ");
  CHECK(in_short("{0} a=1 a=22 {2} a=~") == "2 waiting 2/5 ->1; ");
  CHECK(in_short("{0} b=1 -=2 a=~ a=3 -=~ b=~") == "2 superseded 0/0; 5 waiting 1/2 ->0; ");
}

TEST_CASE("behind a tombstone there is another: without the newer one nothing comes back") {
  CHECK(in_short("{0} a=1 a=~^5 a=~^6") == "1 superseded 1/2; 2 due 1/2; ");
  LogBuilder log = LogBuilder::from_notation("{0} a=1 a=~ a=~");
  CHECK(report_of(log).tombstones[0].superseded_by == Offset{2});
}

TEST_CASE("an empty value is a value, a null key is no key") {
  CHECK(in_short("{0} a='' a=~ -=~ ''=x ''=~") == "1 waiting 1/1 ->0; 4 waiting 1/1 ->3; ");
}

TEST_CASE("what was aborted hides nothing and supersedes nothing") {
  CHECK(in_short("{0} a=1 T7[a=~] A7 !7,1,2,3") == "1 aborted 0/0; ");
  CHECK(in_short("{0} T7[a=1] A7 a=~ T7[a=2] A7 !7,0,1,2 !7,3,4,5") == "2 waiting 0/0; ");
  CHECK(in_short("{0} T7[a=1] C7 a=~ T7[a=2] C7") == "2 superseded 1/2; ");
}

TEST_CASE("an open transaction is no data yet") {
  CHECK(in_short("{0} a=1 a=~ T7[a=2 b=~]") == "1 waiting 1/2 ->0; 3 undecided 0/0; ");
  CHECK(in_short("{0} a=1 T7[a=~] C7 T7[a=2]") == "1 waiting 1/2 ->0; ");
}

TEST_CASE("markers without data are reported, others are not") {
  LogBuilder log = LogBuilder::from_notation("{0} C7^900 A8 T7[a=1] C7 {4} C9^1100 T7[.] C7");
  const TombstoneReport report = report_of(log);
  REQUIRE(report.markers.size() == 3);
  CHECK(report.markers[0].offset == Offset{0});
  CHECK(report.markers[0].state == TombstoneState::due);
  CHECK(report.markers[0].type == ControlType::commit);
  CHECK(report.markers[1].state == TombstoneState::waiting);
  CHECK(report.markers[1].type == ControlType::abort);
  CHECK(report.markers[1].producer_id == 8);
  CHECK_FALSE(report.markers[1].in_active_segment);
  CHECK(report.markers[2].state == TombstoneState::pending);
  CHECK(report.markers[2].in_active_segment);
}

TEST_CASE("only what is selected is reported, but all of its key counts") {
  LogBuilder log = LogBuilder::from_notation("{0} a=1 a=~ b=~ a=~");
  KeySelection keys;
  keys.add_key(as_bytes("a"));
  const auto found = [&](const RecordSelection& selection) {
    return in_short(find_tombstones(posix_file_system(), {.target = log.path(), .selection = selection}));
  };
  CHECK(found({.keys = keys}) == "1 superseded 1/2; 3 waiting 1/2; ");
  CHECK(found({.offsets = {{3}, {9}}}) == "3 waiting 1/2; ");
  CHECK(found({.times = TimeRange{.end_ms = 2}}) == "1 superseded 1/2; ");
}

TEST_CASE("below the log start there is nothing") {
  LogBuilder log = LogBuilder::from_notation("{0} [a=1 a=~ a=2 b=~ a=~]");
  const TombstoneReport report =
      find_tombstones(posix_file_system(), {.target = log.path(), .log_start = {3}});
  CHECK(in_short(report) == "3 waiting 0/0; 4 waiting 0/0; ");
}

TEST_CASE("of a file alone, what is in other segments is not known") {
  LogBuilder log = LogBuilder::from_notation("{0} a=1 {1} a=~ {2} a=2");
  const TombstoneReport report = find_tombstones(
      posix_file_system(), {.target = log.file(SegmentFileKind::log, 1), .is_file = true, .now_ms = 5});
  CHECK(in_short(report) == "1 waiting 0/0; ");
  CHECK_FALSE(report.tombstones[0].in_active_segment);
}

TEST_CASE("damage is reported and read around, a torn tail is told apart") {
  LogBuilder log;
  log.segment(0).batch({{"a", "1"}}).batch({{"a", "2"}}).batch({{"a", std::nullopt}});
  log.flip_byte(/*batch=*/1, /*offset_in_batch=*/65);
  const Path file = log.file(SegmentFileKind::log, 0);
  ByteBuffer bytes = read_whole_file(file);
  append(bytes, ByteBuffer(20, 1));
  write_whole_file(file, bytes);

  const TombstoneReport report = report_of(log);
  CHECK(in_short(report) == "2 waiting 1/2 ->0; ");
  REQUIRE(report.defects.size() == 1);
  CHECK(report.defects[0].defect.code == DefectCode::crc_mismatch);
  CHECK(report.torn_tails.size() == 1);
}

TEST_CASE("an empty partition has none") {
  CHECK(in_short("{0}").empty());
}

// The same answers, word for word from what the words mean: each record is compared with each other.
class Obvious {
 public:
  Obvious(const LogModel& log, std::int64_t now_ms) : now_ms_(now_ms) {
    for (const SegmentModel& segment : log.segments) {
      for (const AbortedTxn& aborted : segment.aborted) aborted_.push_back(aborted);
      for (const BatchModel& batch : segment.batches) batches_.push_back(&batch);
    }
  }

  std::string tombstones() const {
    std::string text;
    for (const BatchModel* batch : batches_) {
      if (batch->header.is_control()) continue;
      for (const RecordModel& record : batch->records) {
        if (record.key && !record.value) text += tombstone(*batch, record);
      }
    }
    return text;
  }

  std::string markers() const {
    std::string text;
    for (std::size_t i = 0; i < batches_.size(); ++i) {
      if (!is_marker(*batches_[i]) || has_data(i)) continue;
      text += fmt::format("{} {}; ", batches_[i]->header.base_offset, by_horizon(batches_[i]->header));
    }
    return text;
  }

 private:
  static bool is_marker(const BatchModel& batch) {
    const auto type = control_type(batch);
    return type == ControlType::abort || type == ControlType::commit;
  }

  bool has_data(std::size_t marker) const {
    const std::int64_t producer = batches_[marker]->header.producer_id;
    for (std::size_t i = marker; i-- > 0;) {
      const BatchModel& batch = *batches_[i];
      if (batch.header.producer_id != producer) continue;
      if (is_marker(batch)) return false;
      if (!batch.header.is_control() && batch.header.is_transactional()) return true;
    }
    return false;
  }

  // "" for data.
  std::string_view fate(const BatchModel& batch) const {
    if (!batch.header.is_transactional()) return "";
    for (const AbortedTxn& aborted : aborted_) {
      if (aborted.producer_id == batch.header.producer_id &&
          aborted.first_offset <= batch.header.base_offset &&
          batch.header.base_offset < aborted.last_offset) {
        return "aborted";
      }
    }
    for (const BatchModel* other : batches_) {
      if (is_marker(*other) && other->header.producer_id == batch.header.producer_id &&
          other->header.base_offset > batch.header.base_offset) {
        return "";
      }
    }
    return "undecided";
  }

  std::string_view by_horizon(const RecordBatchHeader& header) const {
    const auto horizon = header.delete_horizon_ms();
    return !horizon ? "waiting" : *horizon <= now_ms_ ? "due" : "pending";
  }

  std::string tombstone(const BatchModel& batch, const RecordModel& record) const {
    if (!fate(batch).empty()) return fmt::format("{} {} 0/0; ", record.offset, fate(batch));
    const RecordModel* before = nullptr;
    bool superseded = false;
    std::uint64_t values = 0;
    std::uint64_t bytes = 0;
    for (const BatchModel* other : batches_) {
      if (other->header.is_control() || !fate(*other).empty()) continue;
      for (const RecordModel& same : other->records) {
        if (same.key != record.key) continue;
        superseded |= same.offset > record.offset;
        if (same.offset >= record.offset) continue;
        before = &same;
        if (!same.value) continue;
        ++values;
        bytes += same.key->size() + same.value->size() + header_bytes(same);
      }
    }
    std::string text = fmt::format("{} {} {}/{}", record.offset,
                                   superseded ? "superseded" : by_horizon(batch.header), values, bytes);
    if (!superseded && before != nullptr && before->value) text += fmt::format(" ->{}", before->offset);
    return text + "; ";
  }

  // All lengths of random headers take one byte.
  static std::uint64_t header_bytes(const RecordModel& record) {
    std::uint64_t bytes = 0;
    for (const HeaderModel& header : record.headers)
      bytes += 2 + header.key.size() + header.value.value_or(ByteBuffer{}).size();
    return bytes;
  }

  std::int64_t now_ms_;
  std::vector<AbortedTxn> aborted_;
  std::vector<const BatchModel*> batches_;
};

TEST_CASE("on a thousand random logs the tombstones are those that a comparison of all with all finds") {
  std::uint64_t found = 0;
  for (std::uint64_t seed = 0; seed < 1000; ++seed) {
    CAPTURE(seed);
    RandomLog random(seed);
    RandomRound round = random.round();
    for (int left = random.rounds(); left > 0; --left) {
      const auto cleaned = clean_obviously(round.log, round.round);
      if (!cleaned || left == 1) break;
      random.go_on(cleaned->after, cleaned->end);
      round = random.round();
    }
    LogBuilder log(round.log);
    log.options(round.folder);
    CAPTURE(print_notation(round.log));

    const std::int64_t now_ms = round.round.now_ms;
    const TombstoneReport report = report_of(log, now_ms);
    const Obvious obvious(round.log, now_ms);
    REQUIRE(report.defects.empty());
    REQUIRE(in_short(report) == obvious.tombstones());
    std::string markers;
    for (const IdleMarker& marker : report.markers)
      markers += fmt::format("{} {}; ", marker.offset, name(marker.state));
    REQUIRE(markers == obvious.markers());
    found += report.tombstones.size() + report.markers.size();
  }
  CHECK(found > 2000);
}

}  // namespace
}  // namespace kseg
