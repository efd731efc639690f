// Kafka's loader and our recovery on the same random torn logs, and what differs:
//
//   kseg_recovery_conformance [--logs N] [--seed S] [--from I] [--keep DIR]
//
// Log I of seed S is the same on every machine. What each leaves of the first few that differ is shown, and
// kept in DIR. The class path of the JVM comes in KSEG_KAFKA_CLASSPATH: see tests/kafka/run. Status 0: no
// difference.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <string>

#include "tests/recovery_conformance/torn_log.h"
#include "tests/support/beside_kafka.h"
#include "tests/support/jvm.h"
#include "tests/support/temporary_folder.h"

namespace kseg {
namespace {

constexpr std::uint64_t kMaxShown = 5;  // differences, then it ends
constexpr const char* kKeep = "--keep";

struct Outcome {
  std::string words;  // "loaded START END RECOVERY_POINT", or why not
  bool loaded = false;
  FolderFiles files;
};

Outcome load_with_kafka(Jvm& kafka, const TornLog& torn, const Path& folder) {
  const RecoveryRequest& request = torn.request;
  Outcome outcome;
  outcome.words = kafka.ask(fmt::format(
      "{} now={} log_start={} recovery_point={} clean={} index_interval_bytes={} segment_index_bytes={} "
      "producer_expiration_ms={}",
      folder.string(), request.now_ms, request.log_start, request.recovery_point,
      request.cleanly_shut_down ? 1 : 0, request.index_interval_bytes, request.segment_index_bytes,
      request.producer_expiration_ms));
  outcome.loaded = outcome.words.starts_with("loaded ");
  outcome.files = read_folder(folder);
  return outcome;
}

Outcome recover(const TornLog& torn, const Path& folder) {
  RecoveryRequest request = torn.request;
  request.partition = folder;
  auto planned = Recovery::plan(posix_file_system(), request);
  if (const auto* refusal = std::get_if<Refusal>(&planned)) {
    std::string words = "refused " + refusal->reason;
    for (const LocatedDefect& each : refusal->defects) {
      words += fmt::format("; {}: {}", each.file.filename().string(), describe(each.defect));
    }
    return {.words = words, .loaded = false, .files = read_folder(folder)};
  }
  Recovery& recovery = *std::get_if<Recovery>(&planned);
  recovery.carry_out();
  Outcome outcome{.words = fmt::format("loaded {} {} {}", recovery.log_start(), recovery.log_end(),
                                       recovery.recovery_point()),
                  .loaded = true,
                  .files = read_folder(folder)};
  std::erase_if(outcome.files, [](const auto& entry) { return entry.first.starts_with("cut-"); });
  return outcome;
}

std::string differing_files(const FolderFiles& ours, const FolderFiles& kafka) {
  std::string text;
  for (const auto& [name, bytes] : kafka) {
    const auto found = ours.find(name);
    if (found == ours.end()) text += fmt::format("  {}: only Kafka has it, {} bytes\n", name, bytes.size());
    if (found != ours.end() && found->second != bytes) {
      text += fmt::format("  {}: {} bytes, Kafka {}\n", name, found->second.size(), bytes.size());
    }
  }
  for (const auto& [name, bytes] : ours) {
    if (!kafka.contains(name)) text += fmt::format("  {}: only kseg has it, {} bytes\n", name, bytes.size());
  }
  return text;
}

int run(const BesideKafka& options) {
  Jvm kafka(options.class_path, "kseg.Load");
  const auto keep = options.others.find(kKeep);
  const auto begin = std::chrono::steady_clock::now();
  std::uint64_t alike = 0;
  std::uint64_t changed = 0;
  std::uint64_t refused = 0;
  std::uint64_t out_of_range = 0;
  std::uint64_t out_of_order = 0;
  std::uint64_t damaged_though_clean = 0;
  std::uint64_t differing = 0;
  std::uint64_t done = 0;
  for (; done < options.logs && differing < kMaxShown; ++done) {
    const std::uint64_t number = options.from + done;
    const TornLog torn = torn_log(options.seed * 1'000'000'007 + number);
    TemporaryFolder theirs;
    TemporaryFolder ours;
    for (const TemporaryFolder* folder : {&theirs, &ours}) write_folder(folder->path() / "t-0", torn.files);
    Outcome of_kafka = load_with_kafka(kafka, torn, theirs.path() / "t-0");
    Outcome of_kseg = recover(torn, ours.path() / "t-0");
    of_kafka.files = with_sorted_snapshots(std::move(of_kafka.files));
    of_kseg.files = with_sorted_snapshots(std::move(of_kseg.files));
    const auto refused_for = [&](std::string_view reason) {
      return !of_kseg.loaded && of_kseg.words.find(reason) != std::string::npos;
    };
    std::string difference;
    if (!of_kafka.loaded && !of_kseg.loaded) {
      ++refused;
    } else if (refused_for("segment_range")) {
      ++out_of_range;  // Kafka splits the segment, or goes on until it has to write to it
    } else if (refused_for("offsets go back")) {
      ++out_of_order;
    } else if (refused_for("although the directory was shut down cleanly")) {
      ++damaged_though_clean;  // in front of where the index makes Kafka look
    } else if (of_kafka.words != of_kseg.words) {
      difference = "  the words\n";
    } else {
      difference = differing_files(of_kseg.files, of_kafka.files);
      if (difference.empty()) ++alike;
      if (difference.empty() && of_kseg.files != with_sorted_snapshots(torn.files)) ++changed;
    }
    if (difference.empty()) continue;
    ++differing;
    fmt::print("log {} of seed {}: recovery point {}, log start {}, {}\n", number, options.seed,
               torn.request.recovery_point, torn.request.log_start,
               torn.request.cleanly_shut_down ? "clean" : "unclean");
    for (const std::string& damage : torn.damages) fmt::print("  {}\n", damage);
    fmt::print("Kafka: {}\nkseg:  {}\n{}", of_kafka.words, of_kseg.words, difference);
    if (keep != options.others.end()) {
      const Path folder = Path(keep->second.front()) / fmt::format("{}-{}", options.seed, number);
      write_folder(folder / "before" / "t-0", torn.files);
      write_folder(folder / "kafka" / "t-0", of_kafka.files);
      write_folder(folder / "kseg" / "t-0", of_kseg.files);
    }
  }
  const std::chrono::duration<double> time = std::chrono::steady_clock::now() - begin;
  fmt::print("{} torn logs, seed {}: {} recovered alike, of which {} were changed; {} refused by both; ",
             done, options.seed, alike, changed, refused);
  fmt::print("on purpose by kseg alone {} out of a segment's range, {} whose offsets go back, ", out_of_range,
             out_of_order);
  fmt::print("{} with damage after a clean shutdown; {} differences; {:.0f} s\n", damaged_though_clean,
             differing, time.count());
  return differing == 0 ? 0 : 1;
}

}  // namespace
}  // namespace kseg

int main(int argc, char** argv) {
  return kseg::beside_kafka(argc, argv,
                            "kseg_recovery_conformance [--logs N] [--seed S] [--from I] [--keep DIR]",
                            {{kseg::kKeep, 1}}, kseg::run);
}
