#include "formats/checkpoint_file.h"

#include <doctest/doctest.h>

#include "tests/support/broker_cases.h"
#include "tests/support/page_example.h"

namespace kseg {
namespace {

// "t-0=3 u-1=9", as the cases write it: what counts for each partition, or "error".
std::string summary(std::string_view text) {
  const auto entries = decode_offset_checkpoint(as_bytes(text));
  if (!entries) return "error";
  std::map<std::string, std::int64_t> offsets;
  for (const PartitionOffset& entry : *entries) {
    offsets[to_string(entry.partition)] = find(*entries, entry.partition)->value;
  }
  std::string line;
  for (const auto& [partition, offset] : offsets) {
    line += (line.empty() ? "" : " ") + partition + "=" + std::to_string(offset);
  }
  return line;
}

Defect defect_of(std::string_view text) {
  return decode_offset_checkpoint(as_bytes(text)).error();
}

}  // namespace

TEST_CASE("the root checkpoint in formats/checkpoint_file.md decodes and encodes again") {
  const std::string text = page_example("checkpoint_file.md", 1);
  const auto entries = decode_offset_checkpoint(as_bytes(text));
  REQUIRE(entries);
  CHECK(*entries == std::vector<PartitionOffset>{{{"orders", 0}, {45}}, {{"a.b-c", 12}, {0}}});
  CHECK(encode_offset_checkpoint(*entries) == text);
}

TEST_CASE("the leader epochs in formats/checkpoint_file.md decode and encode again") {
  const std::string text = page_example("checkpoint_file.md", 2);
  const auto entries = decode_leader_epoch_checkpoint(as_bytes(text));
  REQUIRE(entries);
  CHECK(*entries == std::vector<EpochEntry>{{0, {0}}, {2, {1180}}});
  CHECK(encode_leader_epoch_checkpoint(*entries) == text);
}

TEST_CASE("Kafka and we read and write the same checkpoints (compaction-cases L)") {
  int read = 0;
  int written = 0;
  for (const auto& one : broker_cases("checkpoint")) {
    CAPTURE(one["id"].get<std::string>());
    const std::string got = one["got"].get<std::string>();
    if (one["given"].contains("read")) {
      CHECK(summary(one["given"]["read"].get<std::string>()) == got);
      ++read;
    } else {
      // Given as "{t-0=5}".
      const std::string given = one["given"]["write"].get<std::string>();
      const std::size_t equals = given.find('=');
      const auto folder = parse_partition_folder_name(given.substr(1, equals - 1));
      REQUIRE(folder);
      const PartitionOffset entry{.partition = folder->partition,
                                  .offset = {std::stoll(given.substr(equals + 1))}};
      CHECK(encode_offset_checkpoint({entry}) == got);
      ++written;
    }
  }
  CHECK(read == 11);
  CHECK(written == 2);
}

TEST_CASE("an empty file and a version line alone hold no entries") {
  CHECK(decode_offset_checkpoint(as_bytes(""))->empty());
  CHECK(decode_offset_checkpoint(as_bytes("0"))->empty());
  CHECK(decode_offset_checkpoint(as_bytes("0\n"))->empty());
  CHECK(decode_leader_epoch_checkpoint(as_bytes("0\n0\n"))->empty());
  CHECK(encode_offset_checkpoint({}) == "0\n0\n");
}

TEST_CASE("lines may end in CR or CR LF, fields in any blanks") {
  CHECK(summary("0\r\n2\r\nt 0 3\r\nu 1 9\r\n") == "t-0=3 u-1=9");
  CHECK(summary("0\r2\rt 0 3\ru 1 9") == "t-0=3 u-1=9");
  CHECK(summary("0\n1\nt\t0 \f 3 \n") == "t-0=3");
  CHECK(summary("+0\n01\nt -1 -3\n") == "t--1=-3");
}

TEST_CASE("a line that is no entry is bad text at that line") {
  for (const char* line : {"", " ", "t 0", "t 0 3 4", " t 0 3", "t x 3", "t 0 3x", "t 2147483648 3",
                           "t 0 9223372036854775808", "t\xff 0 3", "t 0 - 3"}) {
    CAPTURE(line);
    const Defect defect = defect_of(std::string("0\n2\nu 1 9\n") + line + "\n");
    CHECK(defect.code == DefectCode::bad_text);
    CHECK(defect.position == Position{10});
  }
}

TEST_CASE("another version is unknown, something else as version is bad text") {
  CHECK(defect_of("1\n1\nt 0 3\n").code == DefectCode::unknown_version);
  CHECK(defect_of("-1").code == DefectCode::unknown_version);
  CHECK(defect_of("\n1\nt 0 3\n").code == DefectCode::bad_text);
  CHECK(defect_of("v0\n1\nt 0 3\n").code == DefectCode::bad_text);
  CHECK(defect_of(" 0\n1\nt 0 3\n").position == Position{0});
}

TEST_CASE("a count that is not that of the entries is bad text at the count") {
  for (const char* text :
       {"0\n2\nt 0 3\n", "0\n0\nt 0 3\n", "0\n-1\n", "0\nx\nt 0 3\n", "0\n\n", "0\n2147483647\n"}) {
    CAPTURE(text);
    CHECK(defect_of(text).code == DefectCode::bad_text);
    CHECK(defect_of(text).position == Position{2});
  }
}

TEST_CASE("leader epochs want two numbers a line") {
  for (const char* line : {"0", "0 0 0", "t 0", " 0 0", "0 x", "2147483648 0", ""}) {
    CAPTURE(line);
    const auto decoded = decode_leader_epoch_checkpoint(as_bytes(std::string("0\n1\n") + line + "\n"));
    REQUIRE_FALSE(decoded);
    CHECK(decoded.error().code == DefectCode::bad_text);
    CHECK(decoded.error().position == Position{4});
  }
}

TEST_CASE("a partition without an entry is not found") {
  const std::vector<PartitionOffset> entries{{{"t", 0}, {3}}, {{"t", 1}, {7}}, {{"t", 0}, {4}}};
  CHECK(find(entries, {"t", 0}) == Offset{4});
  CHECK(find(entries, {"t", 1}) == Offset{7});
  CHECK_FALSE(find(entries, {"t", 2}));
  CHECK_FALSE(find(entries, {"u", 0}));
}

}  // namespace kseg
