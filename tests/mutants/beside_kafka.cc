// Whether random logs beside Kafka's own cleaner notice that a rule of ours is broken:
//
//   tests/kafka/run kseg_mutants_beside_kafka [LOGS [SEED]]
//
// Kafka cleans each round of each log once; then the whole library does, and every mutant that was not
// noticed yet. Prints a line a mutant. Status 0 if the whole library agrees with Kafka on every round and
// each mutant is noticed; 1 else.
#include <fmt/format.h>

#include <cstdlib>
#include <exception>
#include <string>
#include <vector>

#include "tests/conformance/round_text.h"
#include "tests/conformance/trial.h"
#include "tests/mutants/mutants.h"

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
      round.round.end_of_round = round.round.first_uncleanable;  // the rule of 4.3
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

int run(int argc, char** argv) {
  const char* class_path = std::getenv("KSEG_KAFKA_CLASSPATH");
  if (class_path == nullptr) {
    fmt::print(stderr, "usage: tests/kafka/run kseg_mutants_beside_kafka [LOGS [SEED]]\n");
    return 2;
  }
  const std::uint64_t logs = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 1000;
  const std::uint64_t seed = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 1;
  RealCleaner kafka(class_path);
  Hunt hunt(kafka);
  std::uint64_t done = 0;
  bool whole_agrees = true;
  while (whole_agrees && done < logs && !hunt.all_noticed()) {
    whole_agrees = hunt.log(done, seed * 1'000'003 + done);
    ++done;
  }
  hunt.print();
  fmt::print("{} of {} mutants noticed by {} random logs, seed {}\n", hunt.count(), mutants().size(), done,
             seed);
  return whole_agrees && hunt.all_noticed() ? 0 : 1;
}

}  // namespace
}  // namespace kseg

int main(int argc, char** argv) {
  try {
    return kseg::run(argc, argv);
  } catch (const std::exception& error) {
    fmt::print(stderr, "kseg_mutants_beside_kafka: {}\n", error.what());
    return 1;
  }
}
