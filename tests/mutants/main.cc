// Whether the recorded rounds of a real Kafka notice that a rule of the cleaner is broken:
//
//   kseg_mutants [NAME...]
//
// makes the rounds of tests/data/cases again with each mutant, or those of these names, until one does
// not come out as it should: other files, file times or checkpoint, a refusal, none, an exception.
// Prints a line a mutant. Status 0 if the whole library makes every round as it should and each mutant is
// noticed, but for those of which the table says why none can; 1 else.
#include <fmt/format.h>

#include <algorithm>
#include <exception>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tests/mutants/mutants.h"
#include "tests/support/faulty_file_system.h"
#include "tests/support/repeated_round.h"

namespace kseg {
namespace {

struct Round {
  RecordedRound recorded;
  ExpectedOutcome expected;
};

std::vector<Round> read_rounds() {
  std::vector<Round> rounds;
  for (const char* file : {"cases.jsonl", "random.jsonl"}) {
    for (RecordedRound& recorded : recorded_rounds(file)) {
      ExpectedOutcome expected = expected_outcome(recorded);
      if (expected.kind == ExpectedOutcome::Kind::skipped) continue;
      rounds.push_back({.recorded = std::move(recorded), .expected = std::move(expected)});
    }
  }
  return rounds;
}

// Only the cleaner is broken, not what compares.
std::string repeat(const Round& round, int mutant) {
  try {
    return repeat_round(round.recorded, round.expected, [&](const CompactionRequest& request) {
      FaultyFileSystem files(posix_file_system());
      files.skip_syncs();
      const ChosenMutant chosen(mutant);
      return compact(files, request);
    });
  } catch (const std::exception& error) {
    return fmt::format("exception: {}", error.what());
  }
}

struct Notice {
  std::string round;
  std::string what;
};

std::optional<Notice> first_notice(const std::vector<Round>& rounds, int mutant) {
  for (const Round& round : rounds) {
    std::string what = repeat(round, mutant);
    if (!what.empty()) return Notice{.round = round.recorded.id, .what = std::move(what)};
  }
  return std::nullopt;
}

int run(const std::vector<std::string_view>& names) {
  const std::vector<Round> rounds = read_rounds();
  if (const auto notice = first_notice(rounds, 0)) {
    fmt::print("the whole library differs in round {}: {}\n", notice->round, notice->what);
    return 1;
  }
  int tried = 0;
  int noticed = 0;
  int wrong = 0;
  for (std::size_t i = 0; i < mutants().size(); ++i) {
    const Mutant& mutant = mutants()[i];
    if (!names.empty() && std::find(names.begin(), names.end(), mutant.name) == names.end()) continue;
    const auto notice = first_notice(rounds, static_cast<int>(i) + 1);
    const std::string_view unseen = mutant.unseen;
    ++tried;
    noticed += notice ? 1 : 0;
    wrong += notice.has_value() == unseen.empty() ? 0 : 1;
    fmt::print("{:<48}  {:<80}  {}{}\n", mutant.name, mutant.rule,
               notice           ? fmt::format("{}: {}", notice->round, notice->what)
               : unseen.empty() ? "NOT NOTICED"
                                : fmt::format("not noticed: {}", unseen),
               notice && !unseen.empty() ? " (NOTICED BY NOW: no longer unseen)" : "");
  }
  fmt::print("{} of {} mutants noticed by one of {} rounds; of {} the table says why not\n", noticed, tried,
             rounds.size(), tried - noticed - wrong);
  return tried > 0 && wrong == 0 ? 0 : 1;
}

}  // namespace
}  // namespace kseg

int main(int argc, char** argv) {
  try {
    return kseg::run({argv + 1, argv + argc});
  } catch (const std::exception& error) {
    fmt::print(stderr, "kseg_mutants: {}\n", error.what());
    return 1;
  }
}
