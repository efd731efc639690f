#include "cli/line_text.h"

#include <doctest/doctest.h>

#include <limits>
#include <string>

namespace kseg {
namespace {

template <typename Number>
std::string number_text(Number number) {
  fmt::memory_buffer out;
  append_number(out, number);
  return fmt::to_string(out);
}

std::string right(std::int64_t number) {
  char text[32];
  return {text, put_number_right(text, number)};
}

TEST_CASE("numbers of every length are written as fmt writes them") {
  std::uint64_t number = 1;
  for (int digits = 1; digits <= 20; ++digits, number *= 10) {
    for (const std::uint64_t near : {number - 1, number, number + 1, number * 9 / 7, number / 3}) {
      CHECK(number_text(near) == fmt::format("{}", near));
      const auto negative = static_cast<std::int64_t>(0 - near);
      CHECK(number_text(negative) == fmt::format("{}", negative));
      CHECK(right(negative) == fmt::format("{:>10}", negative));
      CHECK(right(static_cast<std::int64_t>(near)) == fmt::format("{:>10}", static_cast<std::int64_t>(near)));
    }
  }
  CHECK(number_text(std::numeric_limits<std::int64_t>::min()) == "-9223372036854775808");
  CHECK(number_text(std::numeric_limits<std::uint64_t>::max()) == "18446744073709551615");
  CHECK(number_text(std::int8_t{-128}) == "-128");
  CHECK(number_text(std::int16_t{-1}) == "-1");
}

TEST_CASE("every number of up to six digits is written as it is") {
  for (int number = 0; number < 1'000'000; number += 1 + number / 1000) {
    if (number_text(number) != std::to_string(number)) FAIL(number);
  }
}

TEST_CASE("text of any length goes behind what a buffer holds") {
  fmt::memory_buffer out;
  std::string expected;
  for (std::size_t size = 0; size < 2000; size += 37) {
    const std::string text(size, static_cast<char>('a' + size % 26));
    append(out, text);
    append(out, ", ");
    expected += text + ", ";
  }
  CHECK(fmt::to_string(out) == expected);
  char padded[16];
  CHECK(std::string(padded, pad(padded, put(padded, "ab"), 5)) == "ab   ");
  CHECK(std::string(padded, pad(padded, put(padded, "abcdef"), 5)) == "abcdef");
}

}  // namespace
}  // namespace kseg
