#include "lib/fit_order.h"

#include <doctest/doctest.h>

namespace kseg {
namespace {

using Order = std::vector<std::size_t>;

TEST_CASE("what frees most for the least scratch space goes first") {
  const FitOrder order = fit_order({{{100, 100}}, {{10, 90}}, {{50, 60}}}, 1000);
  CHECK(order.partitions == Order{1, 2, 0});
  CHECK(order.freed_bytes == 250);
  CHECK(order.scratch_bytes == 100);
  CHECK(order.least_scratch_bytes == 10);
  CHECK(order.most_scratch_bytes == 100);
}

TEST_CASE("what is freed lets greater ones fit") {
  const FitOrder order = fit_order({{{100, 500}}, {{10, 95}}}, 20);
  CHECK(order.partitions == Order{1, 0});
  CHECK(order.freed_bytes == 595);
}

TEST_CASE("groups of a partition keep their order, so a great one in front is in the way") {
  const FitOrder order = fit_order({{{100, 0}, {1, 500}}, {{10, 5}}}, 20);
  CHECK(order.partitions == Order{1});
  CHECK(order.freed_bytes == 5);
}

TEST_CASE("a partition stops at what does not fit and goes on when there is room") {
  const FitOrder order = fit_order({{{5, 50}, {70, 100}}, {{20, 21}}}, 10);
  CHECK(order.partitions == Order{0, 1});
  CHECK(order.freed_bytes == 171);
}

TEST_CASE("nothing fits, or there is nothing") {
  const FitOrder none = fit_order({{{100, 90}}, {{60, 10}}}, 59);
  CHECK(none.partitions.empty());
  CHECK(none.freed_bytes == 0);
  CHECK(none.least_scratch_bytes == 60);
  CHECK(fit_order({}, 10).most_scratch_bytes == 0);
}

TEST_CASE("a group that grows takes from what others have") {
  const FitOrder order = fit_order({{{10, -8}, {5, 100}}}, 12);
  CHECK(order.freed_bytes == 0);  // the second would need 5 of the 4 that are left
}

}  // namespace
}  // namespace kseg
