#include "tests/kafka_dump_run.h"

#include <CLI/CLI.hpp>

#include <algorithm>

#include "cli/dump.h"

namespace kseg {
namespace {

class TextSink : public Sink {
 public:
  int write(std::string_view bytes) override {
    text += bytes;
    return 0;
  }
  int close() override { return 0; }

  std::string text;
};

}  // namespace

KafkaDumpRun run_kafka_dump_like(const std::vector<std::string>& arguments) {
  CLI::App app;
  ChosenCommand chosen;
  add_dump_command(app, chosen);
  std::vector<std::string> words = {"dump", "--format", "kafka", "--exit-like-kafka"};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::reverse(words.begin(), words.end());  // as the parser wants them
  app.parse(words);

  TextSink out;
  TextSink err;
  KafkaDumpRun run;
  {
    Output output(chosen.format, out, err);
    try {
      run.ended_early = chosen.run(output) != ExitStatus::done;
      output.finish();
    } catch (const IoError& error) {
      run.ended_early = true;
      err.write(std::string(error.what()) + "\n");  // as main does
    }
  }
  run.out = out.text;
  run.err = err.text;
  if (run.ended_early) {
    const std::size_t last = run.err.rfind('\n', run.err.size() - 2) + 1;  // npos + 1 is 0
    run.why = run.err.substr(last);
    run.err.resize(last);
  }
  return run;
}

}  // namespace kseg
