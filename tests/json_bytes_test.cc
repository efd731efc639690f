#include "cli/json_bytes.h"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>
#include <string>

namespace kseg {
namespace {

std::string to_json(const std::optional<Bytes>& bytes) {
  fmt::memory_buffer out;
  append_json(out, bytes);
  return fmt::to_string(out);
}

std::string to_json(std::string_view text) {
  return to_json(std::optional(as_bytes(text)));
}

TEST_CASE("bytes that are UTF-8 are a JSON string, null and empty differ") {
  CHECK(to_json("order-17") == R"("order-17")");
  CHECK(to_json("ключ €😀") == R"("ключ €😀")");
  CHECK(to_json("") == R"("")");
  CHECK(to_json(std::optional<Bytes>{}) == "null");
}

TEST_CASE("JSON escapes what RFC 8259 asks for and nothing else") {
  CHECK(to_json("say \"hi\" \\ / done") == R"("say \"hi\" \\ / done")");
  CHECK(to_json("\b\f\n\r\t") == R"("\b\f\n\r\t")");
  CHECK(to_json(std::string_view("\0\x01\x1f\x7f", 4)) == "\"\\u0000\\u0001\\u001f\x7f\"");
}

TEST_CASE("bytes that are not UTF-8 are base64") {
  CHECK(to_json("\xff") == R"({"base64":"/w=="})");
  CHECK(to_json("\xff\xfe") == R"({"base64":"//4="})");
  CHECK(to_json("ab\xff") == R"({"base64":"YWL/"})");
  CHECK(to_json("ab\xff\xfe") == R"({"base64":"YWL//g=="})");
  CHECK(to_json("\xc0\x80") == R"({"base64":"wIA="})");          // an over-long NUL
  CHECK(to_json("\xed\xa0\x80") == R"({"base64":"7aCA"})");      // half of a surrogate pair
  CHECK(to_json("cut \xe2\x82") == R"({"base64":"Y3V0IOKC"})");  // the euro sign cut short
}

TEST_CASE("every byte at every place of a word comes back from a JSON parser") {
  for (int byte = 0; byte < 0x80; ++byte) {
    for (std::size_t place = 0; place < 19; ++place) {
      std::string text(19, 'x');
      text[place] = static_cast<char>(byte);
      CAPTURE(byte);
      CAPTURE(place);
      CHECK(nlohmann::json::parse(to_json(text)) == text);
    }
  }
}

TEST_CASE("text of any length comes back from a JSON parser, escapes side by side too") {
  std::string text;
  for (std::size_t size = 0; size < 70; ++size) {
    CHECK(nlohmann::json::parse(to_json(text)) == text);
    text += "a\"\\\n\x01é"[size % 7];
    if (size % 7 == 5) text += "é"[1];  // never half a character
    if (size % 7 == 6) text.pop_back();
  }
}

}  // namespace
}  // namespace kseg
