// kseg_transcripts [--rewrite] KSEG DATA FILE-OR-FOLDER…
//
// Runs transcripts (transcript.h) with the binary KSEG and the folder DATA as data/. Status 1 if one shows
// something else than it says; --rewrite makes it say what is shown.
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>

#include "tests/support/log_folder.h"
#include "tests/transcript_runner/transcript.h"

namespace kseg {
namespace {

std::vector<Path> transcripts_in(const Path& path) {
  if (!std::filesystem::is_directory(path)) return {path};
  std::vector<Path> found;
  for (const auto& entry : std::filesystem::directory_iterator(path)) {
    if (entry.path().extension() == ".txt") found.push_back(entry.path());
  }
  std::sort(found.begin(), found.end());
  return found;
}

int run_all(const Path& kseg, const Path& data, const std::vector<Path>& files, bool rewrite) {
  int failed = 0;
  for (const Path& file : files) {
    const std::string text(as_text(read_whole_file(file)));
    const TranscriptRun run = run_transcript(file.string(), text, kseg, data);
    if (run.failures.empty()) continue;
    if (rewrite && !run.broken) {
      write_whole_file(file, as_bytes(run.text));
      fmt::print("{}: rewritten\n", file.string());
      continue;
    }
    fmt::print("{}", run.failures);
    ++failed;
  }
  fmt::print("{} transcripts, {} failed\n", files.size(), failed);
  return files.empty() || failed > 0 ? 1 : 0;
}

int main_of(std::vector<std::string> arguments) {
  const bool rewrite = !arguments.empty() && arguments.front() == "--rewrite";
  if (rewrite) arguments.erase(arguments.begin());
  if (arguments.size() < 3) {
    fmt::print(stderr, "usage: kseg_transcripts [--rewrite] KSEG DATA FILE-OR-FOLDER...\n");
    return 2;
  }
  std::vector<Path> files;
  for (std::size_t i = 2; i < arguments.size(); ++i) {
    for (Path& file : transcripts_in(arguments[i])) files.push_back(std::move(file));
  }
  return run_all(std::filesystem::absolute(arguments[0]), std::filesystem::absolute(arguments[1]), files,
                 rewrite);
}

}  // namespace
}  // namespace kseg

int main(int argc, char** argv) {
  try {
    return kseg::main_of({argv + 1, argv + argc});
  } catch (const std::exception& error) {
    fmt::print(stderr, "kseg_transcripts: {}\n", error.what());
    return 2;
  }
}
