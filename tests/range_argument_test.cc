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

TEST_CASE("a range of times takes either form of time, and either side may be missing") {
  CHECK(parse_time_range("1000..2000") == TimeRange{1000, 2000});
  CHECK(parse_time_range("1970-01-01T00:00:01.500Z..1970-01-02") == TimeRange{1500, 86'400'000});
  CHECK(parse_time_range("-1..") == TimeRange{.begin_ms = -1});
  CHECK(parse_time_range("..5") == TimeRange{.end_ms = 5});
  CHECK(parse_time_range("..") == TimeRange{});
  CHECK_FALSE(parse_time_range("1000"));
  CHECK_FALSE(parse_time_range("2000..1000"));
  CHECK_FALSE(parse_time_range("yesterday.."));
  CHECK_FALSE(parse_time_range(""));
}

}  // namespace
}  // namespace kseg
