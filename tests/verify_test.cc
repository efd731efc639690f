#include <doctest/doctest.h>

#include <algorithm>
#include <cerrno>

#include "formats/crc32.h"
#include "formats/legacy_message.h"
#include "tests/support/collected_report.h"
#include "tests/support/faulty_file_system.h"
#include "tests/support/log_builder.h"
#include "tests/support/notation.h"

namespace kseg {
namespace {

const Path kBroker = KSEG_TEST_DATA "/broker";

using Kind = SegmentFileKind;

// Three batches in a closed segment, two in the active one; every batch but the first of a segment has
// an entry in the offset index.
struct SmallLog : LogBuilder {
  SmallLog() : LogBuilder(log_of("{0} [a=1 b=1] [a=2@90 c=1@80] d=1@95 {5} [a=3@96 e=1@97] f=1@98")) {
    options({.index_interval_bytes = 0});
  }
};

// Rewrites a file of the folder.
template <typename Change>
void change(const Path& file, Change change_bytes) {
  ByteBuffer bytes = read_whole_file(file);
  change_bytes(bytes);
  write_whole_file(file, bytes);
}

void put_u32(ByteBuffer& bytes, std::size_t at, std::uint64_t value) {
  for (std::size_t i = 0; i < 4; ++i) bytes.at(at + i) = static_cast<std::uint8_t>(value >> (24 - 8 * i));
}

bool only_defect(const CollectedReport& report, DefectCode code, std::string_view file_name,
                 std::uint64_t position) {
  CAPTURE(report.text());
  REQUIRE(report.defects.size() == 1);
  const LocatedDefect& found = report.defects[0];
  return found.defect.code == code && found.file.filename() == file_name &&
         found.defect.position.value == position;
}

bool clean(const CollectedReport& report) {
  INFO(report.text());
  CHECK(report.text() == "");
  return report.defects.empty() && report.warnings.empty();
}

constexpr const char* kClosedLog = "00000000000000000000.log";
constexpr const char* kClosedIndex = "00000000000000000000.index";
constexpr const char* kClosedTimes = "00000000000000000000.timeindex";

TEST_CASE("a sound log has no defects, and its batches and records are counted") {
  SmallLog log;
  const CollectedReport report = verify_folder(log.path());
  CHECK(clean(report));
  CHECK(report.counts().segments == 2);
  CHECK(report.counts().batches == 5);
  CHECK(report.counts().records == 8);
}

TEST_CASE(
    "a flipped byte in the records is a crc mismatch at the batch's start, and the rest is still read") {
  SmallLog log;
  log.flip_byte(/*batch=*/1, /*offset_in_batch=*/70);
  const CollectedReport report = verify_folder(log.path());
  CHECK(only_defect(report, DefectCode::crc_mismatch, kClosedLog, log.position_of(1).value));
  CHECK(report.counts().batches == 5);
  CHECK(report.counts().records == 8);
}

TEST_CASE("each flipped byte of a log is a defect or a warning, but for the leader epoch") {
  SmallLog sound;
  const ByteBuffer bytes = read_whole_file(sound.file(Kind::log, 0));
  const std::uint64_t starts[] = {sound.position_of(0).value, sound.position_of(1).value,
                                  sound.position_of(2).value};
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const std::uint64_t start = *std::prev(std::upper_bound(std::begin(starts), std::end(starts), i));
    if (i - start >= 12 && i - start < 16) continue;
    for (const int bit : {0x01, 0x80}) {
      change(sound.file(Kind::log, 0),
             [&](ByteBuffer& changed) { changed[i] = static_cast<std::uint8_t>(changed[i] ^ bit); });
      const CollectedReport report = verify_folder(sound.path());
      CAPTURE(i);
      CAPTURE(bit);
      CHECK(report.defects.size() > 0);
      write_whole_file(sound.file(Kind::log, 0), bytes);
    }
  }
}

TEST_CASE("the torn tail of the active segment is a note, that of a closed one a defect") {
  const auto cut = [](ByteBuffer& bytes) { bytes.resize(bytes.size() - 5); };
  SUBCASE("active") {
    SmallLog log;
    change(log.file(Kind::log, 5), cut);
    const CollectedReport report = verify_folder(log.path());
    CHECK(report.defects.empty());
    REQUIRE(report.notes.size() == 1);
    CHECK(report.notes[0].find("torn_tail") != std::string::npos);
  }
  SUBCASE("closed") {
    SmallLog log;
    const std::uint64_t at = log.position_of(2).value;
    change(log.file(Kind::log, 0), cut);
    CHECK(only_defect(verify_folder(log.path()), DefectCode::torn_tail, kClosedLog, at));
  }
}

TEST_CASE("zeros behind the last batch of the active segment are a note, those of a closed one a defect") {
  const auto pad = [](ByteBuffer& bytes) { bytes.resize(bytes.size() + 40); };
  SUBCASE("active") {
    SmallLog log;
    change(log.file(Kind::log, 5), pad);
    const CollectedReport report = verify_folder(log.path());
    CHECK(report.defects.empty());
    CHECK(report.notes.size() == 1);
  }
  SUBCASE("closed") {
    SmallLog log;
    const std::uint64_t at = read_whole_file(log.file(Kind::log, 0)).size();
    change(log.file(Kind::log, 0), pad);
    CHECK(only_defect(verify_folder(log.path()), DefectCode::torn_tail, kClosedLog, at));
  }
}

TEST_CASE("batches that do not ascend are told where they turn back") {
  LogModel log = log_of("{0} a=1 b=1 c=1 {3} d=1");
  std::swap(log.segments[0].batches[0], log.segments[0].batches[1]);
  LogBuilder swapped(log);
  const CollectedReport report = verify_folder(swapped.path());
  CHECK(only_defect(report, DefectCode::offset_order, kClosedLog, swapped.position_of(1).value));
}

TEST_CASE("a batch outside of its segment's offsets is a defect") {
  SUBCASE("below the base") {
    LogModel log = log_of("{0} a=1 {5} b=1 c=1");
    log.segments[1].base = {6};
    LogBuilder moved(log);
    CHECK(only_defect(verify_folder(moved.path()), DefectCode::segment_range, "00000000000000000006.log", 0));
  }
  SUBCASE("behind the next segment's base") {
    LogModel log = log_of("{0} a=1 7:b=1 {8} c=1");
    log.segments[1].base = {4};
    log.segments[1].batches.clear();
    LogBuilder moved(log);
    CHECK(only_defect(verify_folder(moved.path()), DefectCode::segment_range, kClosedLog,
                      moved.position_of(1).value));
  }
  SUBCASE("reaching over the next segment's base") {
    LogModel log = log_of("{0} a=1 [b=1 c=1] {3} d=1");
    log.segments[1].base = {2};
    LogBuilder moved(log);
    CHECK(only_defect(verify_folder(moved.path()), DefectCode::segment_overlap, kClosedLog,
                      moved.position_of(1).value));
  }
}

TEST_CASE("an offset index entry has to lead to a batch that does not begin behind its offset") {
  SmallLog log;
  const Path index = log.file(Kind::offset_index, 0);
  REQUIRE(read_whole_file(index).size() == 2 * OffsetIndexEntry::kSize);  // 3 at batch 1, 4 at batch 2
  SUBCASE("past its batch") {
    change(index, [&](ByteBuffer& bytes) {
      bytes.resize(OffsetIndexEntry::kSize);
      put_u32(bytes, 4, log.position_of(2).value);
    });
    CHECK(only_defect(verify_folder(log.path()), DefectCode::index_offset, kClosedIndex, 0));
  }
  SUBCASE("not the start of a batch") {
    change(index, [&](ByteBuffer& bytes) { put_u32(bytes, 4, log.position_of(1).value + 1); });
    CHECK(only_defect(verify_folder(log.path()), DefectCode::index_position, kClosedIndex, 0));
  }
  SUBCASE("behind the end") {
    change(index, [&](ByteBuffer& bytes) { put_u32(bytes, 12, 100000); });
    CHECK(only_defect(verify_folder(log.path()), DefectCode::index_position, kClosedIndex, 8));
  }
  SUBCASE("an offset that the segment does not have") {
    change(index, [&](ByteBuffer& bytes) { put_u32(bytes, 8, 5); });
    CHECK(only_defect(verify_folder(log.path()), DefectCode::index_offset, kClosedIndex, 8));
  }
  SUBCASE("not ascending") {
    change(index, [&](ByteBuffer& bytes) { put_u32(bytes, 8, 3); });
    CHECK(only_defect(verify_folder(log.path()), DefectCode::index_order, kClosedIndex, 8));
  }
  SUBCASE("one entry for two batches, as older brokers wrote it, is only worth a note") {
    change(index, [&](ByteBuffer& bytes) {
      bytes.resize(OffsetIndexEntry::kSize);
      put_u32(bytes, 0, 4);
    });
    const CollectedReport report = verify_folder(log.path());
    CHECK(report.defects.empty());
    CHECK(report.notes.size() == 1);
  }
}

TEST_CASE("the index of the active segment may know more than was read of the log") {
  SmallLog log;
  const auto grow = [](ByteBuffer& bytes) {
    bytes.resize(bytes.size() + OffsetIndexEntry::kSize);
    put_u32(bytes, bytes.size() - 8, 9);
    put_u32(bytes, bytes.size() - 4, 100000);
  };
  SUBCASE("active") {
    change(log.file(Kind::offset_index, 5), grow);
    CHECK(clean(verify_folder(log.path())));
  }
  SUBCASE("but not other positions of what was read") {
    change(log.file(Kind::offset_index, 5), [](ByteBuffer& bytes) { bytes[4] = 1; });
    CHECK(
        only_defect(verify_folder(log.path()), DefectCode::index_position, "00000000000000000005.index", 0));
  }
  SUBCASE("nor that the times of what was read come later") {
    change(log.file(Kind::time_index, 5), [](ByteBuffer& bytes) { bytes[bytes.size() - 1] = 9; });
    CHECK(only_defect(verify_folder(log.path()), DefectCode::timestamp_mismatch,
                      "00000000000000000005.timeindex",
                      read_whole_file(log.file(Kind::time_index, 5)).size() - TimeIndexEntry::kSize));
  }
  SUBCASE("closed") {
    change(log.file(Kind::offset_index, 0), grow);
    CHECK(only_defect(verify_folder(log.path()), DefectCode::index_position, kClosedIndex, 16));
  }
}

TEST_CASE("zeros behind the entries belong to the indexes of the active segment only") {
  SmallLog log;
  const auto pad = [](ByteBuffer& bytes) { bytes.resize(bytes.size() + 2'400'000); };
  SUBCASE("active") {
    change(log.file(Kind::offset_index, 5), pad);
    change(log.file(Kind::time_index, 5), pad);
    const CollectedReport report = verify_folder(log.path());
    CHECK(report.defects.empty());
    CHECK(report.notes.size() == 2);
  }
  SUBCASE("closed") {
    change(log.file(Kind::offset_index, 0), pad);
    CHECK(only_defect(verify_folder(log.path()), DefectCode::trailing_bytes, kClosedIndex, 16));
  }
}

TEST_CASE("a missing index is a warning: a broker makes it anew") {
  SmallLog log;
  std::filesystem::remove(log.file(Kind::offset_index, 0));
  std::filesystem::remove(log.file(Kind::time_index, 0));
  const CollectedReport report = verify_folder(log.path());
  CHECK(report.defects.empty());
  REQUIRE(report.warnings.size() == 2);
  CHECK(report.warnings[0].defect.code == DefectCode::missing_file);
  CHECK(report.warnings[0].file.filename() == kClosedIndex);
}

TEST_CASE("a time index entry has to be the largest time up to its offset") {
  SmallLog log;
  const Path index = log.file(Kind::time_index, 0);
  const ByteBuffer sound = read_whole_file(index);
  REQUIRE(sound.size() == 2 * TimeIndexEntry::kSize);  // 90 with offset 3, 95 with offset 4
  SUBCASE("too small: a lookup would begin behind what it looks for") {
    change(index, [](ByteBuffer& bytes) { bytes[7] -= 1; });
    CHECK(only_defect(verify_folder(log.path()), DefectCode::timestamp_mismatch, kClosedTimes, 0));
  }
  SUBCASE("too large") {
    change(index, [](ByteBuffer& bytes) { bytes[7] += 1; });
    CHECK(only_defect(verify_folder(log.path()), DefectCode::timestamp_mismatch, kClosedTimes, 0));
  }
  SUBCASE("a closed segment's last entry is missing") {
    change(index, [](ByteBuffer& bytes) { bytes.resize(TimeIndexEntry::kSize); });
    CHECK(only_defect(verify_folder(log.path()), DefectCode::timestamp_mismatch, kClosedTimes, 12));
  }
  SUBCASE("an offset outside of the segment") {
    change(index, [](ByteBuffer& bytes) { bytes[23] = 5; });
    CHECK(only_defect(verify_folder(log.path()), DefectCode::index_offset, kClosedTimes, 12));
  }
  SUBCASE("an active segment's last entry may be missing") {
    change(log.file(Kind::time_index, 5),
           [](ByteBuffer& bytes) { bytes.resize(bytes.size() - TimeIndexEntry::kSize); });
    CHECK(clean(verify_folder(log.path())));
  }
}

TEST_CASE("aborted transactions and their index entries need each other") {
  const auto log_with = [](std::string_view entries) {
    return LogBuilder::from_notation(std::string("{0} T7[a=1] C7 {2} T7[a=2] b=1 A7") + std::string(entries) +
                                     " {5} z=1");
  };
  const auto index = "00000000000000000002.txnindex";
  SUBCASE("sound") {
    CHECK(clean(verify_folder(log_with(" !7,2,4,5").path())));
  }
  SUBCASE("no entry for an ABORT marker whose data is there") {
    LogBuilder log = log_with("");
    CHECK(only_defect(verify_folder(log.path()), DefectCode::transaction_mismatch, "00000000000000000002.log",
                      log.position_of(4).value));
  }
  SUBCASE("another producer") {
    CHECK(
        only_defect(verify_folder(log_with(" !8,2,4,5").path()), DefectCode::transaction_mismatch, index, 0));
  }
  SUBCASE("beginning behind the data") {
    CHECK(
        only_defect(verify_folder(log_with(" !7,3,4,5").path()), DefectCode::transaction_mismatch, index, 0));
  }
  SUBCASE("beginning in the committed transaction before") {
    CHECK(
        only_defect(verify_folder(log_with(" !7,1,4,5").path()), DefectCode::transaction_mismatch, index, 0));
  }
  SUBCASE("with a last stable offset that ends a reader's search too early") {
    CHECK(
        only_defect(verify_folder(log_with(" !7,2,4,6").path()), DefectCode::transaction_mismatch, index, 0));
    const auto beside_an_open_one = [](std::string_view last_stable) {
      return LogBuilder::from_notation("{0} T7[a=1] T8[b=1] T7[a=2] A7 !7,0,3," + std::string(last_stable) +
                                       " {4} C8 z=1");
    };
    CHECK(clean(verify_folder(beside_an_open_one("1").path())));
    CHECK(clean(verify_folder(beside_an_open_one("0").path())));  // of a third, of which nothing is left
    CHECK(only_defect(verify_folder(beside_an_open_one("2").path()), DefectCode::transaction_mismatch,
                      "00000000000000000000.txnindex", 0));
  }
  SUBCASE("naming a batch that is no marker") {
    LogBuilder log = log_with(" !7,2,3,5");
    const CollectedReport report = verify_folder(log.path());
    REQUIRE(report.defects.size() == 2);
    CHECK(report.defects[0].defect.code == DefectCode::transaction_mismatch);
    CHECK(report.defects[1].defect.code == DefectCode::transaction_mismatch);
  }
  SUBCASE("naming a COMMIT marker") {
    LogBuilder log = LogBuilder::from_notation("{0} T7[a=1] C7 !7,0,1,2 {2} z=1");
    CHECK(only_defect(verify_folder(log.path()), DefectCode::transaction_mismatch,
                      "00000000000000000000.txnindex", 0));
  }
  SUBCASE("a marker without data needs no entry") {
    LogBuilder log = LogBuilder::from_notation("{0} a=1 A7 {2} z=1");
    CHECK(clean(verify_folder(log.path())));
  }
  SUBCASE("an entry without marker and without data is odd, with data a defect") {
    LogBuilder odd = LogBuilder::from_notation("{0} a=1 !7,0,1,2 {2} z=1");
    const CollectedReport report = verify_folder(odd.path());
    CHECK(report.defects.empty());
    CHECK(report.warnings.size() == 1);
    LogBuilder wrong = LogBuilder::from_notation("{0} T7[a=1] !7,0,1,2 {2} z=1");
    CHECK(only_defect(verify_folder(wrong.path()), DefectCode::transaction_mismatch,
                      "00000000000000000000.txnindex", 0));
  }
  SUBCASE("an open transaction is a note") {
    LogBuilder log = LogBuilder::from_notation("{0} a=1 T7[b=1] {2} z=1");
    const CollectedReport report = verify_folder(log.path());
    CHECK(report.defects.empty());
    REQUIRE(report.notes.size() == 1);
    CHECK(report.notes[0].find("since offset 1") != std::string::npos);
  }
  SUBCASE("a batch outside of its producer's open transaction") {
    LogBuilder log = LogBuilder::from_notation("{0} T7[a=1] P7s1[b=1] {2} z=1");
    CHECK(only_defect(verify_folder(log.path()), DefectCode::producer_state, kClosedLog,
                      log.position_of(1).value));
  }
}

TEST_CASE("below the log start no reader needs a transaction's entry") {
  const auto with_start = [](std::int64_t log_start) {
    LogBuilder log = LogBuilder::from_notation("{0} T7[a=1] A7 b=1 {3} z=1");
    log.in_log_dir("t", 0, {.log_start = Offset{log_start}});
    return verify_folder(log.path());
  };
  CHECK(clean(with_start(2)));
  CHECK(only_defect(with_start(1), DefectCode::transaction_mismatch, kClosedLog, 70));
}

// What is told of a log whose leader-epoch-checkpoint this is.
CollectedReport with_epochs(std::string_view log_text, std::string_view checkpoint) {
  LogBuilder log = LogBuilder::from_notation(log_text);
  write_whole_file(log.path() / kLeaderEpochCheckpoint, as_bytes(checkpoint));
  return verify_folder(log.path());
}

// "log position: expected, found" of each.
std::string epochs_told(const CollectedReport& report) {
  CHECK(report.defects.empty());
  std::string text;
  for (const auto& [file, warning] : report.warnings) {
    CHECK(warning.code == DefectCode::leader_epoch);
    text +=
        file.filename().string().substr(19) + fmt::format(" {}: {}; ", warning.position, describe(warning));
  }
  return text;
}

TEST_CASE("a batch has the leader epoch that the checkpoint gives its offset") {
  constexpr const char* kEpochs = "{0} a=1 b=1+1 {2} c=1+1 d=1+3";
  CHECK(clean(with_epochs(kEpochs, "0\n3\n0 0\n1 1\n3 3\n")));
  CHECK(clean(with_epochs(kEpochs, "0\n2\n1 2\n3 3\n")));  // what a moved log start leaves
  CHECK(epochs_told(with_epochs("{0} a=1 b=1+5 {2} c=1+1 d=1+3", "0\n3\n0 0\n1 1\n3 3\n")) ==
        "0.log 70: leader_epoch: expected 1, which is the leader epoch from offset 1 on by "
        "leader-epoch-checkpoint, found 5; ");
  // A wrong entry is told with the first batch only.
  CHECK(epochs_told(with_epochs(kEpochs, "0\n3\n0 0\n2 1\n3 3\n")) ==
        "0.log 70: leader_epoch: expected 2, which is the leader epoch from offset 1 on by "
        "leader-epoch-checkpoint, found 1; ");
}

TEST_CASE("where no checkpoint says of which leader epoch batches are, these do not descend") {
  CHECK(clean(with_epochs("{0} a=1 b=1+1 {2} c=1+1 d=1+3", "")));
  CHECK(epochs_told(with_epochs("{0} a=1 b=1+4 {2} c=1+1 d=1+3", "")) ==
        "2.log 0: leader_epoch: expected a leader epoch of at least 4, found 1; "
        "2.log 70: leader_epoch: expected a leader epoch of at least 4, found 3; ");
  // A checkpoint that is wrong by itself is a defect, and nobody's measure.
  CHECK(only_defect(with_epochs("{0} a=1 {1} b=1", "0\n2\n1 0\n1 0\n"), DefectCode::index_order,
                    kLeaderEpochCheckpoint, 0));
  CHECK(clean(with_epochs("{0} v1/a=1 b=1+4 v1/c=1 {3} d=1+4", "0\n1\n4 0\n")));
}

TEST_CASE("a log start behind the log's end is a defect: a broker would remove the log") {
  const auto with_start = [](std::int64_t log_start) {
    LogBuilder log = LogBuilder::from_notation("{0} a=1 b=1 {2} c=1");
    log.in_log_dir("t", 0, {.log_start = Offset{log_start}});
    return verify_folder(log.path());
  };
  CHECK(clean(with_start(3)));
  CHECK(only_defect(with_start(4), DefectCode::log_start, kLogStartCheckpoint, 0));
}

// One batch with a=1 and b=1, its header as changed, crc right.
template <typename Change>
CollectedReport with_header(Change change_header, std::string_view batch = "[a=1 b=1@7]") {
  LogModel log = log_of("{0} " + std::string(batch) + " {2} z=1");
  BatchModel& model = log.segments[0].batches[0];
  ByteBuffer bytes;
  change_header(model.header);
  encode_record_batch_header(model.header, bytes);
  bytes.insert(bytes.end(), model.bytes.begin() + RecordBatchHeader::kSize, model.bytes.end());
  seal_batch(bytes, 0);
  model.bytes = bytes;
  return verify_folder(LogBuilder(log).path());
}

bool only_warning(const CollectedReport& report, DefectCode code) {
  CAPTURE(report.text());
  CHECK(report.defects.empty());
  REQUIRE(report.warnings.size() == 1);
  return report.warnings[0].defect.code == code;
}

bool has(const std::vector<LocatedDefect>& all, DefectCode code) {
  return std::any_of(all.begin(), all.end(),
                     [&](const LocatedDefect& each) { return each.defect.code == code; });
}

bool has_defect(const CollectedReport& report, DefectCode code) {
  return has(report.defects, code);
}

TEST_CASE("what a header says has to fit its records") {
  const auto as_it_is = [](RecordBatchHeader&) {};
  CHECK(clean(with_header(as_it_is)));
  CHECK(has_defect(
      with_header([](RecordBatchHeader& header) { header.record_count = 3, header.last_offset_delta = 2; }),
      DefectCode::record_count_mismatch));
  CHECK(has_defect(with_header([](RecordBatchHeader& header) { header.record_count = 1; }),
                   DefectCode::record_count_mismatch));
  CHECK(has_defect(
      with_header([](RecordBatchHeader& header) { header.last_offset_delta = 0, header.record_count = 1; }),
      DefectCode::record_count_mismatch));
  CHECK(has_defect(with_header([](RecordBatchHeader& header) { header.attributes |= 3; }),
                   DefectCode::bad_compression));
  CHECK(only_warning(with_header([](RecordBatchHeader& header) { header.attributes |= 0x100; }),
                     DefectCode::unused_attributes));
  CHECK(only_warning(
      with_header([](RecordBatchHeader& header) { header.producer_id = 7, header.base_sequence = 0; }),
      DefectCode::bad_producer));
}

TEST_CASE("times of a header that its records do not bear out are warnings") {
  CHECK(has(with_header([](RecordBatchHeader& header) { header.max_timestamp = 6; }).warnings,
            DefectCode::max_timestamp_mismatch));
  CHECK(only_warning(with_header([](RecordBatchHeader&) {}, "[a=1@-9 b=1@7]"), DefectCode::bad_timestamp));
  CHECK(clean(with_header([](RecordBatchHeader&) {}, "[a=1@9 b=1@7]")));
  CHECK(clean(with_header([](RecordBatchHeader&) {}, "[a=1@9 b=~@7]^500")));
}

TEST_CASE("messages of formats 0 and 1 are checked as batches are") {
  LogBuilder log = LogBuilder::from_notation("{0} v0/a=1 v1/b=2@50 v1z[c=3@60 d=4@55] v0zl[e=5 f=6] {6} g=7");
  CHECK(clean(verify_folder(log.path())));
  SUBCASE("a flipped bit anywhere behind a checksum") {
    log.flip_byte(/*batch=*/2, /*offset_in_batch=*/40);
    CHECK(only_defect(verify_folder(log.path()), DefectCode::crc_mismatch, kClosedLog,
                      log.position_of(2).value));
  }
  SUBCASE("a wrapper whose time is not that of its messages") {
    LogModel model = log.model();
    ByteBuffer& bytes = model.segments.front().batches[2].bytes;
    bytes[25] ^= 1;  // the last byte of the timestamp
    const std::uint32_t crc = crc32(Bytes{bytes}.subspan(LegacyMessage::kCrcStart));
    for (std::size_t i = 0; i < 4; ++i)
      bytes[LegacyMessage::kCrcPosition + i] = static_cast<std::uint8_t>(crc >> (24 - 8 * i));
    LogBuilder other(model);
    CHECK(has(verify_folder(other.path()).warnings, DefectCode::max_timestamp_mismatch));
  }
}

TEST_CASE("side files are decoded and their order is checked") {
  SmallLog log;
  log.append("P7[g=1]");
  const Path snapshot = log.file(Kind::producer_snapshot, 9);
  REQUIRE(std::filesystem::exists(snapshot));
  CHECK(clean(verify_folder(log.path())));
  SUBCASE("producer snapshot") {
    change(snapshot, [](ByteBuffer& bytes) { bytes.back() ^= 1; });
    CHECK(only_defect(verify_folder(log.path()), DefectCode::crc_mismatch, snapshot.filename().native(), 2));
  }
  SUBCASE("leader epochs") {
    write_whole_file(log.path() / "leader-epoch-checkpoint", as_bytes("0\n2\n3 0\n2 5\n"));
    CHECK(only_defect(verify_folder(log.path()), DefectCode::index_order, "leader-epoch-checkpoint", 0));
  }
  SUBCASE("leader epochs, not a number") {
    write_whole_file(log.path() / "leader-epoch-checkpoint", as_bytes("0\n1\n3 x\n"));
    const CollectedReport report = verify_folder(log.path());
    REQUIRE(report.defects.size() == 1);
    CHECK(report.defects[0].defect.code == DefectCode::bad_text);
  }
  SUBCASE("partition.metadata") {
    write_whole_file(log.path() / "partition.metadata", as_bytes("version: 0\ntopic_id: short"));
    const CollectedReport report = verify_folder(log.path());
    REQUIRE(report.defects.size() == 1);
    CHECK(report.defects[0].defect.code == DefectCode::bad_text);
  }
  SUBCASE("a name that stops a broker") {
    write_whole_file(log.path() / "backup.log", {});
    CHECK(verify_folder(log.path()).defects.size() == 1);
  }
}

TEST_CASE("an unfinished swap is a note, and the new file is what is checked") {
  SmallLog log;
  const Path swap = log.path() / "00000000000000000000.log.swap";
  std::filesystem::rename(log.file(Kind::log, 0), swap);
  std::filesystem::rename(log.file(Kind::offset_index, 0), log.path() / "00000000000000000000.index.swap");
  std::filesystem::rename(log.file(Kind::time_index, 0), log.path() / "00000000000000000000.timeindex.swap");
  const CollectedReport report = verify_folder(log.path());
  CHECK(report.defects.empty());
  CHECK(report.notes.size() >= 3);
  CHECK(report.counts().batches == 5);
  change(swap, [](ByteBuffer& bytes) { bytes[70] ^= 1; });
  CHECK(only_defect(verify_folder(log.path()), DefectCode::crc_mismatch, "00000000000000000000.log.swap", 0));
}

TEST_CASE("a file of a segment stands for the whole segment") {
  SmallLog log;
  const auto verify_segment = [&](Kind kind) {
    CollectedReport report;
    verify(LogCheck::of_segment(posix_file_system(), log.file(kind, 0), report));
    return report;
  };
  CHECK(clean(verify_segment(Kind::log)));
  CHECK(verify_segment(Kind::offset_index).counts().batches == 3);
  change(log.file(Kind::time_index, 0), [](ByteBuffer& bytes) { bytes[7] += 1; });
  CHECK(only_defect(verify_segment(Kind::log), DefectCode::timestamp_mismatch, kClosedTimes, 0));
}

// A broker that replaces the first two segments by one, when the chosen file is opened.
class CompactingFileSystem : public FaultyFileSystem {
 public:
  CompactingFileSystem(Path folder, std::string trigger)
      : FaultyFileSystem(posix_file_system()), folder_(std::move(folder)), trigger_(std::move(trigger)) {}

  std::unique_ptr<File> open(const Path& path) override {
    if (!done_ && path.filename() == trigger_) {
      done_ = true;
      for (const auto& entry : std::filesystem::directory_iterator(folder_))
        std::filesystem::remove(entry.path());
      write_folder(folder_, to_files(log_of("{0} [. b=1] [a=2@90 .] [e=1@96 .] {9} f=1@97 {10} z=1@99"),
                                     {.index_interval_bytes = 0}));
    }
    return FaultyFileSystem::open(path);
  }

  bool done() const { return done_; }

 private:
  Path folder_;
  std::string trigger_;
  bool done_ = false;
};

TEST_CASE("segments that are compacted while they are read make no defect") {
  for (const char* trigger :
       {"00000000000000000000.log", "00000000000000000000.index", "00000000000000000000.timeindex",
        "00000000000000000004.log", "00000000000000000004.index", "00000000000000000004.timeindex",
        "00000000000000000009.log", "00000000000000000010.log", "00000000000000000010.index"}) {
    LogBuilder log = LogBuilder::from_notation(
        "{0} [a=1 b=1] [a=2@90 c=1@80] {4} [e=1@96 c=~@96] [d=1@96 d=2@96 d=~@96] {9} f=1@97 {10} z=1@99");
    log.options({.index_interval_bytes = 0});
    CompactingFileSystem files(log.path(), trigger);
    const CollectedReport report = verify_folder(log.path(), files);
    CAPTURE(trigger);
    CHECK(files.done());
    CHECK(clean(report));
  }
}

TEST_CASE("a file that vanishes once is looked for again") {
  SmallLog log;
  std::size_t operations = 0;
  {
    FaultyFileSystem files(posix_file_system(), FaultyFileSystem::Counted::everything);
    CHECK(clean(verify_folder(log.path(), files)));
    operations = files.operation_count();
  }
  std::size_t survived = 0;
  for (std::size_t i = 0; i < operations; ++i) {
    FaultyFileSystem files(posix_file_system(), FaultyFileSystem::Counted::everything);
    files.fail_at(i, ENOENT);
    CAPTURE(i);
    try {
      const CollectedReport report = verify_folder(log.path(), files);
      CHECK(report.text() == "");
      ++survived;
    } catch (const IoError& error) {
      CHECK(error.missing());
    }
  }
  CHECK(survived > operations / 2);
}

TEST_CASE("what a real broker left is sound" *
          doctest::description("cluster-a and the rounds of compaction")) {
  for (const char* root : {"cluster-a", "compaction/0-before", "compaction/1-first-round",
                           "compaction/2-second-round", "compaction/3-third-round"}) {
    CollectedReport report;
    verify_log_dir(posix_file_system(), kBroker / root, report);
    CAPTURE(root);
    std::string defects;
    for (const LocatedDefect& each : report.defects)
      defects += each.file.string() + ": " + describe(each.defect) + "\n";
    CHECK(defects == "");
    CHECK(report.counts().batches > 100);
    CHECK(report.counts().segments > 20);
  }
}

TEST_CASE("of what a killed broker left, only what was damaged on purpose is a defect") {
  CollectedReport report;
  verify_log_dir(posix_file_system(), kBroker / "unclean/torn", report);
  CHECK(only_defect(report, DefectCode::crc_mismatch, "00000000000000000190.log", 430));
  const auto noted = [&](std::string_view text) {
    return std::count_if(report.notes.begin(), report.notes.end(),
                         [&](const std::string& note) { return note.find(text) != std::string::npos; });
  };
  CHECK(noted("torn_tail: expected 409 bytes, found 389 bytes") == 1);  // torn-0
  CHECK(noted("torn_tail: expected a batch, found zeros to the end") ==
        2);  // whole-0, and a preallocated segment
  CHECK(noted("no .kafka_cleanshutdown") == 1);
  CHECK(noted("has had an open transaction since offset 240") == 1);
  CHECK(noted("-delete: left out") == 1);
  CHECK(noted("a left-over") == 6);
  CHECK(noted("zeros behind the entries") > 10);
}

TEST_CASE("a transaction index is read again only if something was appended to it") {
  LogBuilder log = LogBuilder::from_notation("{0} T7[a=1] A7 T8[a=1] A8 T9[a=1] A9 !7,0,1,2");
  FaultyFileSystem files(posix_file_system(), FaultyFileSystem::Counted::everything);
  const CollectedReport report = verify_folder(log.path(), files);
  CHECK(report.defects.size() == 2);  // of producers 8 and 9
  const Path index = log.file(SegmentFileKind::transaction_index, 0);
  CHECK(std::count(files.journal().begin(), files.journal().end(), "open " + index.string()) == 1);
}

}  // namespace
}  // namespace kseg
