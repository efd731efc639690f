// Kafka's cleaner and ours on the same random logs, and what differs:
//
//   kseg_conformance [--logs N] [--seed S] [--from I]
//   kseg_conformance --case LOG WORDS
//
// Log I of seed S is the same on every machine. Each goes through one to three rounds; the next one begins
// with what Kafka left. The first difference is shrunk and shown as tests/conformance/round_text.h has it;
// `--case` makes such a round again and shows what each leaves of it. The class path of the JVM comes in
// KSEG_KAFKA_CLASSPATH: see tests/kafka/run. Status 0: no difference, and of many logs each feature in
// more than one of a hundred.
#include <fmt/format.h>

#include <chrono>
#include <string>

#include "tests/conformance/coverage.h"
#include "tests/conformance/round_text.h"
#include "tests/conformance/shrink.h"
#include "tests/conformance/trial.h"
#include "tests/support/beside_kafka.h"
#include "tests/support/notation.h"

namespace kseg {
namespace {

constexpr std::uint64_t kEnoughForCoverage = 500;  // logs
constexpr std::uint64_t kLogsBetweenWords = 10'000;
constexpr std::uint64_t kMaxShown = 5;  // differences, then it ends
constexpr const char* kCase = "--case";

struct Tally {
  std::uint64_t rounds = 0;
  std::uint64_t cleaned = 0;
  std::uint64_t nothing_to_clean = 0;
  std::uint64_t refused = 0;
  std::uint64_t forgotten_transactions = 0;
  std::uint64_t full_indexes = 0;
};

std::string notation_of(const RandomRound& round, const Cleaned& cleaned) {
  if (cleaned.refused) return "refused: " + *cleaned.refused;
  LogModel after = log_in(cleaned);
  mark_rebuilt(round.log, after);
  return print_notation(after) + (cleaned.end ? fmt::format("  end {}", *cleaned.end) : "  nothing to clean");
}

void show(const RandomRound& round, const Cleaned& kseg, const Cleaned& kafka) {
  fmt::print("{}\nKafka: {}\nkseg:  {}\n", print_round(round), notation_of(round, kafka),
             notation_of(round, kseg));
}

class Conformance {
 public:
  Conformance(const BesideKafka& options, RealCleaner& kafka) : options_(options), trial_(kafka) {}

  int run() {
    const auto begin = std::chrono::steady_clock::now();
    std::uint64_t differing = 0;
    std::uint64_t done = 0;
    while (done < options_.logs && differing < kMaxShown) {
      if (!agree_on_log(options_.from + done)) ++differing;
      if (++done % kLogsBetweenWords == 0) fmt::print(stderr, "{} logs, {} differences\n", done, differing);
    }
    fmt::print("how many of the logs had:\n");
    coverage_.print();
    const auto rare = done < kEnoughForCoverage ? std::set<std::string_view>{} : coverage_.rare();
    for (const std::string_view feature : rare) fmt::print("too rare to mean anything: {}\n", feature);
    const std::chrono::duration<double> time = std::chrono::steady_clock::now() - begin;
    fmt::print(
        "{} logs, seed {}: {} rounds: {} cleaned alike, {} with nothing to clean, {} refused by both; ", done,
        options_.seed, tally_.rounds, tally_.cleaned, tally_.nothing_to_clean, tally_.refused);
    fmt::print("on purpose {} differ as compaction.md 5.5 says, {} where Kafka finds an index full; ",
               tally_.forgotten_transactions, tally_.full_indexes);
    fmt::print("{} differences, {} features too rare; {:.0f} s\n", differing, rare.size(), time.count());
    return differing == 0 && rare.empty() ? 0 : 1;
  }

  int run_case() {
    const auto& words = options_.others.at(kCase);
    const RandomRound round = parse_round(words[0], words[1]);
    const Cleaned kafka = trial_.by_kafka(round);
    const Cleaned kseg = trial_.by_kseg(round);
    show(round, kseg, kafka);
    const auto differs = difference(round, kseg, kafka);
    fmt::print("{}\n", differs ? differs->text : "the same");
    return differs ? 1 : 0;
  }

 private:
  bool agree_on_log(std::uint64_t number) {
    RandomLog log(options_.seed * 1'000'003 + number);
    Coverage::Log features;
    bool agree = true;
    for (int i = 0; i < log.rounds() && agree; ++i) {
      RandomRound round = log.round();
      round.round.keeps_legacy = false;  // the rules of 4.3
      round.round.end_of_round = round.round.first_uncleanable;
      const Cleaned kafka = trial_.by_kafka(round);
      const Cleaned kseg = trial_.by_kseg(round);
      features.note(round, kseg);
      agree = agree_on_round(number, i, round, kseg, kafka);
      if (kafka.refused) break;
      log.go_on(log_in(kafka), kafka.end);
    }
    coverage_.add(features);
    return agree;
  }

  bool agree_on_round(std::uint64_t number, int i, const RandomRound& round, const Cleaned& kseg,
                      const Cleaned& kafka) {
    ++tally_.rounds;
    const auto differs = difference(round, kseg, kafka);
    if (!differs) {
      ++(kafka.refused ? tally_.refused : kafka.end ? tally_.cleaned : tally_.nothing_to_clean);
      return true;
    }
    if (const auto known = departure(round, kseg, kafka)) {
      ++(*known == Departure::full_index ? tally_.full_indexes : tally_.forgotten_transactions);
      return true;
    }
    fmt::print("DIFFERENCE in round {} of log {} of seed {}: {}\nthe smallest like it:\n", i, number,
               options_.seed, differs->text);
    show_smallest(round, differs->kind);
    return false;
  }

  void show_smallest(const RandomRound& round, Difference::Kind kind) {
    const RandomRound smallest = shrink(round, [&](const RandomRound& smaller) {
      const Cleaned kafka = trial_.by_kafka(smaller);
      const Cleaned kseg = trial_.by_kseg(smaller);
      const auto differs = difference(smaller, kseg, kafka);
      return differs && differs->kind == kind && !departure(smaller, kseg, kafka);
    });
    const Cleaned kafka = trial_.by_kafka(smallest);
    const Cleaned kseg = trial_.by_kseg(smallest);
    show(smallest, kseg, kafka);
    fmt::print("{}\n", difference(smallest, kseg, kafka)->text);
    std::fflush(stdout);
  }

  const BesideKafka& options_;
  Trial trial_;
  Coverage coverage_;
  Tally tally_;
};

int run(const BesideKafka& options) {
  RealCleaner kafka(options.class_path);
  Conformance conformance(options, kafka);
  return options.others.contains(kCase) ? conformance.run_case() : conformance.run();
}

}  // namespace
}  // namespace kseg

int main(int argc, char** argv) {
  return kseg::beside_kafka(argc, argv,
                            "kseg_conformance [--logs N] [--seed S] [--from I]\n"
                            "       tests/kafka/run kseg_conformance --case LOG WORDS",
                            {{kseg::kCase, 2}}, kseg::run);
}
