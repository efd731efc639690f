#include "formats/transaction_index.h"

#include <doctest/doctest.h>

#include <random>

#include "tests/support/page_example.h"

namespace kseg {
namespace {

ByteBuffer encoded(const std::vector<AbortedTxn>& txns) {
  ByteBuffer bytes;
  for (const AbortedTxn& txn : txns) encode_aborted_txn(txn, bytes);
  return bytes;
}

// Two entries, last offsets 3 and 50.
ByteBuffer two_entries() {
  ByteBuffer bytes = hex_example("transaction_index.md", "other-open");
  append(bytes, hex_example("transaction_index.md", "alone"));
  return bytes;
}

}  // namespace

TEST_CASE("every transaction index of the page decodes and encodes to its own bytes") {
  const auto examples = hex_examples("transaction_index.md");
  REQUIRE(examples.size() == 2);
  for (const HexExample& example : examples) {
    CAPTURE(example.name);
    const auto txns = decode_transaction_index(example.bytes, {0});
    REQUIRE(txns);
    CHECK(txns->size() == 1);
    CHECK(to_hex(encoded(*txns)) == to_hex(example.bytes));
  }
}

TEST_CASE("a transaction index lists its entries in file order") {
  const auto txns = decode_transaction_index(two_entries(), {0});

  REQUIRE(txns);
  REQUIRE(txns->size() == 2);
  CHECK((*txns)[0] == AbortedTxn{7, {0}, {3}, {2}});
  CHECK((*txns)[1] == AbortedTxn{7, {42}, {50}, {51}});
}

TEST_CASE("an empty transaction index has no aborted transactions") {
  const auto txns = decode_transaction_index(Bytes{}, {0});
  REQUIRE(txns);
  CHECK(txns->empty());
}

TEST_CASE("a fragment at the end of a transaction index is ignored, a lone entry cut short is truncated") {
  const ByteBuffer bytes = two_entries();
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    CAPTURE(size);
    const auto txns = decode_transaction_index(Bytes{bytes}.first(size), {0});
    REQUIRE(txns);
    CHECK(txns->size() == size / AbortedTxn::kSize);
    if (size >= AbortedTxn::kSize) continue;
    Cursor in(Bytes{bytes}.first(size));
    const auto txn = decode_aborted_txn(in);
    REQUIRE(!txn);
    CHECK(txn.error().code == DefectCode::truncated);
  }
}

TEST_CASE("a version other than 0 is refused at its entry, in either byte") {
  for (const std::size_t byte : {34U, 35U}) {
    ByteBuffer bytes = two_entries();
    bytes[byte] = 1;
    const auto txns = decode_transaction_index(bytes, {0});
    REQUIRE(!txns);
    CHECK(txns.error().code == DefectCode::unknown_version);
    CHECK(txns.error().position == Position{34});
  }
}

TEST_CASE("last offsets of a transaction index ascend") {
  for (const int last_offset : {2, 3}) {
    ByteBuffer bytes = two_entries();
    bytes[34 + 25] = static_cast<std::uint8_t>(last_offset);
    const auto txns = decode_transaction_index(bytes, {0});
    REQUIRE(!txns);
    CHECK(txns.error().code == DefectCode::index_order);
    CHECK(txns.error().position == Position{34});
    CHECK(txns.error().offset == Offset{last_offset});
  }
}

TEST_CASE("a last offset lies in the segment, a first offset may lie before it") {
  const ByteBuffer bytes = hex_example("transaction_index.md", "alone");
  CHECK(decode_transaction_index(bytes, {50}));

  const auto txns = decode_transaction_index(bytes, {51});

  REQUIRE(!txns);
  CHECK(txns.error().code == DefectCode::index_offset);
  CHECK(txns.error().position == Position{0});
}

TEST_CASE("garbage in a transaction index is a defect or encodes to itself") {
  std::mt19937 random(5);
  for (int round = 0; round < 2000; ++round) {
    ByteBuffer bytes = two_entries();
    for (int flips = 0; flips < 3; ++flips) {
      bytes[random() % bytes.size()] ^= static_cast<std::uint8_t>(1U << random() % 8);
    }
    if (const auto txns = decode_transaction_index(bytes, {0}))
      CHECK(to_hex(encoded(*txns)) == to_hex(bytes));
  }
}

}  // namespace kseg
