#include "cli/key_argument.h"

#include <doctest/doctest.h>

#include "lib/file_system.h"
#include "tests/support/log_folder.h"
#include "tests/support/temporary_folder.h"

namespace kseg {
namespace {

using namespace std::string_literals;

TEST_CASE("hexadecimal keys are pairs of digits, with 0x in front or not") {
  CHECK(parse_hex("00fF") == "\x00\xff"s);
  CHECK(parse_hex("0x6b31") == "k1");
  CHECK(parse_hex("") == "");
  CHECK_FALSE(parse_hex("0"));
  CHECK_FALSE(parse_hex("0g"));
  CHECK_FALSE(parse_hex("6b 31"));
}

TEST_CASE("a line of keys is what dump --json writes for a key, or the key itself") {
  CHECK(parse_key_line("k1") == "k1");
  CHECK(parse_key_line(" k1\t") == " k1\t");
  CHECK(parse_key_line(R"("k1")") == "k1");
  CHECK(parse_key_line(R"("")") == "");
  CHECK(parse_key_line(R"("a\nb\u0000")") == "a\nb\0"s);
  CHECK(parse_key_line(R"({"base64":"AP8="})") == "\x00\xff"s);
  CHECK(parse_key_line(R"({"base64":""})") == "");
  CHECK(parse_key_line("null") == "null");
}

TEST_CASE("a key that only looks like JSON is itself") {
  for (const std::string key : {R"({"id":5})", R"("half)", R"({"base64":"AP8"})", R"({"base64":"A*8="})",
                                R"({"base64":5})", R"("a" "b")", "{", R"({"base64":"AA==AA=="})"}) {
    CHECK(parse_key_line(key) == key);
  }
}

TEST_CASE("a file of keys has one a line, empty lines count for nothing") {
  TemporaryFolder folder;
  const Path file = folder.path() / "keys";
  write_whole_file(file, as_bytes("k1\n\n\"k 2\"\n{\"base64\":\"AP8=\"}\nlast\r"));

  CHECK(read_keys(file) == std::vector<std::string>{"k1", "k 2", "\x00\xff"s, "last\r"});
  CHECK_THROWS_AS(read_keys(folder.path() / "none"), IoError);
  CHECK_THROWS_AS(read_keys(folder.path()), IoError);
}

}  // namespace
}  // namespace kseg
