// Kafka's own dump tool and `kseg dump --format kafka` on the same files, sound and damaged, and what
// differs:
//
//   kseg_dump_conformance [--logs N] [--seed S] [--from I] [--keep FOLDER]
//
// Case I of seed S is the same on every machine, and so are its options. Standard output must be the same to
// the byte; standard error too, but for one line of ours behind it where Kafka's tool ends with an exception,
// and only there. No file may have changed. The class path of the JVM comes in KSEG_KAFKA_CLASSPATH: see
// tests/kafka/run. Status 0: no difference, and of many cases each outcome in more than one of a hundred.
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <string>

#include "tests/dump_conformance/dump_case.h"
#include "tests/kafka_dump_run.h"
#include "tests/support/beside_kafka.h"
#include "tests/support/jvm.h"
#include "tests/support/temporary_folder.h"

namespace kseg {
namespace {

constexpr std::uint64_t kMaxShown = 5;  // differences, then it ends
const std::string kFolder = "t-0";

std::string escaped(const std::string& word) {
  std::string text;
  for (const char c : word) text += c == ' ' ? "%20" : c == '%' ? "%25" : std::string(1, c);
  return text;
}

KafkaDumpRun ask_kafka(Jvm& kafka, const std::vector<std::string>& arguments) {
  std::string line = std::filesystem::current_path().string();
  for (std::size_t i = 0; i < arguments.size(); ++i) line += fmt::format(" {}={}", i, escaped(arguments[i]));
  const std::string answer = kafka.ask(line);
  return {.out = std::string(as_text(read_whole_file("stdout"))),
          .err = std::string(as_text(read_whole_file("stderr"))),
          .ended_early = answer != "done",
          .why = answer};
}

std::string first_difference(const std::string& ours, const std::string& kafkas) {
  const auto [our, kafka] = std::mismatch(ours.begin(), ours.end(), kafkas.begin(), kafkas.end());
  const auto line_of = [](const std::string& text, std::size_t at) {
    const std::size_t begin = at == 0 ? 0 : text.rfind('\n', at - 1) + 1;
    return text.substr(begin, std::min<std::size_t>(text.find('\n', at), begin + 600) - begin);
  };
  const auto at = static_cast<std::size_t>(our - ours.begin());
  return fmt::format("byte {}:\n    kseg:  {}\n    Kafka: {}\n", at, line_of(ours, std::min(at, ours.size())),
                     line_of(kafkas, std::min(at, kafkas.size())));
}

// The JVM's heap is no part of the comparison: what a lie about a size would have needed.
bool out_of_memory(const KafkaDumpRun& ours, const KafkaDumpRun& kafkas) {
  return kafkas.why.starts_with("error OutOfMemoryError") && ours.out.starts_with(kafkas.out);
}

std::string compare(const KafkaDumpRun& ours, const KafkaDumpRun& kafkas) {
  std::string text;
  if (ours.out != kafkas.out)
    text += "  standard output differs at " + first_difference(ours.out, kafkas.out);
  if (ours.err != kafkas.err) text += "  standard error differs at " + first_difference(ours.err, kafkas.err);
  if (ours.ended_early != kafkas.ended_early || !text.empty()) {
    text += fmt::format("  kseg {}, Kafka {}\n", ours.ended_early ? "ends early: " + ours.why : "ends well",
                        kafkas.ended_early ? "ends early: " + kafkas.why : "ends well");
  }
  return text;
}

struct Tally {
  std::uint64_t well = 0;
  std::uint64_t with_findings = 0;
  std::map<std::string, std::uint64_t> exceptions;  // by class
};

int run(const BesideKafka& asked) {
  const auto& [class_path, cases, seed, from, others] = asked;
  const TemporaryFolder root;
  std::filesystem::current_path(root.path());
  ::setenv("LC_ALL", "C.UTF-8", 1);  // the tool prints in the charset of its locale
  Jvm kafka(class_path, "kseg.Dump");
  const std::vector<BrokerFolder> broker = broker_folders(KSEG_TEST_DATA);
  Tally tally;
  std::uint64_t differing = 0;
  std::uint64_t lines = 0;
  std::uint64_t done = 0;
  for (; done < cases && differing < kMaxShown; ++done) {
    const DumpCase trial = random_dump_case(seed * 1'000'003 + from + done, broker, kFolder);
    std::filesystem::remove_all(kFolder);
    write_folder(kFolder, trial.files);
    const KafkaDumpRun ours = run_kafka_dump_like(trial.arguments);
    const bool untouched = read_folder(kFolder) == trial.files;
    const KafkaDumpRun kafkas = ask_kafka(kafka, trial.arguments);  // which may make files, and cut them
    lines += static_cast<std::uint64_t>(std::count(kafkas.out.begin(), kafkas.out.end(), '\n'));
    if (kafkas.ended_early)
      ++tally.exceptions[kafkas.why.substr(0, kafkas.why.find(' ', 6))];
    else if (kafkas.err.empty())
      ++tally.well;
    else
      ++tally.with_findings;
    std::string text = out_of_memory(ours, kafkas) ? "" : compare(ours, kafkas);
    if (!untouched) text += "  kseg changed the files\n";
    if (text.empty()) continue;
    ++differing;
    fmt::print("DIFFERENCE in case {} of seed {}:\n  {}\n  damage: {}\n{}\n", from + done, seed,
               fmt::join(trial.arguments, " "), trial.damage, text);
    if (const auto keep = others.find("--keep"); keep != others.end()) {
      std::filesystem::remove_all(keep->second.front());
      write_folder(keep->second.front(), trial.files);
    }
  }
  fmt::print("{} cases, seed {}: {} ended well, {} with findings, with exceptions:", done, seed, tally.well,
             tally.with_findings);
  std::uint64_t exceptions = 0;
  for (const auto& [name, count] : tally.exceptions) {
    fmt::print(" {} {}", count, name);
    exceptions += count;
  }
  fmt::print("; {} lines; {} differences\n", lines, differing);
  const bool rare = too_rare(done, {tally.well, tally.with_findings, exceptions});
  return differing == 0 && !rare ? 0 : 1;
}

}  // namespace
}  // namespace kseg

int main(int argc, char** argv) {
  return kseg::beside_kafka(argc, argv,
                            "kseg_dump_conformance [--logs N] [--seed S] [--from I] [--keep FOLDER]",
                            {{"--keep", 1}}, kseg::run);
}
