// Starts a real broker on log directories that kseg has compacted and appended to:
//
//   kseg_broker_round [--seed S] [--altered | --repaired] KSEG LOG_DIR…
//
// Each LOG_DIR is copied, and its compacted partitions are compacted by KSEG. Half of all partitions are then
// replaced by what `KSEG append` makes of their dump, others get new records. A broker then starts on the
// copy; what it serves, to Kafka's own consumer and to kcat, is compared with what `KSEG dump` tells. Its own
// cleaner runs over it, what it serves is compared again, and after it has stopped KSEG reads the result.
// Status 0 if all agree and the broker had nothing to complain of, 1 else. S (default: random) decides which
// offsets and times are asked for.
//
// With --repaired the copy is damaged, and repaired by KSEG, before the broker starts.
//
// With --altered the copy is damaged before the broker starts; status 0 if all of it is noticed. It knows
// one LOG_DIR, tests/data/broker/compaction/1-first-round.
//
// To be started with tests/kafka/run, which brings a real Kafka.
#include <fmt/format.h>

#include <exception>
#include <random>

#include "tests/broker_round/round.h"

namespace kseg {
namespace {

constexpr int kQuestions = 50;

int run(const std::vector<std::string>& arguments) {
  RoundOptions options{.questions = {.seed = std::random_device()(), .count = kQuestions}};
  bool altered = false;
  bool repaired = false;
  std::vector<Path> paths;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    if (arguments[i] == "--altered") {
      altered = true;
    } else if (arguments[i] == "--repaired") {
      repaired = true;
    } else if (arguments[i] == "--seed" && i + 1 < arguments.size()) {
      options.questions.seed = std::stoull(arguments[++i]);
    } else {
      paths.emplace_back(arguments[i]);
    }
  }
  if (paths.size() < 2) {
    fmt::print(stderr, "usage: kseg_broker_round [--seed S] [--altered | --repaired] KSEG LOG_DIR...\n");
    return 2;
  }
  options.kseg = paths.front();
  Findings findings;
  std::size_t wrong = 0;
  for (std::size_t i = 1; i < paths.size(); ++i) {
    options.log_dir = paths[i];
    if (altered)
      wrong += unnoticed_alterations(options, findings).size();
    else if (repaired)
      run_repaired_round(options, findings);
    else
      run_round(options, findings);
  }
  if (!altered) wrong = findings.texts().size();
  fmt::print("{}\n", wrong == 0 ? "all is well" : fmt::format("{} things are wrong", wrong));
  return wrong == 0 ? 0 : 1;
}

}  // namespace
}  // namespace kseg

int main(int argc, char** argv) {
  std::setvbuf(stdout, nullptr, _IOLBF, 0);
  try {
    return kseg::run({argv + 1, argv + argc});
  } catch (const std::exception& error) {
    fmt::print("  WRONG: {}\n", error.what());
    return 1;
  }
}
