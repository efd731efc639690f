#include "cli/range_argument.h"

#include <doctest/doctest.h>

namespace kseg {
namespace {

constexpr Offset kEnd{9223372036854775807};

TEST_CASE("a range of offsets is half-open and either side may be missing") {
  CHECK(parse_offset_range("100..200") == OffsetRange{{100}, {200}});
  CHECK(parse_offset_range("100..") == OffsetRange{{100}, kEnd});
  CHECK(parse_offset_range("..200") == OffsetRange{{0}, {200}});
  CHECK(parse_offset_range("..") == OffsetRange{});
  CHECK(parse_offset_range("7..7") == OffsetRange{{7}, {7}});
}

TEST_CASE("a single offset is a range of one") {
  CHECK(parse_offset_range("7") == OffsetRange{{7}, {8}});
  CHECK(parse_offset_range("0") == OffsetRange{{0}, {1}});
}

TEST_CASE("what is no range of offsets is refused") {
  for (const char* text : {"", "a", "1...2", "1..b", "2..1", "-1..5", "-5", "+5", "1..2..3", "0x10", " 1..2",
                           "9223372036854775807", "9223372036854775808..", "1-2"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_offset_range(text).has_value());
  }
}

TEST_CASE("a count is a number of 0 or more") {
  CHECK(parse_count("0") == 0U);
  CHECK(parse_count("18446744073709551615") == 18446744073709551615U);
  for (const char* text : {"", "-1", "+1", "1k", "18446744073709551616", "1.0"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_count(text).has_value());
  }
}

}  // namespace
}  // namespace kseg
