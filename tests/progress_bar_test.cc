#include "cli/progress_bar.h"

#include <doctest/doctest.h>

#include "cli/size_argument.h"

namespace kseg {
namespace {

constexpr std::uint64_t kMiB = std::uint64_t{1} << 20;

TEST_CASE("a progress line has a bar, the bytes, the rate, the time left and what is in hand") {
  CHECK(progress_line({.bytes = 25 * kMiB,
                       .expected_bytes = static_cast<std::int64_t>(100 * kMiB),
                       .seconds = 5,
                       .in_hand = {"orders-3"}}) ==
        "[#####               ]  25 %  25.0 MiB of 100.0 MiB  5.0 MiB/s  15 s left  orders-3");
}

TEST_CASE("of many partitions in hand the first are named") {
  const std::string line =
      progress_line({.bytes = 1, .expected_bytes = 2, .seconds = 0, .in_hand = {"a-0", "b-0", "c-0", "d-0"}});
  CHECK(line == "[##########          ]  50 %  1 B of 2 B  a-0, b-0 and 2 more");
}

TEST_CASE("more work than was expected is no more than all of it") {
  CHECK(progress_line({.bytes = 3 * kMiB, .expected_bytes = 1, .seconds = 1}) ==
        "[####################] 100 %  3.0 MiB of 3.0 MiB  3.0 MiB/s  0 ms left");
}

TEST_CASE("sizes have units of a thousand or of 1024") {
  CHECK(parse_size_bytes("4096") == 4096);
  CHECK(parse_size_bytes("18446744073709551615") == 18446744073709551615u);
  CHECK(parse_size_bytes("64KiB") == 65536);
  CHECK(parse_size_bytes("1.5GiB") == 3u << 29);
  CHECK(parse_size_bytes("10MB") == 10'000'000);
  for (const char* wrong : {"", "-1", "1.5", "KiB", "1 KiB", "1kib", "99999999999TiB", "nan", "1e3"}) {
    CAPTURE(wrong);
    CHECK_FALSE(parse_size_bytes(wrong));
  }
  CHECK(format_size_bytes(1023) == "1023 B");
  CHECK(format_size_bytes(1536) == "1.5 KiB");
  CHECK(format_size_bytes(5 * kMiB) == "5.0 MiB");
}

}  // namespace
}  // namespace kseg
