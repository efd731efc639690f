#include "formats/properties.h"

#include <doctest/doctest.h>

#include "tests/support/page_example.h"

namespace kseg {
namespace {

TEST_CASE("the file in formats/properties.md says what the page says, and where") {
  const auto properties = decode_properties(as_bytes(page_example("properties.md")));
  REQUIRE(properties);
  REQUIRE(properties->size() == 2);
  CHECK(properties->at("log.retention.hours").value == "48");
  CHECK(properties->at("log.retention.hours").line == 5);
  CHECK(properties->at("log.cleanup.policy").value == "compact,delete");
  CHECK(properties->at("log.cleanup.policy").line == 3);
}

TEST_CASE("a property's place is that of its first line, however lines end") {
  const auto properties = decode_properties(as_bytes("#\r\n\r\na = \\\r\n  1\rb=2\n\n!\nc"));
  REQUIRE(properties);
  CHECK(properties->at("a").line == 3);
  CHECK(properties->at("a").position == Position{5});
  CHECK(properties->at("b").line == 5);
  CHECK(properties->at("c").line == 8);
  CHECK(properties->at("c").value == "");
  const auto damaged = decode_properties(as_bytes("a=1\nb=\\u00x0\n"));
  REQUIRE_FALSE(damaged);
  CHECK(damaged.error().code == DefectCode::bad_text);
  CHECK(damaged.error().position == Position{4});
}

TEST_CASE("a value is read as it is written, with the blanks around it that only trimmed() takes away") {
  for (const char* value : {"", "a", "  a ", "a=b", "\u20ac", "\t\x01"}) {
    CAPTURE(value);
    const auto properties = decode_properties(as_bytes("key=" + escape_property_value(value)));
    REQUIRE(properties);
    CHECK(properties->at("key").value == value);
  }
  CHECK(trimmed(" \t 5 6\x01 ") == "5 6");
  CHECK(trimmed(" \n") == "");
}

}  // namespace
}  // namespace kseg
