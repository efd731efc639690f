// Whether random logs beside Kafka's own cleaner notice that a rule of ours is broken:
//
//   tests/kafka/run kseg_mutants_beside_kafka [--logs N] [--seed S] [--from I]
//
// Kafka cleans each round of each log once; then the whole library does, and every mutant that was not
// noticed yet. Prints a line a mutant. Status 0 if the whole library agrees with Kafka on every round and
// each mutant is noticed; 1 else.
#include <fmt/format.h>

#include <exception>
#include <string>
#include <vector>

#include "tests/conformance/round_text.h"
#include "tests/conformance/trial.h"
#include "tests/mutants/mutants.h"
#include "tests/support/beside_kafka.h"

namespace kseg {
namespace {

// What differs from Kafka, or that it threw; empty if nothing does.
std::string noticed(Trial& trial, const RandomRound& round, const Cleaned& kafka, int mutant) {
  try {
    Cleaned kseg;
    {
      const ChosenMutant chosen(mutant);
      kseg = trial.by_kseg(round);
    }
    const auto differs = difference(round, kseg, kafka);
    if (!differs || departure(round, kseg, kafka)) return {};
    return differs->text;
  } catch (const std::exception& error) {
    return fmt::format("exception: {}", error.what());
  }
}

class Hunt {
 public:
  explicit Hunt(RealCleaner& kafka) : trial_(kafka), seen_(mutants().size()) {}

  // False if the whole library itself disagrees.
  bool log(std::uint64_t number, std::uint64_t seed) {
    RandomLog log(seed);
    for (int i = 0; i < log.rounds(); ++i) {
      RandomRound round = log.round();
      round.round.keeps_legacy = false;  // the rules of 4.3
      round.round.end_of_round = round.round.first_uncleanable;
      const Cleaned kafka = trial_.by_kafka(round);
      if (const std::string what = noticed(trial_, round, kafka, 0); !what.empty()) {
        fmt::print("the whole library differs: {}\n{}\n", what, print_round(round));
        return false;
      }
      for (std::size_t m = 0; m < seen_.size(); ++m) {
        if (!seen_[m].empty()) continue;
        const std::string what = noticed(trial_, round, kafka, static_cast<int>(m) + 1);
        if (!what.empty()) seen_[m] = fmt::format("log {}: {}", number, what);
      }
      if (kafka.refused) break;
      log.go_on(log_in(kafka), kafka.end);
    }
    return true;
  }

  int count() const {
    int count = 0;
    for (const std::string& what : seen_) count += what.empty() ? 0 : 1;
    return count;
  }
  bool all_noticed() const { return count() == static_cast<int>(seen_.size()); }

  void print() const {
    constexpr std::size_t kShown = 120;  // characters: lists of names are long
    for (std::size_t m = 0; m < seen_.size(); ++m) {
      const Mutant& mutant = mutants()[m];
      fmt::print("{:<48}  {:<80}  {}\n", mutant.name, mutant.rule,
                 seen_[m].empty() ? "NOT NOTICED" : seen_[m].substr(0, kShown));
    }
  }

 private:
  Trial trial_;
  std::vector<std::string> seen_;  // a mutant: by which log, and what differed
};

int run(const BesideKafka& asked) {
  RealCleaner kafka(asked.class_path);
  Hunt hunt(kafka);
  std::uint64_t done = 0;
  bool whole_agrees = true;
  while (whole_agrees && done < asked.logs && !hunt.all_noticed()) {
    whole_agrees = hunt.log(done, asked.seed * 1'000'003 + asked.from + done);
    ++done;
  }
  hunt.print();
  fmt::print("{} of {} mutants noticed by {} random logs, seed {}\n", hunt.count(), mutants().size(), done,
             asked.seed);
  return whole_agrees && hunt.all_noticed() ? 0 : 1;
}

}  // namespace
}  // namespace kseg

int main(int argc, char** argv) {
  return kseg::beside_kafka(argc, argv, "kseg_mutants_beside_kafka [--logs N] [--seed S] [--from I]", {},
                            kseg::run);
}
