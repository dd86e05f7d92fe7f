#include "nas/space/skeleton.h"

#include <catch2/catch.hpp>

using namespace nascent::nas;

namespace {

std::vector<std::int64_t> reductions(std::int64_t layers) {
  std::vector<std::int64_t> at;
  const auto plan = plan_cells({.channels = 16, .layers = layers});
  for (std::size_t i = 0; i < plan.size(); ++i)
    if (plan[i].reduction) at.push_back(static_cast<std::int64_t>(i));
  return at;
}

}  // namespace

TEST_CASE("cells at a third and two thirds of the depth reduce") {
  using Places = std::vector<std::int64_t>;
  CHECK(reductions(20) == Places{6, 13});
  CHECK(reductions(8) == Places{2, 5});
  CHECK(reductions(5) == Places{1, 3});
  CHECK(reductions(3) == Places{1, 2});
  CHECK(reductions(2) == Places{0, 1});
  CHECK(reductions(1) == Places{0});
}

TEST_CASE("channels double where a cell reduces, and every cell sees the two before") {
  const auto plan = plan_cells({.channels = 16, .layers = 8, .stem_channels = 48});
  REQUIRE(plan.size() == 8);
  const std::int64_t channels[] = {16, 16, 32, 32, 32, 64, 64, 64};
  const std::int64_t before[] = {48, 48, 64, 64, 128, 128, 128, 256};
  const std::int64_t previous[] = {48, 64, 64, 128, 128, 128, 256, 256};
  for (std::size_t i = 0; i < 8; ++i) {
    CAPTURE(i);
    CHECK(plan[i].channels == channels[i]);
    CHECK(plan[i].before_previous == before[i]);
    CHECK(plan[i].previous == previous[i]);
    CHECK(plan[i].reduction == (i == 2 || i == 5));
    CHECK(plan[i].after_reduction == (i == 3 || i == 6));
  }
  CHECK(output_channels(plan) == 256);
}

TEST_CASE("a cell's output has as many nodes' channels as its genotype concatenates") {
  const CellOutputs outputs{.normal = 3, .reduce = 2};
  const auto plan = plan_cells({.channels = 4, .layers = 4, .stem_channels = 12}, outputs);  // N R R N
  CHECK(plan[1].previous == 12);
  CHECK(plan[2].previous == 16);
  CHECK(plan[3].before_previous == 16);
  CHECK(plan[3].previous == 32);
  CHECK(output_channels(plan, outputs) == 48);
  CHECK(output_channels(plan_cells({.channels = 4, .layers = 3}, outputs), outputs) == 32);  // ends in a reduction
}

TEST_CASE("one layer is a reduction") {
  const auto plan = plan_cells({.channels = 4, .layers = 1, .stem_channels = 12});
  REQUIRE(plan.size() == 1);
  CHECK(plan[0].channels == 8);
  CHECK(!plan[0].after_reduction);
  CHECK(output_channels(plan) == 32);
}
