// What `kseg verify` says, and its status.
#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "cli/verify.h"
#include "tests/support/log_builder.h"
#include "tests/support/notation.h"

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

struct Answer {
  ExitStatus status = ExitStatus::system;
  std::string out;
  std::string err;
};

Answer run(VerifyOptions options) {
  Answer answer;
  TextSink out;
  TextSink err;
  {
    Output output(options.output.format, out, err);
    answer.status = run_verify(options, output);
    output.finish();
  }
  answer.out = out.text;
  answer.err = err.text;
  return answer;
}

TEST_CASE("verify counts what it has read, and status 0 says that it is sound") {
  LogBuilder log = LogBuilder::from_notation("{0} [a=1 b=1] c=1");
  const Answer answer = run({.targets = {log.path().string()}});
  CHECK(answer.status == ExitStatus::done);
  CHECK(answer.out == "0 defects in 2 batches, 3 records\n");
  CHECK(answer.err == "");
}

TEST_CASE("verify goes on after a damaged batch and says so in its status") {
  LogBuilder log;
  log.segment(100).batch({{"k1", "v1"}, {"k2", "v2"}}).batch({{"k3", "v3"}}).batch({{"k4", "v4"}});
  log.flip_byte(/*batch=*/1, /*offset_in_batch=*/70);
  const Answer answer = run({.targets = {log.path().string()}});
  CHECK(answer.status == ExitStatus::no);
  CHECK(answer.out == "1 defect in 3 batches, 4 records\n");
  const std::string place =
      log.file(SegmentFileKind::log, 100).string() +
      fmt::format(": position {}, offset 102: crc_mismatch: expected ", log.position_of(1));
  CHECK(answer.err.substr(0, place.size()) == place);
}

TEST_CASE("a warning does not change the status") {
  LogBuilder log = LogBuilder::from_notation("{0} a=1 {1} b=1");
  const Path index = log.file(SegmentFileKind::offset_index, 0);
  std::filesystem::remove(index);
  const Answer answer = run({.targets = {log.path().string()}});
  CHECK(answer.status == ExitStatus::done);
  CHECK(answer.out == "0 defects, 1 warning in 2 batches, 2 records\n");
  CHECK(answer.err.find(index.string() + ": warning: position 0: missing_file") == 0);
}

TEST_CASE("in jsonl each thing told is an object, and the summary comes last") {
  LogBuilder log = LogBuilder::from_notation("{0} a=1 b=1 {2} c=1");
  log.flip_byte(1, 69);
  const Answer answer = run({.targets = {log.path().string()}, .output = {.format = Format::jsonl}});
  CHECK(answer.status == ExitStatus::no);
  std::vector<nlohmann::json> lines;
  std::size_t begin = 0;
  for (std::size_t end; (end = answer.out.find('\n', begin)) != std::string::npos; begin = end + 1) {
    lines.push_back(nlohmann::json::parse(answer.out.substr(begin, end - begin)));
  }
  REQUIRE(lines.size() == 2);
  CHECK(lines[0].at("type") == "defect");
  CHECK(lines[0].at("code") == "crc_mismatch");
  CHECK(lines[0].at("offset") == 1);
  CHECK(lines[1].at("type") == "summary");
  CHECK(lines[1].at("ok") == false);
  CHECK(lines[1].at("defects") == 1);
  CHECK(lines[1].at("batches") == 3);
}

TEST_CASE("a compaction is compared with its original") {
  LogBuilder original = LogBuilder::from_notation("{0} [a=1 b=1] a=2 {3} z=1");
  LogBuilder cleaned = LogBuilder::from_notation("{0} [. b=1] a=2 {3} z=1");
  LogBuilder lossy = LogBuilder::from_notation("{0} 2:a=2 {3} z=1");
  const auto against = [&](LogBuilder& log, std::uint64_t limit = 20) {
    return run({.targets = {log.path().string()}, .against = original.path().string(), .limit = limit});
  };
  const Answer sound = against(cleaned);
  CHECK(sound.status == ExitStatus::done);
  CHECK(sound.out == "0 defects in 3 batches, 3 records\n0 differences: 3 of 4 records left, 3 keys\n");
  const Answer lost = against(lossy);
  CHECK(lost.status == ExitStatus::no);
  CHECK(lost.err == lossy.path().string() +
                        ": offset 1: last_value_gone: expected the last record of its key, found none\n");
  CHECK(lost.out.find("1 difference: 2 of 4 records left") != std::string::npos);
  CHECK(against(lossy, 0).err == "");
  CHECK(against(lossy, 0).status == ExitStatus::no);
}

TEST_CASE("what verify cannot be asked is a usage error") {
  LogBuilder log = LogBuilder::from_notation("{0} a=1");
  LogBuilder other = LogBuilder::from_notation("{0} a=1");
  const std::string file = log.file(SegmentFileKind::log, 0).string();
  CHECK(run({.targets = {file}, .against = other.path().string()}).status == ExitStatus::usage);
  CHECK(
      run({.targets = {log.path().string(), log.path().string()}, .against = other.path().string()}).status ==
      ExitStatus::usage);
  write_whole_file(log.path() / "notes.txt", {});
  CHECK(run({.targets = {(log.path() / "notes.txt").string()}}).status == ExitStatus::usage);
  CHECK_THROWS_AS(run({.targets = {(log.path() / "00000000000000000007.log").string()}}), IoError);
}

}  // namespace
}  // namespace kseg
