// What Kafka's own dump tool printed of a broker's files (tests/data/broker/expected/dump.jsonl), byte for
// byte.
//
// A row is one run: options, the file, the exit status, what it said on standard error, and of what it
// printed the number of bytes and a digest. Of a row whose text is there too (all of them are 6 MB, so that
// only a few are) the first line that differs is shown. With KSEG_EXPECTED=FOLDER, where all texts and their
// manifest.json lie, it is shown of every row, and
//
//   KSEG_EXPECTED=FOLDER kseg_tests -ns -tc='*rows are made again*'
//
// makes the rows again.
#include <doctest/doctest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>

#include "lib/digest.h"
#include "tests/kafka_dump_run.h"
#include "tests/support/log_folder.h"
#include "tests/support/temporary_folder.h"

namespace kseg {
namespace {

const Path kBroker = KSEG_TEST_DATA "/broker";
const Path kRows = kBroker / "expected" / "dump.jsonl";
constexpr std::string_view kRecovered = "unclean/recovered";

// The broker's log directories side by side, as they were when Kafka's tool ran there. Of `recovered` only
// what differs from `torn` is kept.
class BrokerFiles {
 public:
  BrokerFiles() {
    namespace fs = std::filesystem;
    for (const auto& entry : fs::directory_iterator(kBroker)) {
      if (entry.is_directory() && entry.path().filename() != "unclean")
        fs::create_directory_symlink(entry.path(), folder_.path() / entry.path().filename());
    }
    const Path recovered = folder_.path() / kRecovered;
    fs::create_directories(recovered);
    fs::copy(kBroker / "unclean" / "torn", recovered, fs::copy_options::recursive);
    fs::copy(kBroker / kRecovered, recovered,
             fs::copy_options::recursive | fs::copy_options::overwrite_existing);
    fs::create_directory_symlink(kBroker / "unclean" / "torn", folder_.path() / "unclean" / "torn");
    fs::current_path(folder_.path());
  }
  ~BrokerFiles() { std::filesystem::current_path(before_); }

 private:
  Path before_ = std::filesystem::current_path();
  TemporaryFolder folder_;
};

Path texts() {
  const char* const folder = std::getenv("KSEG_EXPECTED");
  return folder == nullptr ? kBroker / "expected" : Path(folder);
}

// Nothing if the text is not there.
std::optional<std::string> text_of(const nlohmann::json& row) {
  std::ifstream file(texts() / row.at("expected").get<std::string>(), std::ios::binary);
  if (!file) return std::nullopt;
  return std::string{std::istreambuf_iterator<char>(file), {}};
}

std::vector<nlohmann::json> rows() {
  std::ifstream file(kRows);
  REQUIRE(file.good());
  std::vector<nlohmann::json> found;
  for (std::string line; std::getline(file, line);) found.push_back(nlohmann::json::parse(line));
  return found;
}

std::string with_folder(std::string text) {
  const std::string name = "{cwd}";
  for (std::size_t at = 0; (at = text.find(name, at)) != std::string::npos;)
    text.replace(at, name.size(), std::filesystem::current_path().native());
  return text;
}

std::string first_difference(const std::string& ours, const std::string& kafkas) {
  const auto [our, kafka] = std::mismatch(ours.begin(), ours.end(), kafkas.begin(), kafkas.end());
  const auto line = [&](const std::string& text) {
    const auto at = std::min(static_cast<std::size_t>(our - ours.begin()), text.size());
    const std::size_t begin = at == 0 ? 0 : text.rfind('\n', at - 1) + 1;
    return text.substr(begin, text.find('\n', at) - begin);
  };
  return fmt::format("\n  kseg:  {}\n  Kafka: {}", line(ours), line(kafkas));
}

// Empty if all is the same.
std::string compare(const nlohmann::json& row) {
  auto arguments = row.at("options").get<std::vector<std::string>>();
  arguments.insert(arguments.end(), {"--files", row.at("input").get<std::string>()});
  const KafkaDumpRun run = run_kafka_dump_like(arguments);

  std::string text;
  if (run.out.size() != row.at("bytes") || to_string(Digest::of(as_bytes(run.out))) != row.at("xxh3")) {
    text += fmt::format("\n  {} bytes on standard output, Kafka has {}", run.out.size(),
                        row.at("bytes").get<std::size_t>());
    if (const auto kafkas = text_of(row)) text += first_difference(run.out, *kafkas);
  }
  const bool kafka_failed = row.at("status") != 0;
  if (run.ended_early != kafka_failed)
    text += "\n  " + (kafka_failed ? "Kafka fails" : "this fails: " + run.why);
  const std::string kafkas_notes = kafka_failed ? "" : with_folder(row.value("stderr", ""));
  if (run.err != kafkas_notes) text += first_difference(run.err, kafkas_notes);
  return text.empty() ? text : fmt::format("{}:{}", fmt::join(arguments, " "), text);
}

TEST_CASE("what Kafka's tool printed of a broker's files is printed") {
  BrokerFiles files;
  struct Rows {
    int equal = 0;
    int all = 0;
  };
  std::map<std::string, Rows> kinds;  // by suffix and options
  for (const auto& row : rows()) {
    const auto input = row.at("input").get<std::string>();
    const auto options = row.at("options").get<std::vector<std::string>>();
    Rows& kind = kinds[fmt::format("{} {}", input.substr(input.rfind('.')), fmt::join(options, " "))];
    const std::string difference = compare(row);
    ++kind.all;
    kind.equal += difference.empty();
    if (!difference.empty()) FAIL_CHECK(difference);
  }
  for (const auto& [what, kind] : kinds)
    CHECK_MESSAGE(kind.equal == kind.all, what, ": ", kind.equal, " of ", kind.all, " equal");
  CHECK(kinds.size() == 25);
}

TEST_CASE("the rows are made again" * doctest::skip()) {
  BrokerFiles files;
  std::ifstream manifest(texts() / "manifest.json");
  REQUIRE(manifest.good());
  std::ofstream out(kRows);
  for (const auto& run : nlohmann::json::parse(manifest)) {
    if (!std::filesystem::exists(run.at("input").get<std::string>())) continue;
    const std::string text = text_of(run).value();
    nlohmann::ordered_json row{{"input", run.at("input")},
                               {"options", run.at("options")},
                               {"status", run.at("status")},
                               {"bytes", text.size()},
                               {"xxh3", to_string(Digest::of(as_bytes(text)))},
                               {"expected", run.at("expected")}};
    if (run.contains("stderr")) row["stderr"] = run.at("stderr");
    out << row.dump() << '\n';
  }
}

}  // namespace
}  // namespace kseg
