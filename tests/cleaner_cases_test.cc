// Every round that a real cleaner made, made again by ours: tests/data/cases.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <map>
#include <string>

#include "tests/support/repeated_round.h"

namespace kseg {
namespace {

struct Table {
  std::map<std::string, int> rows;
  void print(const std::string& file) const {
    fmt::print("{}:\n", file);
    for (const auto& [row, count] : rows) fmt::print("  {:5}  {}\n", count, row);
  }
};

// Rounds that are alike make one row, an exception its own.
std::string row(const RecordedRound& round, const ExpectedOutcome& expected) {
  switch (expected.kind) {
    case ExpectedOutcome::Kind::as_kafka: return "agree: " + expected.text;
    case ExpectedOutcome::Kind::not_kafka:
      return fmt::format("excepted: {}: better, {}", round.id, expected.text);
    case ExpectedOutcome::Kind::refused:
      return round.error ? "refused, " + expected.text
                         : fmt::format("excepted: {}: refused, {}", round.id, expected.text);
    case ExpectedOutcome::Kind::skipped: return "skipped: " + expected.text;
  }
  return {};
}

void run_corpus(const std::string& file) {
  Table table;
  for (const RecordedRound& round : recorded_rounds(file)) {
    INFO(file, " ", round.id, ": ", round.notation_before);
    const ExpectedOutcome expected = expected_outcome(round);
    std::string unexpected;
    if (expected.kind != ExpectedOutcome::Kind::skipped) {
      unexpected = repeat_round(round, expected, [](const CompactionRequest& request) {
        return compact(posix_file_system(), request);
      });
      CHECK(unexpected == "");
    }
    ++table.rows[unexpected.empty() ? row(round, expected) : "DISAGREES: " + round.id];
  }
  table.print(file);
}

TEST_CASE("every case of the specification comes out as Kafka 4.3.1 leaves it") {
  run_corpus("cases.jsonl");
}

TEST_CASE("every random round comes out as Kafka 4.3.1 leaves it") {
  run_corpus("random.jsonl");
}

TEST_CASE("rounds that Kafka 4.4.0 ends otherwise come out as it leaves them") {
  run_corpus("rounds-4.4.jsonl");
}

TEST_CASE("rounds that Kafka 3.9.1 ends otherwise come out as it leaves them") {
  run_corpus("cases-3.9.jsonl");
  run_corpus("random-3.9.jsonl");
}

}  // namespace
}  // namespace kseg
