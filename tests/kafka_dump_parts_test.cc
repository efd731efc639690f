// The parts of `kseg dump --format kafka` that a broker's files do not show.
#include <doctest/doctest.h>

#include "cli/java_hash_map.h"
#include "cli/kafka_file_name.h"
#include "formats/kafka_text.h"
#include "formats/legacy_message.h"
#include "formats/sequence.h"
#include "lib/kafka_index_search.h"
#include "lib/kafka_log_walk.h"
#include "lib/kafka_records.h"
#include "tests/support/log_folder.h"
#include "tests/support/notation.h"
#include "tests/support/temporary_folder.h"

namespace kseg {
namespace {

constexpr std::int32_t kGreatest = std::numeric_limits<std::int32_t>::max();

TEST_CASE("sequences wrap to 0 and back, and odd ones as in Java") {
  CHECK(increment_sequence(5, 2) == 7);
  CHECK(increment_sequence(kGreatest, 1) == 0);
  CHECK(increment_sequence(kGreatest - 1, 3) == 1);
  CHECK(increment_sequence(0, -1) == kGreatest);
  CHECK(decrement_sequence(5, 2) == 3);
  CHECK(decrement_sequence(0, 1) == kGreatest);
  CHECK(decrement_sequence(1, 3) == kGreatest - 1);
}

TEST_CASE("file names are taken apart as Java does") {
  const KafkaFileName file("a//b/./00000000000000000042.log/");
  CHECK(file.path() == "a/b/./00000000000000000042.log");
  CHECK(file.name() == "00000000000000000042.log");
  CHECK(file.suffix() == ".log");
  CHECK(file.base_offset() == Offset{42});
  CHECK(file.companion(".index") == "a/b/./00000000000000000042.index");
  CHECK(file.absolute() == std::filesystem::current_path().native() + "/a/b/./00000000000000000042.log");

  CHECK(KafkaFileName("-7.log.deleted").suffix() == ".deleted");
  CHECK(KafkaFileName("-7.log.deleted").base_offset() == Offset{-7});
  CHECK(KafkaFileName("first.log").base_offset() == std::nullopt);
  CHECK(KafkaFileName("no-dot").suffix().empty());
  CHECK(KafkaFileName("/").path() == "/");
  CHECK(KafkaFileName("").path().empty());
}

TEST_CASE("strings hash as in Java, by UTF-16 units") {
  CHECK(java_string_hash("") == 0);
  CHECK(java_string_hash("Aa") == java_string_hash("BB"));
  CHECK(java_string_hash("orders-3") == 1234322251U);
  CHECK(java_string_hash("\xf0\x9f\x98\x80") == 31U * 0xd83d + 0xde00);
}

std::vector<std::string> order_of(const JavaHashMap<int>& map) {
  std::vector<std::string> keys;
  for (const auto* entry : map.in_order()) keys.push_back(entry->key);
  return keys;
}

TEST_CASE("a bucket has its newest key first") {
  JavaHashMap<int> map;
  map["Aa"] = 1;
  map["BB"] = 2;
  map["Aa"] = 3;
  CHECK(order_of(map) == std::vector<std::string>{"BB", "Aa"});
}

TEST_CASE("the buckets become twice as many with the first look behind the thirteenth key") {
  JavaHashMap<int> map;
  for (const char key : std::string_view("abcdefghijklp")) map[std::string(1, key)];  // 'p' is 112 = 7 * 16
  CHECK(order_of(map).front() == "p");
  map["a"];
  CHECK(order_of(map).back() == "p");
  CHECK(order_of(map).front() == "a");
}

TEST_CASE("a broker finds the greatest entry that is not above, among the newest ones first") {
  const std::vector<int> keys = {3, 5, 7, 9};
  const auto slot = [&](int wanted) {
    return kafka_index_slot(keys.size(), 8, wanted, [&](std::size_t i) { return keys[i]; });
  };
  CHECK(slot(2) == std::nullopt);
  CHECK(slot(3) == 0);
  CHECK(slot(8) == 2);
  CHECK(slot(100) == 3);
  CHECK(kafka_index_slot(0, 8, 1, [](std::size_t) { return 0; }) == std::nullopt);
}

// The log's bytes, damaged or not, and a walk over them.
struct Walked {
  std::vector<std::uint64_t> positions;
  std::optional<Defect> defect;
};

Walked walk(const ByteBuffer& log, std::uint64_t window_bytes) {
  const TemporaryFolder folder;
  write_whole_file(folder.path() / "0.log", log);
  const auto file = posix_file_system().open(folder.path() / "0.log");
  FileChunk chunk(*file, 64);
  KafkaLogWalk walk(chunk, {.begin = {}, .end = {window_bytes}}, KafkaLogWalk::Payload::read);
  Walked walked;
  while (true) {
    const auto batch = walk.next();
    if (!batch) return walked.defect = batch.error(), walked;
    if (*batch == nullptr) return walked;
    walked.positions.push_back((*batch)->position.value);
  }
}

ByteBuffer bytes_of(std::string_view notation) {
  return to_files(log_of(notation)).at("00000000000000000000.log");
}

TEST_CASE("a walk goes from length to length, up to the last batch that is whole") {
  ByteBuffer log = bytes_of("{0} a=1 b=2 c=3");
  CHECK(walk(log, log.size()).positions == std::vector<std::uint64_t>{0, 70, 140});
  CHECK(walk(log, 139).positions == std::vector<std::uint64_t>{0});
  log[70 + 20] ^= 0xff;  // the crc
  CHECK(walk(log, log.size()).positions.size() == 3);

  SUBCASE("a length below 14 ends it") {
    log[70 + 11] = 13;
    const Walked walked = walk(log, log.size());
    CHECK(walked.positions == std::vector<std::uint64_t>{0});
    REQUIRE(walked.defect);
    CHECK(walked.defect->code == DefectCode::bad_length);
    CHECK(walked.defect->position == Position{78});
  }
  SUBCASE("a length beyond the window ends it without a word") {
    log[70 + 9] = 1;
    CHECK(walk(log, log.size()).positions == std::vector<std::uint64_t>{0});
    CHECK_FALSE(walk(log, log.size()).defect);
  }
}

// The offsets that come before what Kafka refuses.
std::vector<std::int64_t> offsets_of(const ByteBuffer& log, std::optional<DefectCode>& code) {
  const bool legacy = log[RecordBatchHeader::kMagicPosition] < 2;
  const RecordBatchHeader header = legacy ? read_legacy_header(log) : read_record_batch_header(log);
  KafkaRecords records;
  records.open({.header = header, .position = {}, .bytes = log});
  std::vector<std::int64_t> offsets;
  for (RecordView record; records.next(record);) offsets.push_back(record.offset.value);
  code = records.defect() ? std::optional(records.defect()->code) : std::nullopt;
  return offsets;
}

TEST_CASE("records may have any offset, but behind the last one there is nothing") {
  using Offsets = std::vector<std::int64_t>;
  std::optional<DefectCode> code;
  ByteBuffer log = bytes_of("{0} [a=1 b=2]");
  CHECK(offsets_of(log, code) == Offsets{0, 1});
  CHECK_FALSE(code);

  log[61 + 9 + 3] = 0;  // the second record's offset delta
  CHECK(offsets_of(log, code) == Offsets{0, 0});
  CHECK_FALSE(code);

  log[60] = 1;  // the count
  CHECK(offsets_of(log, code) == Offsets{});
  CHECK(code == DefectCode::record_count_mismatch);

  log[60] = 3;
  CHECK(offsets_of(log, code) == Offsets{0, 0});
  CHECK(code == DefectCode::record_count_mismatch);
}

TEST_CASE("a message's size that lies is met by who asks for what it is the size of") {
  ByteBuffer bytes;
  encode_legacy_message(
      {.magic = 1, .offset = {7}, .timestamp_ms = 5, .key = as_bytes("k"), .value = as_bytes("v")}, bytes);
  bytes[bytes.size() - 2] = 100;  // the value's size
  std::optional<DefectCode> code;
  CHECK(offsets_of(bytes, code) == std::vector<std::int64_t>{7});
  CHECK_FALSE(code);

  const KafkaMessage message(Bytes(bytes).subspan(RecordBatchHeader::kLogOverhead));
  CHECK_FALSE(message.is_valid());
  CHECK(*message.timestamp_ms() == 5);
  CHECK(as_text(**message.key()) == "k");
  CHECK(*message.value_size() == 100);
  REQUIRE_FALSE(message.value());
  CHECK(message.value().error().found == "newLimit > capacity: (100 > 1)");
}

TEST_CASE("a leader change is shown in the version that it says it is of") {
  ByteBuffer key;
  encode_control_key(ControlType::leader_change, key);
  // version, leader 1, voters [1], granting voters [2], each with a byte for tags
  ByteBuffer value = {0, 0, 0, 0, 0, 1, 2, 0, 0, 0, 1, 0, 2, 0, 0, 0, 2, 0, 0};
  const auto text = [&] {
    fmt::memory_buffer out;
    CHECK(append_kafka_control_text({.key = Bytes(key), .value = Bytes(value)}, out));
    return fmt::to_string(out);
  };
  CHECK(
      text() ==
      R"(LeaderChange: {"version":0,"leaderId":1,"voters":[{"voterId":1}],"grantingVoters":[{"voterId":2}]})");
  value[1] = 2;
  CHECK(
      text() ==
      R"(LeaderChange: {"version":2,"leaderId":1,"voters":[{"voterId":1,"voterDirectoryId":"AAAAAAAAAAAAAAAAAAAAAA"}],)"
      R"("grantingVoters":[{"voterId":2,"voterDirectoryId":"AAAAAAAAAAAAAAAAAAAAAA"}]})");
}

}  // namespace
}  // namespace kseg
