#include "lib/segment_groups.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <limits>
#include <string>

namespace kseg {
namespace {

// "(0 10)(20)": the base offsets of the segments of each group.
std::string groups(const std::vector<SegmentSizes>& segments, std::int64_t first_uncleanable,
                   GroupLimits limits = {}) {
  std::string text;
  for (const SegmentGroup& group : group_segments(segments, Offset{first_uncleanable}, limits)) {
    text += "(";
    for (std::size_t i = group.first; i <= group.last; ++i) {
      text += fmt::format("{}{}", i == group.first ? "" : " ", segments[i].base_offset);
    }
    text += ")";
  }
  return text;
}

SegmentSizes segment(std::int64_t base, std::uint64_t log_bytes, std::uint64_t index = 0,
                     std::uint64_t time_index = 0) {
  return {.base_offset = {base},
          .log_bytes = log_bytes,
          .offset_index_bytes = index,
          .time_index_bytes = time_index};
}

// compaction-cases.md H1 to H13.
TEST_CASE("segments are merged while their logs fit") {
  CHECK(groups({segment(0, 30), segment(10, 30), segment(20, 30), segment(30, 30)}, 40,
               {.segment_bytes = 60}) == "(0 10)(20 30)");
  CHECK(groups({segment(0, 30), segment(10, 40)}, 40, {.segment_bytes = 60}) == "(0)(10)");
  CHECK(groups({segment(0, 100), segment(10, 10), segment(20, 10)}, 40, {.segment_bytes = 60}) ==
        "(0)(10 20)");
  CHECK(groups({segment(0, 30), segment(10, 30)}, 40, {.segment_bytes = 60}) == "(0 10)");
  CHECK(groups({segment(0, 0), segment(1, 0), segment(2, 70)}, 3, {.segment_bytes = 60}) == "(0 1)(2)");
}

TEST_CASE("offset index and time index each have a sum of their own") {
  CHECK(groups({segment(0, 1, 8), segment(10, 1, 8), segment(20, 1, 8)}, 30, {.segment_index_bytes = 16}) ==
        "(0 10)(20)");
  CHECK(groups({segment(0, 1, 0, 12), segment(10, 1, 0, 12)}, 30, {.segment_index_bytes = 16}) == "(0)(10)");
}

TEST_CASE("offsets of a group fit into 31 bits, judged by where the next segment begins") {
  CHECK(groups({segment(0, 1), segment(1000, 1), segment(2147483648, 1)}, 2147483700) ==
        "(0 1000)(2147483648)");
  CHECK(groups({segment(0, 1), segment(1000, 1), segment(2147483649, 1)}, 2147483700) ==
        "(0)(1000 2147483649)");
  CHECK(groups({segment(0, 1), segment(1000, 1)}, 2147483648) == "(0 1000)");
  CHECK(groups({segment(0, 1), segment(1000, 1)}, 2147483649) == "(0)(1000)");
}

TEST_CASE("an empty segment passes the rule about offsets, not that about bytes") {
  CHECK(groups({segment(0, 1), segment(3000000000, 0)}, 3000000001) == "(0 3000000000)");
  CHECK(groups({segment(0, 70), segment(1, 70), segment(2, 0), segment(3, 70)}, 4, {.segment_bytes = 14}) ==
        "(0)(1)(2)(3)");
}

TEST_CASE("no segments, no groups") {
  CHECK(groups({}, 0) == "");
}

}  // namespace
}  // namespace kseg
