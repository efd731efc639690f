#include "cli/time_argument.h"

#include <doctest/doctest.h>

#include <limits>

namespace kseg {
namespace {

TEST_CASE("a number is milliseconds since 1970") {
  CHECK(parse_time_ms("0") == 0);
  CHECK(parse_time_ms("1700000000000") == 1700000000000);
  CHECK(parse_time_ms("-1") == -1);
}

TEST_CASE("a date is midnight UTC, a time of day has its zone") {
  CHECK(parse_time_ms("1970-01-01") == 0);
  CHECK(parse_time_ms("2023-11-14T22:13:20Z") == 1700000000000);
  CHECK(parse_time_ms("2023-11-14T22:13Z") == 1699999980000);
  CHECK(parse_time_ms("2023-11-14 22:13:20.250z") == 1700000000250);
  CHECK(parse_time_ms("2023-11-14T23:43:20.25+01:30") == 1700000000250);
  CHECK(parse_time_ms("2023-11-14T17:13:20.123999999-05:00") == 1700000000123);
  CHECK(parse_time_ms("1969-12-31T23:59:59.999Z") == -1);
  CHECK(parse_time_ms("2024-02-29") == 1709164800000);
}

TEST_CASE("what is no point in time is refused") {
  for (const char* text :
       {"", "now", "2023-11", "2023-11-14T22:13:20", "2023-02-29", "2023-13-01", "2023-11-14T24:00Z",
        "2023-11-14T22:60Z", "2023-11-14T22:13:60Z", "2023-11-14T22:13:20.Z", "2023-11-14T22Z", "2023-11-14Z",
        "2023-11-14T22:13:20Z ", " 2023-11-14", "2023-11-14T22:13+1:00", "2023-11-14T22:13+24:00", "1e12",
        "99999999999999999999"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_time_ms(text).has_value());
  }
}

TEST_CASE("a time is printed as it can be read again, and far ones as numbers") {
  for (const std::int64_t time_ms : {std::int64_t{0}, std::int64_t{1700000000250}, std::int64_t{-2},
                                     std::int64_t{-62135596800000}, std::int64_t{253402300799999}}) {
    CHECK(parse_time_ms(format_time_ms(time_ms)) == time_ms);
  }
  CHECK(format_time_ms(1700000000250) == "2023-11-14T22:13:20.250Z");
  CHECK(format_time_ms(-2) == "1969-12-31T23:59:59.998Z");
  CHECK(format_time_ms(-1) == "-1");
  CHECK(format_time_ms(253402300800000) == "253402300800000");
  CHECK(format_time_ms(std::numeric_limits<std::int64_t>::min()) == "-9223372036854775808");
  CHECK(format_time_ms(std::numeric_limits<std::int64_t>::max()) == "9223372036854775807");
}

TEST_CASE("a duration is a whole number with its unit, and is shown in its two largest") {
  CHECK(parse_duration_ms("7d") == 604'800'000);
  CHECK(parse_duration_ms("24h") == 86'400'000);
  CHECK(parse_duration_ms("90m") == 5'400'000);
  CHECK(parse_duration_ms("30s") == 30'000);
  CHECK(parse_duration_ms("500ms") == 500);
  for (const std::string_view text : {"", "7", "d", "-1d", "1.5h", "7 d", "7w", "9223372036854775807d"}) {
    CHECK_FALSE(parse_duration_ms(text));
  }
  CHECK(format_duration_ms(0) == "0 ms");
  CHECK(format_duration_ms(999) == "999 ms");
  CHECK(format_duration_ms(60'000) == "1 m");
  CHECK(format_duration_ms(3'600'001) == "1 h");
  CHECK(format_duration_ms(277'200'000) == "3 d 5 h");
}

}  // namespace
}  // namespace kseg
