#include "cli/output.h"

#include <doctest/doctest.h>

#include <cerrno>

#include "tests/dump_lines.h"

namespace kseg {
namespace {

const Defect kMismatch{.code = DefectCode::crc_mismatch,
                       .position = {83},
                       .offset = Offset{102},
                       .expected = "5c1f09aa",
                       .found = "77b0e3d4"};

TEST_CASE("text tells a defect as a line on the side of the notes, behind the answers before it") {
  StringSink both;
  Output output(Format::text, both, both);
  output.line().append(std::string_view("a batch"));
  output.end_line();
  output.defect("t-0/0.log", kMismatch);
  output.finish();
  CHECK(both.text ==
        "a batch\nt-0/0.log: position 83, offset 102: crc_mismatch: expected 5c1f09aa, found 77b0e3d4\n");
  CHECK(output.defects() == 1);
}

TEST_CASE("jsonl tells a defect as an object among the answers") {
  StringSink answers;
  StringSink notes;
  Output output(Format::jsonl, answers, notes);
  output.defect("t-0/0.log", kMismatch);
  output.finish();
  CHECK(answers.text == R"({"type":"defect","file":"t-0/0.log","position":83,"offset":102,)"
                        R"("code":"crc_mismatch","expected":"5c1f09aa","found":"77b0e3d4"})"
                        "\n");
  CHECK(notes.text.empty());
}

TEST_CASE("a row has the same fields in text and in JSON") {
  StringSink text;
  StringSink json;
  for (Sink* sink : {static_cast<Sink*>(&text), static_cast<Sink*>(&json)}) {
    Output output(sink == &json ? Format::jsonl : Format::text, *sink, *sink);
    output.row("thing")
        .field("offset", Offset{-5})
        .field("name", "a\"b")
        .field("sound", true)
        .field("horizon", std::optional<std::int64_t>{})
        .time("at", 1700000000000)
        .end();
    output.finish();
  }
  CHECK(json.text ==
        R"({"type":"thing","offset":-5,"name":"a\"b","sound":true,"horizon":null,"at":1700000000000})"
        "\n");
  CHECK(text.text ==
        "  offset -5          name a\"b         sound true        horizon -           "
        "at 2023-11-14T22:13:20.000Z\n");
}

TEST_CASE("what an output holds comes where another one takes it") {
  StringSink answers;
  StringSink notes;
  Output output(Format::text, answers, notes);
  Output held(Format::text);
  held.print("second");
  held.defect("t-0/0.log", kMismatch);
  held.flush();
  output.print("first");
  output.take(held);
  output.print("third");
  CHECK(held.line().size() == 0);
  CHECK(held.defects() == 1);
  const std::string large(std::size_t{1} << 20, 'x');
  held.print("{}", large);
  output.take(held);
  output.finish();
  CHECK(answers.text == "first\nsecond\nthird\n" + large + "\n");
  CHECK(notes.text.empty());
  CHECK(output.defects() == 0);
}

TEST_CASE("a full disk is an error of the system, at the latest when the output is closed") {
  StringSink sink;
  Output output(Format::text, sink, sink);
  output.line().append(std::string_view("x"));
  output.end_line();

  SUBCASE("when written") {
    sink.write_error = ENOSPC;
    CHECK_THROWS_WITH_AS(output.finish(), "standard output: cannot write: No space left on device", IoError);
  }
  SUBCASE("when closed") {
    sink.close_error = ENOSPC;
    CHECK_THROWS_WITH_AS(output.finish(), "standard output: cannot close: No space left on device", IoError);
  }
  SUBCASE("when many lines were said") {
    sink.write_error = EPIPE;
    const auto talk = [&] {
      for (int i = 0; i < 1'000'000; ++i) output.end_line();
    };
    CHECK_THROWS_AS(talk(), IoError);
  }
}

TEST_CASE("what was said before something worse came up is still written") {
  StringSink sink;
  {
    Output output(Format::text, sink, sink);
    output.line().append(std::string_view("half an answer"));
    output.end_line();
  }
  CHECK(sink.text == "half an answer\n");
}

}  // namespace
}  // namespace kseg
